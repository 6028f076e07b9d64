"""The life of a device against the sandbox, from its trial to its end, over every engine and loop, and blocking."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from licensespring_async import (
    BlockingLicenseSpring,
    DeviceNotFound,
    FloatingFeatureDeviceNotInUse,
    InvalidLicenseFeatureCode,
    LicenseNotActive,
    LicenseNotEnoughConsumptions,
    LicenseSpring,
    LicenseSpringError,
    NegativeConsumptionsNotAllowed,
)
from licensespring_async.auth import ApiKey
from licensespring_async.sandbox import Sandbox, load_world
from licensespring_async.transport import Engine, HttptoolsEngine, HttpxEngine

WORLD = """
[[products]]
short_code = "CAD"
allow_trial = true
trial_days = 14
trial_features = [
    { code = "render", floating_users = 1, floating_timeout = 60, max_borrow_time = 24 },
    { code = "export", consumption = { maximum = 3 } },
]

[[products.installation_files]]
version = "8.4.0"
content = "CAD 8.4.0"
environment = "linux64"
release_date = 2024-06-17
"""
LOOPS = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(
        ("asyncio", {"use_uvloop": True}),
        id="uvloop",
        marks=pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows"),
    ),
    pytest.param("trio", id="trio"),
]

Ask = Callable[..., Awaitable[Any]]


def a_sandbox(folder: Path) -> Sandbox:
    path = folder / "world.toml"
    path.write_text(WORLD)
    return Sandbox(load_world(path))


async def refusal(asked: Awaitable[Any]) -> type[LicenseSpringError]:
    """What a call is refused with."""
    with pytest.raises(LicenseSpringError) as caught:
        await asked
    return type(caught.value)


async def live(ask: Ask, fetch: Ask, folder: Path) -> None:
    """Live a device's life.

    Args:
        ask: Calls an endpoint by its name.
        fetch: Downloads a file.
        folder: Where files go.
    """
    device = {"product": "CAD", "hardware_id": "device-1"}
    trial = await ask("trial_key", **device)
    assert (await ask("trial_key", **device)).license_key == trial.license_key, "the same device gets the same trial"
    mine = {**device, "license_key": trial.license_key}
    # No device was activated yet.
    assert await refusal(ask("check_license", **mine)) in (LicenseNotActive, DeviceNotFound)

    activated = await ask("activate_license", **mine, hostname="host-1", os_ver="Debian 12")
    assert activated.license_active
    assert activated.is_valid()

    checked = await ask("check_license", **mine)
    assert checked.is_valid()
    assert checked.is_trial
    assert {each.code for each in checked.product_features} == {"render", "export"}
    assert await refusal(ask("check_license_feature", **mine, feature="fly")) is InvalidLicenseFeatureCode

    assert (await ask("add_feature_consumption", **mine, feature="export", consumptions=2)).total_consumptions == 2
    over = await refusal(ask("add_feature_consumption", **mine, feature="export", consumptions=2))
    assert issubclass(over, LicenseSpringError)
    assert over.__name__ in ("FeatureNotEnoughConsumptions", LicenseNotEnoughConsumptions.__name__)
    back = await refusal(ask("add_feature_consumption", **mine, feature="export", consumptions=-1))
    assert back is NegativeConsumptionsNotAllowed
    counted = await ask("check_license_feature", **mine, feature="export")
    assert counted.remaining_consumptions == 1

    assert (await ask("check_license_feature", **mine, feature="render")).is_floating_cloud
    until = datetime.now(UTC) + timedelta(hours=2)
    borrowed = await ask("borrow_floating_feature", **mine, feature="render", borrowed_until=until)
    assert abs(borrowed.borrowed_until - until) < timedelta(minutes=1)
    assert await ask("release_floating_feature", **mine, feature="render") is None
    assert await refusal(ask("release_floating_feature", **mine, feature="render")) is FloatingFeatureDeviceNotInUse

    stored = await ask("track_device_variables", **mine, variables={"color": "blue", "size": 5})
    assert {each.variable for each in stored} == {"color", "size"}
    read = await ask("get_device_variables", **mine)
    assert {each.variable: str(each.value) for each in read} == {"color": "blue", "size": "5"}

    (newest,) = await ask("versions", **mine)
    file = await ask("installation_file", **mine, version=newest.version)
    path = await fetch(file, folder / "cad.bin")
    assert path.read_text() == "CAD 8.4.0"

    listed = await ask("device_licenses", hardware_id="device-1")
    assert [each.id for each in listed] == [checked.id]

    assert await ask("deactivate_license", **mine) is None
    assert await refusal(ask("check_license", **mine)) in (LicenseNotActive, DeviceNotFound)
    assert await refusal(ask("check_license_feature", **mine, feature="render")) in (LicenseNotActive, DeviceNotFound)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", LOOPS)
@pytest.mark.parametrize("engine", [HttpxEngine, HttptoolsEngine], ids=["httpx", "httptools"])
async def test_the_life_of_a_device(engine: type[Engine], anyio_backend_name: str, tmp_path: Path) -> None:
    """Gets a trial, activates, checks, counts, borrows, releases, stores, downloads, deactivates, and is refused."""
    if engine is HttptoolsEngine and anyio_backend_name == "trio":
        pytest.skip("the fast engine works on asyncio only")
    async with a_sandbox(tmp_path) as sandbox:
        key = ApiKey(api_key=sandbox.api_key, shared_key=sandbox.shared_key)
        async with LicenseSpring(
            auth=key, base_url=sandbox.url, public_key=sandbox.public_key, engine=engine()
        ) as client:

            async def ask(endpoint: str, **arguments: Any) -> Any:
                return await getattr(client, endpoint)(**arguments)

            await live(ask, client.download, tmp_path)


def test_the_life_of_a_device_of_a_program_that_does_not_await(tmp_path: Path) -> None:
    """Lives the same life by the blocking client, from a thread."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(a_sandbox(tmp_path)) as sandbox:
        key = ApiKey(api_key=sandbox.api_key, shared_key=sandbox.shared_key)
        with BlockingLicenseSpring(auth=key, base_url=sandbox.url, public_key=sandbox.public_key) as client:

            async def ask(endpoint: str, **arguments: Any) -> Any:
                return getattr(client, endpoint)(**arguments)

            async def fetch(*arguments: Any) -> Any:
                return client.download(*arguments)

            steps = live(ask, fetch, tmp_path)
            # Nothing in it waits: the first step of the coroutine is its last.
            with pytest.raises(StopIteration):
                steps.send(None)
