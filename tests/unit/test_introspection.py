"""What tools see of the package: type hints that resolve, and names that are for users."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import licensespring_async
from licensespring_async import (
    BlockingLicenseSpring,
    License,
    LicenseFeature,
    endpoints,
    fleet,
    offline,
    sandbox,
    services,
    transport,
)
from licensespring_async.models.converter import structure
from licensespring_async.services import LicenseGate, web

from . import bodies
from .fakes import a_client


def public() -> Iterator[Any]:
    """Every function and class that is exported, and the public functions of the classes."""
    rooms = (licensespring_async, endpoints, services, web, transport, offline, fleet, sandbox)
    exported = [getattr(room, name) for room in rooms for name in room.__all__]
    for each in exported:
        if inspect.isfunction(each):
            yield each
        if isinstance(each, type):
            yield each
            for name, member in inspect.getmembers(each):
                function = member.fget if isinstance(member, property) else member
                if (not name.startswith("_") or name == "__init__") and inspect.isroutine(function):
                    is_ours = getattr(function, "__module__", None) or ""
                    if is_ours.startswith("licensespring_async"):
                        yield function


def test_type_hints_resolve() -> None:
    """Gives `typing.get_type_hints` for everything that is exported, as frameworks ask for."""
    unresolved: list[str] = []
    for each in {id(each): each for each in public()}.values():
        try:
            typing.get_type_hints(each)
        except (NameError, TypeError) as error:
            unresolved.append(f"{each.__qualname__}: {error}")
    assert unresolved == []


def test_dir_shows_what_is_for_users() -> None:
    """Lists no private name of a model, a client or a gate."""
    client = a_client()
    license = structure(bodies.license(), License)
    shown = [
        client,
        client.with_options(timeout=1),
        license,
        LicenseGate(client),
        structure(bodies.bundle("A"), licensespring_async.Bundle),
    ]
    for each in shown:
        names = dir(each)
        assert [name for name in names if name.startswith("_") and not name.endswith("__")] == []
        assert [name for name in names if name.startswith("__attrs")] == []
    assert {"is_valid", "validity_period", "to_dict", "extra"} <= set(dir(license))
    assert {"check_license", "request", "feature_lease", "from_env"} <= set(dir(client))


@pytest.mark.parametrize("client", [licensespring_async.LicenseSpring, BlockingLicenseSpring])
def test_help_shows_own_types_and_defaults(client: Any) -> None:
    """Shows what a check answers, and what every argument is when it is left out."""
    assert inspect.signature(client.check_license_feature).return_annotation is LicenseFeature
    assert "timeout: 'float' = 10.0" in str(inspect.signature(client))
