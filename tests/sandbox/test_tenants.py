"""Tenants of one sandbox, which never meet."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import anyio
import pytest

from licensespring_async import DeviceNotFound, LicenseSpring, RateLimited, RetryPolicy, UnknownProduct
from licensespring_async.sandbox import Sandbox, SandboxClock, SandboxError, Throttle, World

from .calling import FEATURE, TOKEN, Caller, VirtualClock, new_http

pytestmark = pytest.mark.anyio


async def test_tenants_share_nothing(clock: VirtualClock) -> None:
    """Gives parallel tests the same product, key and device names without their slots meeting."""

    async def one_test(sandbox: Sandbox) -> None:
        world = World()
        license = world.add_product("TP").add_license(key="SAME-KEY")
        license.add_feature("render", floating_users=1)
        license.activate("hw-1")
        async with sandbox.add_tenant(world).client() as client:
            ask: dict[str, Any] = {"product": "TP", "feature": "render", "license_key": "SAME-KEY"}
            answer = await client.check_license_feature(**ask, hardware_id="hw-1")
            assert answer.floating_in_use_devices == 1
            with pytest.raises(DeviceNotFound):
                await client.check_license_feature(**ask, hardware_id="hw-2")

    async with Sandbox(World()) as sandbox:
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one_test, sandbox)
        async with sandbox.client() as client:
            with pytest.raises(UnknownProduct):
                await client.check_license_feature(product="TP", feature="x", hardware_id="h", license_key="SAME-KEY")
        assert len(sandbox.tenants) == 6


async def test_a_token_belongs_to_its_tenant(clock: VirtualClock) -> None:
    """Lets an OAuth token into the world of the client that it was issued to, and no other."""
    world = World()
    world.add_product("MINE").add_license(key="K").activate("hw-1")
    async with Sandbox(World(), clock=clock) as sandbox, new_http() as http:
        tenant = sandbox.add_tenant(world)
        codes: list[str] = []
        for owner in (tenant, sandbox):
            form = {"client_id": owner.client_id, "client_secret": owner.client_secret}
            token = await http.post(f"{sandbox.url}{TOKEN}", data={"grant_type": "client_credentials", **form})
            headers = {
                "Date": formatdate(clock.now, usegmt=True),
                "Authorization": f"Bearer {token.json()['access_token']}",
            }
            query = {"product": "MINE", "license_key": "K", "hardware_id": "hw-1", "feature": "none"}
            response = await Caller(sandbox=sandbox, clock=clock, http=http).get(FEATURE, query, headers)
            codes.append(response.json()["code"])
        foreign = {"client_id": tenant.client_id, "client_secret": sandbox.client_secret}
        refused = await http.post(f"{sandbox.url}{TOKEN}", data={"grant_type": "client_credentials", **foreign})
    assert codes == ["invalid_license_feature_code", "unknown_product"]
    assert refused.json()["error"] == "invalid_client"


async def test_rates_are_counted_by_tenant() -> None:
    """Refuses the tenant that exceeds its windows, and no other on the same machine."""

    async def ask(client: LicenseSpring) -> None:
        await client.check_license_feature(product="TP", feature="x", hardware_id="h", license_key="k")

    clock = SandboxClock()
    clock.freeze()
    async with Sandbox(World(), rate_limits=Throttle(scale=0.001), clock=clock) as sandbox:
        busy = sandbox.add_tenant(World())
        once = RetryPolicy(max_attempts=1)
        async with busy.client(retry=once) as one, sandbox.client(retry=once) as other:
            with pytest.raises(UnknownProduct):
                await ask(one)
            with pytest.raises(RateLimited):
                await ask(one)
            with pytest.raises(UnknownProduct):
                await ask(other)


def test_keys_are_unique_in_a_sandbox() -> None:
    """Refuses a second tenant of one API key, and says why."""
    sandbox = Sandbox(World())
    with pytest.raises(SandboxError, match="unique"):
        sandbox.add_tenant(World(), api_key=sandbox.api_key)
    assert sandbox.add_tenant(World(), api_key="another").api_key == "another"
