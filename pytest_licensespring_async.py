"""The pytest plugin: fixtures with a local License API for each test.

This module is beside the package, not in it: pytest imports plugins at every start, and nothing else should be imported
then.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from licensespring_async import BlockingLicenseSpring, LicenseSpring
    from licensespring_async.sandbox import Sandbox, World

_MARKER = "licensespring_world"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, for --strict-markers, and give all processes of the run the same fingerprints."""
    # The workers of pytest-xdist and programs started by tests inherit it.
    os.environ.setdefault("LICENSESPRING_FINGERPRINT_SALT", secrets.token_hex(16))
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(path): the world file that licensespring_sandbox serves, from the test's folder",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a test's own marker if no fixture uses it. A marker of a module or class may be for some tests only."""
    is_served = "licensespring_sandbox" in getattr(item, "fixturenames", ())
    if not is_served and any(marker.name == _MARKER for marker in item.own_markers):
        raise pytest.UsageError(
            f"the marker {_MARKER} has no effect here: use the fixture licensespring_sandbox or licensespring_client"
        )


@pytest.fixture
def licensespring_world() -> World | Path | None:
    """The world of licensespring_sandbox, unless a marker licensespring_world names a file: the demo world.

    Override it in a conftest.py or a module, with a fixture that returns a World or the path of a world file.
    """
    return None


@pytest.fixture
def licensespring_sandbox(
    request: pytest.FixtureRequest, licensespring_world: World | Path | None
) -> Iterator[Sandbox]:
    """A running License API for this test only, with its own world, keys, clock and faults.

    The code under test needs `licensespring_sandbox.url`, `.api_key`, `.shared_key` and `.public_key`.
    """
    from licensespring_async.sandbox import Sandbox  # noqa: PLC0415  # not imported for tests without it

    # A marker is nearer to the test than a fixture of its module.
    with Sandbox(_marked(request) or licensespring_world) as sandbox:
        yield sandbox


@pytest.fixture
def licensespring_client(licensespring_sandbox: Sandbox) -> LicenseSpring:
    """A client of licensespring_sandbox, for asyncio and trio, and for any number of event loops.

    It calls the sandbox within this process, so it has no connections and need not be closed.
    """
    return licensespring_sandbox.in_process_client()


@pytest.fixture
def licensespring_blocking_client(licensespring_sandbox: Sandbox) -> Iterator[BlockingLicenseSpring]:
    """A blocking client of licensespring_sandbox, for code that does not await."""
    with licensespring_sandbox.blocking_client() as client:
        yield client


def _marked(request: pytest.FixtureRequest) -> Path | None:
    """Return the world file that the test's marker names, or None if it has no marker."""
    marker = request.node.get_closest_marker(_MARKER)
    if marker is None:
        return None
    given = marker.args[0] if len(marker.args) == 1 and not marker.kwargs else None
    if not isinstance(given, str | PathLike):
        raise pytest.UsageError(
            f"the marker {_MARKER} takes the path of a world file; for a world built in Python, override the fixture"
        )
    path: Path = request.path.parent / given
    return path
