"""Activating, checking and deactivating licenses and bundles over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from licensespring_async.sandbox import License, Product, Sandbox, World

from .calling import Caller, VirtualClock, new_http, refusal, verify

pytestmark = pytest.mark.anyio


async def post(caller: Caller, path: str, body: Mapping[str, object]) -> httpx.Response:
    return await caller.http.post(f"{caller.sandbox.url}/api/v4/{path}", json=body, headers=caller.signed())


@pytest.fixture
async def demo(clock: VirtualClock) -> AsyncIterator[Caller]:
    async with Sandbox(clock=clock) as sandbox, new_http() as http:
        yield Caller(sandbox=sandbox, clock=clock, http=http)


async def test_a_new_device_can_activate_what_the_demo_names(demo: Caller) -> None:
    """Activates the demo's license and bundle on a new device, which their checks then accept."""
    named = demo.sandbox.demo
    license = {"product": named.product, "license_key": named.license_key, "hardware_id": "new"}
    bundle = {"product": named.bundle.product, "license_key": named.bundle.license_key, "hardware_id": "new"}

    one = await post(demo, "activate_license", license)
    many = await post(demo, "activate_bundle/", bundle)

    assert (one.status_code, one.json()["active"], one.json()["request"]) == (200, True, "activation")
    assert [item["product_details"]["short_code"] for item in many.json()] == ["STUDIO", "LUMEN", "TONE"]
    assert (await demo.json("/api/v4/check_license", license))["license_active"] is True
    assert len(await demo.json("/api/v4/check_bundle", bundle)) == 3


async def test_a_new_device_can_do_all_that_the_demo_names(demo: Caller) -> None:
    """Activates the demo's user, signs on to the customer account, gets a trial and a file, and lists the users."""
    named = demo.sandbox.demo
    user = {"product": named.user.product, "username": named.user.username, "hardware_id": "new"}
    assert (await post(demo, "activate_license", {**user, "password": named.user.password})).status_code == 200
    account: dict[str, str | int] = {
        "product": named.user.product,
        "customer_account_code": named.customer_account_code,
    }
    assert "url" in await demo.json("/api/v4/sso_url", account)
    assert "license" in await demo.json("/api/v4/trial_key", {"product": named.trial_product, "hardware_id": "new"})
    customer: dict[str, str | int] = {"product": named.user.product, "customer": named.customer}
    assert len((await demo.json("/api/v4/customer_license_users", customer))["users"]) == 1
    ask: dict[str, str | int] = {
        "product": named.product,
        "license_key": named.license_key,
        "hardware_id": named.hardware_id,
    }
    file = await demo.json("/api/v4/installation_file", ask)
    assert len((await demo.http.get(file["installation_file"])).content) == int(file["size"])


async def test_the_demo_has_room_for_everybody(demo: Caller) -> None:
    """Activates one more device on the demo's license and its bundle when a thousand strangers have come before."""
    named, products = demo.sandbox.demo, demo.sandbox.world.products
    asks = {
        "activate_license": {"product": named.product, "license_key": named.license_key},
        "activate_bundle": {"product": named.bundle.product, "license_key": named.bundle.license_key},
    }
    with demo.sandbox.world.home.store.transaction():
        for ask in asks.values():
            (license,) = products[ask["product"]].licenses_of(ask["license_key"])
            for number in range(1000):
                license.activate(f"stranger {number}")

    for path, ask in asks.items():
        answer = await post(demo, path, {**ask, "hardware_id": "one more"})
        assert answer.status_code == 200, answer.text


async def test_the_demos_floating_feature_can_be_borrowed(demo: Caller) -> None:
    """Lends the demo's floating feature to the demo's device, for a day at the longest."""
    named = demo.sandbox.demo
    ask = {"product": named.product, "license_key": named.license_key, "hardware_id": named.hardware_id}
    answer = await post(demo, "floating/feature_borrow", {**ask, "feature": named.floating_feature})
    assert (answer.status_code, answer.json()["max_borrow_time"]) == (200, 24)


async def test_an_activation_is_signed_twice(caller: Caller, ask: dict[str, str | int]) -> None:
    """Signs the exact bytes in the header and the license in its body; the text survives another encoding."""
    response = await post(caller, "activate_license", ask)

    key = caller.sandbox.public_key
    verify(key, response.headers["LicenseSignature"], response.content)
    text = f"hw-1#{ask['license_key']}#".lower()
    verify(key, response.json()["license_signature"], text.encode())
    assert json.dumps(response.json(), ensure_ascii=False, separators=(",", ":")).encode() == response.content


async def test_activations_are_limited(caller: Caller, license: License, ask: dict[str, str | int]) -> None:
    """Refuses a device beyond max_activations, and lets an active one activate again."""
    license.max_activations = 1

    assert (await post(caller, "activate_license", ask)).status_code == 200
    refused = await post(caller, "activate_license", {**ask, "hardware_id": "hw-2"})
    assert refusal(refused) == "license_activated_max_times"
    assert (await post(caller, "deactivate_license", ask)).json() == "license_deactivated"
    assert (await post(caller, "activate_license", {**ask, "hardware_id": "hw-2"})).status_code == 200
    assert await caller.code("/api/v4/check_license", ask) == "device_not_found"


async def test_a_bundle_is_activated_whole_or_not_at_all(
    caller: Caller, bundle: License, ask_bundle: dict[str, str | int]
) -> None:
    """Leaves the bundle's license alone when one of its sub-licenses is full."""
    (member,) = bundle.sublicenses.values()
    bundle.max_activations, member.max_activations = 5, 1

    refused = await post(caller, "activate_bundle", {**ask_bundle, "hardware_id": "hw-2"})

    assert refusal(refused) == "license_activated_max_times"
    assert bundle.device("hw-2") is None
    assert (await post(caller, "deactivate_bundle", ask_bundle)).json() == "license_deactivated"
    assert (bundle.active, member.active) == (False, False)


async def test_a_bundle_for_any_number_of_devices_is_so_in_its_parts(
    caller: Caller, world: World, product: Product
) -> None:
    """Activates a second device where the bundle's license is unlimited, its sub-licenses saying nothing else."""
    suite = world.add_bundle(f"{product.short_code}-SUITE", members=[product])
    unlimited = suite.add_license(allow_unlimited_activations=True)
    ask = {"product": suite.short_code, "license_key": str(unlimited.key)}

    for device in ("hw-1", "hw-2"):
        answer = await post(caller, "activate_bundle", {**ask, "hardware_id": device})
        assert [item["allow_unlimited_activations"] for item in answer.json()] == [True, True]


async def test_a_user_activates_with_a_password(caller: Caller, world: World, license: License) -> None:
    """Requires the user's password to activate, and the username alone to check."""
    product = world.add_product(f"{license.product.short_code}-USER", authorization_method="user")
    user = world.add_user(f"eva@{product.short_code}.example", password="s3cret")
    product.add_license(user=user)
    ask = {"product": product.short_code, "hardware_id": "hw-1", "username": user.username}

    assert refusal(await post(caller, "activate_license", ask)) == "missing_parameters"
    assert refusal(await post(caller, "activate_license", {**ask, "password": "guess"})) == "license_not_found"
    assert (await post(caller, "activate_license", {**ask, "password": "s3cret"})).status_code == 200
    assert (await caller.json("/api/v4/check_license", ask))["username"] == user.username


async def test_a_released_slot_of_a_license_is_free(caller: Caller, world: World, license: License) -> None:
    """Takes a floating license's slot by a check, and frees it with an empty answer."""
    product = world.add_product(f"{license.product.short_code}-FLOATING")
    floating = product.add_license(floating_users=1, max_activations=2)
    floating.activate("hw-1")
    floating.activate("hw-2")
    first = {"product": product.short_code, "license_key": floating.identifier, "hardware_id": "hw-1"}
    second = {**first, "hardware_id": "hw-2"}

    assert (await caller.json("/api/v4/check_license", first))["floating_in_use_devices"] == 1
    again = (await post(caller, "activate_license", first)).json()
    assert again["floating_in_use"] is True
    assert "floating_in_use_devices" not in again
    assert await caller.code("/api/v4/check_license", second) == "floating_not_available"
    released = await post(caller, "floating/release", first)
    assert (released.status_code, released.content) == (200, b"")
    assert refusal(await post(caller, "floating/release", first)) == "floating_not_available"
    assert (await post(caller, "activate_license", first)).json()["floating_in_use"] is False
    assert (await caller.json("/api/v4/check_license", second))["floating_in_use_devices"] == 1


@pytest.mark.parametrize("value", [{"id": "hw"}, ["hw"], {}])
async def test_an_object_is_no_text(caller: Caller, license: License, ask: dict[str, str | int], value: object) -> None:
    """Refuses an object or a list as a device, which a client's mistake may send; its JSON would become the device."""
    refused = await post(caller, "activate_license", {**ask, "hardware_id": value})
    assert refusal(refused) == "validation_error"
    assert refused.json()["message"] == "hardware_id must not be an object or a list."
