"""Borrowing floating slots over HTTP."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from licensespring_async.sandbox import License, World

from .calling import FEATURE, Caller, refusal, verify

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


@pytest.fixture
def borrowable(license: License) -> License:
    """A license whose feature `render` has one slot, which lapses after 10 minutes and may be borrowed for 5 hours."""
    license.add_feature("render", floating_users=1, floating_timeout=10, max_borrow_time=5)
    license.activate("hw-2")
    return license


async def test_a_borrowed_slot_outlives_its_timeout(caller: Caller, borrowable: License, ask: Ask) -> None:
    """Keeps a borrowed slot for its device until the moment that it was borrowed until, and not longer."""
    borrowed = await caller.post("floating/feature_borrow", {**ask, "borrowed_until": None})

    verify(caller.sandbox.public_key, borrowed.headers["LicenseSignature"], borrowed.content)
    until = datetime.fromtimestamp(caller.clock.now + 5 * 3600, UTC)
    assert borrowed.json() == {
        "borrowed_until": until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "max_borrow_time": 5,
        "device_id": borrowable.devices["hw-1"].id,
        "license_id": borrowable.id,
        "company": {"id": 4071},
    }
    caller.clock.advance(minutes=5 * 60 - 1)
    assert await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"}) == "floating_not_available"
    caller.clock.advance(minutes=1)
    assert (await caller.get(FEATURE, {**ask, "hardware_id": "hw-2"})).status_code == 200


async def test_a_release_ends_a_borrowing(caller: Caller, borrowable: License, ask: Ask) -> None:
    """Frees a borrowed slot when it is released, with an empty answer."""
    await caller.post("floating/feature_borrow", {**ask, "borrowed_until": None})
    released = await caller.post("floating/feature_release", {**ask, "sdk_ver": "9"})
    assert (released.status_code, released.content) == (200, b"")
    assert (await caller.get(FEATURE, {**ask, "hardware_id": "hw-2"})).status_code == 200


async def test_a_check_does_not_shorten_a_borrowing(caller: Caller, borrowable: License, ask: Ask) -> None:
    """Leaves a slot borrowed when its device checks, and shows so in the feature and in the license."""
    assert (await caller.json(FEATURE, ask))["is_borrowed"] is False
    await caller.post("floating/feature_borrow", {**ask, "borrowed_until": None})
    checked = await caller.json(FEATURE, ask)
    assert (checked["can_borrow"], checked["is_borrowed"], checked["max_borrow_time"]) == (True, True, 5)
    caller.clock.advance(minutes=60)
    assert await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"}) == "floating_not_available"
    (feature,) = (await caller.json("/api/v4/check_license", ask))["product_features"]
    assert (feature["can_borrow"], feature["is_borrowed"], feature["max_borrow_time"]) == (True, True, 5)


async def test_a_second_borrowing_replaces_the_first(caller: Caller, borrowable: License, ask: Ask) -> None:
    """Keeps a slot that is borrowed again until the new moment, although that is an earlier one."""
    soon = datetime.fromtimestamp(caller.clock.now + 60, UTC).isoformat().replace("+00:00", "Z")
    await caller.post("floating/feature_borrow", {**ask, "borrowed_until": None})
    await caller.post("floating/feature_borrow", {**ask, "borrowed_until": soon})
    caller.clock.advance(minutes=10)
    assert (await caller.get(FEATURE, {**ask, "hardware_id": "hw-2"})).status_code == 200


async def test_a_license_is_borrowed(caller: Caller, world: World, license: License) -> None:
    """Borrows a floating license's slot, and shows until when in its checks."""
    product = world.add_product(f"{license.product.short_code}-BORROW")
    floating = product.add_license(floating_users=1, max_borrow_time=48)
    floating.activate("hw-1")
    ask: Ask = {"product": product.short_code, "license_key": floating.identifier, "hardware_id": "hw-1"}
    until = datetime.fromtimestamp(caller.clock.now + 3600, UTC).strftime("%Y-%m-%d %H:%M")

    answer = (await caller.post("floating/borrow", {**ask, "borrowed_until": until})).json()

    checked = await caller.json("/api/v4/check_license", ask)
    assert checked["borrowed_until"] == answer["borrowed_until"] == f"{until.replace(' ', 'T')}:00.000Z"
    assert (checked["is_borrowed"], checked["can_borrow"], checked["max_borrow_time"]) == (True, True, 48)


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("%Y-%m-%dT%H:%M:%S.016Z", "%Y-%m-%dT%H:%M:%S.016Z"),
        ("%Y-%m-%d %H:%M:%S.016", "%Y-%m-%dT%H:%M:%S.016Z"),
        ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.000Z"),
        ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:00.000Z"),
        ("%Y-%m-%d", "%Y-%m-%dT00:00:00.000Z"),
    ],
)
async def test_reads_every_documented_spelling(
    caller: Caller, borrowable: License, ask: Ask, spelling: str, text: str
) -> None:
    """Reads each of the five documented spellings of a moment as UTC."""
    borrowable.features["render"].max_borrow_time = 72
    until = datetime.fromtimestamp(caller.clock.now + 36 * 3600, UTC)
    answer = await caller.post("floating/feature_borrow", {**ask, "borrowed_until": until.strftime(spelling)})
    assert answer.json()["borrowed_until"] == until.strftime(text)


@pytest.mark.parametrize(
    "until", ["2001-01-01", "2999-01-01", "tomorrow", "2024-13-01", "1735689600", 1735689600, "2024-W01-1", "20240927"]
)
async def test_refuses_a_moment_that_is_not_valid(
    caller: Caller, borrowable: License, ask: Ask, until: str | int
) -> None:
    """Refuses a moment that has passed, is beyond the longest borrow time, or is none, and takes no slot."""
    refused = await caller.post("floating/feature_borrow", {**ask, "borrowed_until": until})
    assert refusal(refused) == "borrow_until_not_valid"
    assert (await caller.json(FEATURE, {**ask, "hardware_id": "hw-2"}))["floating_in_use_devices"] == 1


async def test_borrowed_until_may_be_left_out(
    caller: Caller, borrowable: License, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """Borrows for the longest time without a borrowed_until, as with null, and tells so in the log."""
    with caplog.at_level(logging.WARNING, "licensespring_async.sandbox"):
        named = await caller.post("floating/feature_borrow", {**ask, "borrowed_until": None})
        assert caplog.messages == []
        left_out = await caller.post("floating/feature_borrow", ask)
    assert left_out.json() == named.json()
    assert "borrowed_until" in caplog.text


async def test_refuses_what_cannot_be_borrowed(caller: Caller, borrowable: License, ask: Ask) -> None:
    """Refuses to borrow what does not float, what may not be borrowed, and what others hold."""
    borrowable.add_feature("plain")
    borrowable.add_feature("strict", floating_users=1)
    now: dict[str, object] = {**ask, "borrowed_until": None}
    borrow = "floating/feature_borrow"

    assert refusal(await caller.post("floating/borrow", now)) == "license_borrow_not_allowed"
    assert refusal(await caller.post(borrow, {**now, "feature": "plain"})) == "feature_not_floating"
    assert refusal(await caller.post(borrow, {**now, "feature": "strict"})) == "license_borrow_not_allowed"
    assert refusal(await caller.post(borrow, {**now, "feature": "none"})) == "invalid_license_feature_code"
    assert refusal(await caller.post(borrow, {**now, "hardware_id": "hw-3"})) == "device_not_found"
    await caller.json(FEATURE, {**ask, "hardware_id": "hw-2"})
    assert refusal(await caller.post(borrow, now)) == "floating_not_available"


async def test_a_user_borrows_with_a_password(caller: Caller, world: World, license: License) -> None:
    """Requires a user's password to borrow."""
    product = world.add_product(f"{license.product.short_code}-USER", authorization_method="user")
    user = world.add_user(f"eva@{product.short_code}.example", password="s3cret")
    sold = product.add_license(user=user, floating_users=1)
    sold.can_borrow, sold.max_borrow_time = True, 1
    sold.activate("hw-1")
    ask = {"product": product.short_code, "hardware_id": "hw-1", "username": user.username, "borrowed_until": None}
    assert refusal(await caller.post("floating/borrow", ask)) == "missing_parameters"
    assert (await caller.post("floating/borrow", {**ask, "password": "s3cret"})).status_code == 200
