"""A program that does not await has the same session, by the blocking client."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from licensespring_async import (
    ApiKey,
    BlockingLicenseSpring,
    ConfigurationError,
    LicenseNotActive,
    LicenseNotEnoughConsumptions,
    LicenseSpring,
)
from licensespring_async.offline import LicenseStore, Uses
from licensespring_async.sandbox import Consumption, Fault, Sandbox, World
from licensespring_async.services import (
    BlockingLicenseSession,
    Grace,
    LicenseSession,
    State,
    blocking_license_session,
)

WHO: dict[str, Any] = {"product": "CAD", "hardware_id": "device-1", "license_key": "AAAA-BBBB-CCCC-DDDD"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    world = World()
    license = world.add_product("CAD").add_license(
        key=WHO["license_key"], max_activations=2, floating_users=2, consumption=Consumption(maximum=5)
    )
    license.add_feature("render", floating_users=1)
    with Sandbox(world) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[BlockingLicenseSpring]:
    auth = ApiKey(api_key=sandbox.api_key, shared_key=sandbox.shared_key)
    with BlockingLicenseSpring(auth=auth, base_url=sandbox.url, public_key=sandbox.public_key) as client:
        yield client


def test_a_session_without_await(sandbox: Sandbox, client: BlockingLicenseSpring, tmp_path: Path) -> None:
    """Opens, checks, counts and says what may be used; gives the slots back at the end."""
    store = LicenseStore(tmp_path / "license")
    with blocking_license_session(
        client,
        **WHO,
        activate=True,
        store=store,
        grace=Grace(hours=1),
        features=["render"],
    ) as license:
        assert (license.state, license.lost, license.license.max_consumptions) == (State.ONLINE, None, 5)
        assert license.allows("render")
        assert not license.allows("print")
        assert license.consume(2).left == 3
        with pytest.raises(LicenseNotEnoughConsumptions):
            license.consume(4)
        sandbox.faults.add(Fault(effect="error", status=429))
        assert license.check() is State.GRACE
        assert not license.consume(1).is_settled
        sandbox.faults.clear()
        assert license.check() is State.ONLINE
        assert license.uses() == Uses()
        license.deactivate()
        assert license.state is State.DEACTIVATED
    with pytest.raises(LicenseNotActive), blocking_license_session(client, **WHO):
        pass


def test_nothing_is_missing() -> None:
    """Has what the session has, with the same parameters."""
    for name, method in vars(LicenseSession).items():
        if not name.startswith("_"):
            ours = getattr(BlockingLicenseSession, name)
            assert (ours.__doc__ or "").splitlines()[0] == (method.__doc__ or "").splitlines()[0]
            if inspect.isfunction(method):
                assert inspect.signature(ours).parameters == inspect.signature(method).parameters


def test_each_session_has_its_own_kind_of_client(client: BlockingLicenseSpring) -> None:
    """Tells which session goes with a client of the other kind, instead of failing inside."""
    blocking: Any = client
    with pytest.raises(ConfigurationError, match=r"^client: must be .*; with a BlockingLicenseSpring, use blocking_"):
        LicenseSession(blocking, **WHO)
    other: Any = LicenseSpring(api_key="a", shared_key="s")
    with pytest.raises(ConfigurationError, match=r"^client: must be .*; with a LicenseSpring, use LicenseSession"):
        blocking_license_session(other, **WHO)
