"""The sandbox without a socket."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from licensespring_async import ConnectionLost, FloatingNotAvailable, LicenseFeature, LicenseSpring, RetryPolicy
from licensespring_async.sandbox import Effect, Fault, Sandbox, World

from .calling import FEATURE, Caller, VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Start it and ask it on both event loops; what it answers is tested on one."""
    return request.param


def world_with(slots: int, devices: int) -> World:
    world = World()
    license = world.add_product("TP").add_license(key="AAAA", max_activations=devices)
    license.add_feature("render", floating_users=slots)
    for number in range(devices):
        license.activate(f"hw-{number}")
    return world


async def check(client: LicenseSpring, number: int = 0) -> LicenseFeature:
    return await client.check_license_feature(
        product="TP", feature="render", hardware_id=f"hw-{number}", license_key="AAAA"
    )


async def test_answers_a_client_of_ours() -> None:
    """A client asks a sandbox that does not run, signatures verified."""
    async with Sandbox(world_with(1, 2)).in_process_client() as client:
        assert (await check(client)).floating_in_use_devices == 1
        with pytest.raises(FloatingNotAvailable):
            await check(client, 1)


async def test_answers_for_a_tenant() -> None:
    """A tenant's client meets the tenant's world."""
    tenant = Sandbox(World()).add_tenant(world_with(1, 1))
    assert (await check(tenant.in_process_client())).code == "render"


async def test_answers_httpx(clock: VirtualClock) -> None:
    """Anybody's httpx client asks the application, the page for people included."""
    sandbox = Sandbox(world_with(1, 1), clock=clock)
    ask = {"product": "TP", "feature": "render", "hardware_id": "hw-0", "license_key": "AAAA"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.application()), base_url="http://127.0.0.1", trust_env=False
    ) as http:
        headers = Caller(sandbox=sandbox, clock=clock, http=http).signed()
        assert (await http.get(FEATURE, params=ask, headers=headers)).json()["code"] == "render"
        assert (await http.get("/_sandbox/")).status_code == 200


@pytest.mark.parametrize("effect", ["cut", "reset", "empty", "malformed-chunk"])
async def test_breaks_a_connection_that_there_is_not(effect: Effect) -> None:
    """A fault of the connection is a lost connection here too, and a retry gets over it."""
    sandbox = Sandbox(world_with(1, 1))
    sandbox.faults.add(Fault(effect=effect, count=1))
    with pytest.raises(ConnectionLost):
        await check(sandbox.in_process_client(retry=RetryPolicy(max_attempts=1)))
    sandbox.faults.add(Fault(effect=effect, count=1))
    await check(sandbox.in_process_client())


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1", 200),
        ("::1", "localhost:8000", 200),
        ("10.0.0.7", "127.0.0.1", 403),
        ("127.0.0.1", "sandbox.example", 403),
    ],
)
async def test_only_this_machine_steers(address: str, host: str, status: int) -> None:
    """Without a control token nobody steers from another address, or by a name that could be anybody's."""
    transport = httpx.ASGITransport(Sandbox(World()).application(), client=(address, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", trust_env=False) as http:
        answer = await http.get("/_sandbox/state", headers={"Host": host})
        assert answer.status_code == status


def test_works_in_one_loop_after_another() -> None:
    """One client serves several event loops in turn, and leaves nothing open that would warn."""
    client = Sandbox(world_with(1, 1)).in_process_client()
    for backend in ("asyncio", "trio", "asyncio"):
        anyio.run(check, client, backend=backend)


async def test_many_take_few_slots_from_both_sides() -> None:
    """As many slots are taken as there are, by takers with sockets and without at the same time."""
    taken: list[str] = []

    async with Sandbox(world_with(10, 200)) as sandbox, sandbox.client() as over, sandbox.in_process_client() as inside:

        async def take(number: int) -> None:
            client = over if number % 2 else inside
            try:
                await check(client, number)
                taken.append(f"hw-{number}")
            except FloatingNotAvailable:
                pass

        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(take, number)
    assert len(taken) == 10
