"""What keeps a device from being activated, and what a deactivation may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from licensespring_async.sandbox import Consumption, License, Product, World

from .calling import Caller, refusal

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]
ACTIVATE, DEACTIVATE = "activate_license", "deactivate_license"


async def test_a_start_date_keeps_new_devices_out(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses new devices before the start date; an active one may activate again and is checked as ever."""
    now = datetime.fromtimestamp(caller.clock.now, UTC)
    license.start_date = now + timedelta(days=1)
    assert refusal(await caller.post(ACTIVATE, {**ask, "hardware_id": "hw-2"})) == "validation_error"
    assert (await caller.post(ACTIVATE, ask)).status_code == 200
    assert (await caller.get("/api/v4/check_license", ask)).status_code == 200
    license.start_date = now
    assert (await caller.post(ACTIVATE, {**ask, "hardware_id": "hw-2"})).status_code == 200


async def test_transfers_are_limited(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a device that would take another's place once more than max_transfers allows, and not the same one."""
    license.max_transfers = 1
    other = {**ask, "hardware_id": "hw-2"}
    await caller.post(DEACTIVATE, ask)
    assert (await caller.post(ACTIVATE, other)).json()["transfer_count"] == 1
    await caller.post(DEACTIVATE, other)
    assert refusal(await caller.post(ACTIVATE, ask)) == "license_transferred_max_times"
    assert (await caller.post(ACTIVATE, other)).status_code == 200


async def test_a_user_activates_as_often_as_allowed(caller: Caller, world: World, product: Product) -> None:
    """Names a user's limit in the code that a user-based license is full with."""
    maps = world.add_product(f"{product.short_code}-M", authorization_method="user")
    maps.add_license(user=world.add_user(f"a@{product.short_code}.example")).activate("hw-1")
    ask = {"product": maps.short_code, "username": f"a@{product.short_code}.example", "password": "any"}
    refused = await caller.post(ACTIVATE, {**ask, "hardware_id": "hw-2"})
    assert refusal(refused) == "licenseUserActivatedMaxTimes"


async def test_a_product_that_is_not_sold_is_not_activated(
    caller: Caller, product: Product, license: License, ask: Ask
) -> None:
    """Refuses to activate licenses of a product that is disabled or archived, and checks those that are active."""
    for attribute, value, code in (("active", False, "disabled_product"), ("is_archived", True, "archived_product")):
        setattr(product, attribute, value)
        assert refusal(await caller.post(ACTIVATE, {**ask, "hardware_id": "hw-2"})) == code
    assert (await caller.get("/api/v4/check_license", ask)).status_code == 200


async def test_a_deactivation_reports_consumption(caller: Caller, license: License, ask: Ask) -> None:
    """Adds what a deactivation says was consumed, and refuses it where nothing is counted."""
    assert refusal(await caller.post(DEACTIVATE, {**ask, "consumptions": 3})) == "license_not_consumption"
    assert license.device("hw-1") is not None
    license.consumption = Consumption(maximum=5, total=1)
    assert (await caller.post(DEACTIVATE, {**ask, "consumptions": 3})).json() == "license_deactivated"
    assert license.consumption.total == 4


async def test_a_device_is_deactivated_once(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses to deactivate a device again: not found, or the license not active once no device is left."""
    license.activate("hw-2")
    assert (await caller.post(DEACTIVATE, ask)).status_code == 200
    assert refusal(await caller.post(DEACTIVATE, ask)) == "device_not_found"
    assert (await caller.post(DEACTIVATE, {**ask, "hardware_id": "hw-2"})).status_code == 200
    assert refusal(await caller.post(DEACTIVATE, ask)) == "license_not_active"


async def test_a_deactivation_needs_no_password(caller: Caller, world: World, product: Product) -> None:
    """Deactivates for a username alone, and with its password; not with a wrong one."""
    maps = world.add_product(f"{product.short_code}-D", authorization_method="user")
    user = world.add_user(f"d@{product.short_code}.example", password="s3cret")
    license = maps.add_license(user=user, max_activations=2)
    ask = {"product": maps.short_code, "username": user.username, "hardware_id": "hw-1"}
    for more in ({}, {"password": "s3cret"}):
        license.activate("hw-1")
        assert refusal(await caller.post(DEACTIVATE, {**ask, "password": "guess"})) == "license_not_found"
        assert (await caller.post(DEACTIVATE, {**ask, **more})).status_code == 200


async def test_an_inactive_license_has_no_slot_to_release(caller: Caller, product: Product) -> None:
    """Refuses to release a slot of a license that no device is active on."""
    license = product.add_license(floating_users=1)
    ask = {"product": product.short_code, "license_key": license.identifier, "hardware_id": "hw-1"}
    assert refusal(await caller.post("floating/release", ask)) == "license_not_active"
