"""check_license_feature: its answers and its refusals."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from licensespring_async.sandbox import Consumption, License, Product, World

from .calling import FEATURE, Caller, VirtualClock

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


def _now(clock: VirtualClock) -> datetime:
    return datetime.fromtimestamp(clock.now, UTC)


async def test_shows_a_plain_feature(caller: Caller, license: License, ask: Ask) -> None:
    """Shows a plain feature with every documented field, and no floating or consumption field."""
    feature = license.add_feature("render", name="Render", metadata={"größe": "groß"})
    assert await caller.json(FEATURE, ask) == {
        "id": feature.id,
        "license_id": license.id,
        "code": "render",
        "name": "Render",
        "feature_type": "activation",
        "company": {"id": caller.sandbox.world.company_id},
        "metadata": {"größe": "groß"},
        "is_floating": False,
        "is_floating_cloud": False,
        "expiry_date": None,
    }


async def test_shows_a_consumption_feature(caller: Caller, license: License, ask: Ask) -> None:
    """Shows the consumption fields of a consumption feature, the maximum in the singular."""
    counter = Consumption(maximum=10, total=-3, allow_negative=True, reset=True, period="monthly")
    license.add_feature("render", consumption=counter)
    answer = await caller.json(FEATURE, ask)
    assert (
        answer.items()
        >= {
            "feature_type": "consumption",
            "max_consumption": 10,
            "total_consumptions": -3,
            "allow_unlimited_consumptions": False,
            "allow_negative_consumptions": True,
            "allow_overages": False,
            "max_overages": 0,
            "reset_consumption": True,
            "consumption_period": "monthly",
        }.items()
    )


async def test_shows_an_offline_floating_feature(caller: Caller, license: License, ask: Ask) -> None:
    """Shows floating_in_use_devices for an offline floating feature, whose slots are elsewhere."""
    license.add_feature("render").offline_floating = True
    answer = await caller.json(FEATURE, ask)
    assert (answer["is_floating"], answer["floating_in_use_devices"]) == (True, 0)


async def test_answers_an_expired_feature_without_a_slot(caller: Caller, license: License, ask: Ask) -> None:
    """Answers an expired feature with its past expiry date, and takes no slot for it."""
    license.add_feature("render", expiry_date=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), floating_users=1)
    answer = await caller.json(FEATURE, ask)
    assert (answer["expiry_date"], answer["floating_in_use_devices"]) == ("2020-01-02T03:04:05.000Z", 0)


async def test_accepts_a_trailing_slash(caller: Caller, license: License, ask: Ask) -> None:
    """Accepts the path with a trailing slash."""
    license.add_feature("render")
    assert (await caller.get(f"{FEATURE}/", ask)).status_code == 200


async def test_ignores_unknown_parameters(caller: Caller, license: License, ask: Ask) -> None:
    """Ignores a parameter that is not documented."""
    license.add_feature("render")
    assert (await caller.get(FEATURE, {**ask, "sdk_ver": "x", "new": "y"})).status_code == 200


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("hardware_id", "missing_hardware_id"),
        ("product", "missing_parameters"),
        ("feature", "missing_parameters"),
        ("license_key", "missing_parameters"),
    ],
)
@pytest.mark.parametrize("empty", [True, False])
async def test_needs_every_required_parameter(caller: Caller, ask: Ask, name: str, code: str, empty: bool) -> None:
    """Refuses a required parameter that is absent or empty."""
    query = {**ask, name: ""} if empty else {key: value for key, value in ask.items() if key != name}
    assert await caller.code(FEATURE, query) == code


@pytest.mark.parametrize(
    "query",
    [
        "hardware_id=h&product=p&feature=f&license_key=k&username=u",
        "hardware_id=h&product=p&feature=f&license_key=k&license_id=5.5",
        "hardware_id=h&product=p&feature=f&license_key=k&license_id=99999999999999999999",
        "hardware_id=h&hardware_id=i&product=p&feature=f&license_key=k",
        "hardware_id=%ff&product=p&feature=f&license_key=k",
        "&".join(f"x{number}=1" for number in range(101)),
    ],
)
async def test_refuses_invalid_parameters(caller: Caller, query: str) -> None:
    """Refuses a parameter that is invalid, ambiguous or undecodable with validation_error."""
    assert await caller.code(FEATURE, query) == "validation_error"


async def test_refuses_an_unknown_product(caller: Caller, ask: Ask) -> None:
    """Refuses a short code that no product has with unknown_product."""
    assert await caller.code(FEATURE, {**ask, "product": "nothing"}) == "unknown_product"


@pytest.mark.parametrize("change", [{"license_key": "unknown"}, {"license_id": 1}])
async def test_refuses_an_unknown_license(caller: Caller, ask: Ask, change: Ask) -> None:
    """Refuses a license key or a license id that the product does not have with license_not_found."""
    assert await caller.code(FEATURE, {**ask, **change}) == "license_not_found"


async def test_refuses_a_username_for_a_key_based_product(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a username for a key-based product with license_not_found, even when it spells a key."""
    del ask["license_key"]
    assert await caller.code(FEATURE, {**ask, "username": license.identifier}) == "license_not_found"


async def test_refuses_a_disabled_license(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a disabled license with license_not_enabled."""
    license.enabled = False
    assert await caller.code(FEATURE, ask) == "license_not_enabled"


async def test_refuses_a_license_without_devices(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a license whose last device was deactivated with license_not_active."""
    license.deactivate("hw-1")
    assert await caller.code(FEATURE, ask) == "license_not_active"


async def test_refuses_an_expired_license(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a license from the end of its validity period on with license_expired."""
    license.validity_period = _now(caller.clock)
    assert await caller.code(FEATURE, ask) == "license_expired"


async def test_a_grace_period_may_end_after_all_dates(caller: Caller, license: License, ask: Ask) -> None:
    """Accepts a license that ends on the last day that there is, with a grace period."""
    license.add_feature("render")
    license.validity_period = datetime(9999, 12, 31, tzinfo=UTC)
    license.allow_grace_period, license.grace_period = True, 48
    assert (await caller.get(FEATURE, ask)).status_code == 200


async def test_waits_for_the_grace_period(caller: Caller, license: License, ask: Ask) -> None:
    """Accepts an expired license within its grace period and refuses it afterwards."""
    license.add_feature("render")
    license.validity_period = _now(caller.clock)
    license.allow_grace_period, license.grace_period = True, 2
    assert (await caller.get(FEATURE, ask)).status_code == 200
    caller.clock.advance(minutes=120)
    assert await caller.code(FEATURE, ask) == "license_expired"


async def test_refuses_a_blacklisted_device(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a blacklisted device with blacklisted, although it is activated."""
    license.blacklist("hw-1")
    assert await caller.code(FEATURE, ask) == "blacklisted"


async def test_refuses_an_unknown_device(caller: Caller, ask: Ask) -> None:
    """Refuses a device that was never activated with device_not_found."""
    assert await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"}) == "device_not_found"


async def test_refuses_an_unassigned_feature(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a feature that the license lacks with invalid_license_feature_code, and names it."""
    response = await caller.get(FEATURE, ask)
    assert response.json()["code"] == "invalid_license_feature_code"
    assert "code: render is invalid" in response.json()["message"]


async def test_refuses_in_the_documented_order(caller: Caller, license: License, ask: Ask) -> None:
    """Gives the first of several reasons in the documented order."""
    license.blacklist("hw-2")
    license.enabled = license.active = False
    license.validity_period = _now(caller.clock) - timedelta(days=1)
    ask["hardware_id"] = "hw-2"
    codes = [await caller.code(FEATURE, ask)]
    license.enabled = True
    codes.append(await caller.code(FEATURE, ask))
    license.active = True
    codes.append(await caller.code(FEATURE, ask))
    license.validity_period = None
    codes.append(await caller.code(FEATURE, ask))
    assert codes == ["license_not_enabled", "license_not_active", "license_expired", "blacklisted"]


async def test_checks_a_user_based_license(caller: Caller, world: World, product: Product) -> None:
    """Finds a user-based license by its username, which may carry a suffix."""
    maps = world.add_product(f"{product.short_code}-MAPS", authorization_method="user")
    user = world.add_user("ana@example.org", username=f"ana@{maps.short_code}.example|DSE2")
    license = maps.add_license(user=user)
    license.activate("hw-1")
    license.add_feature("maps")
    query = {
        "product": maps.short_code,
        "username": user.username,
        "hardware_id": "hw-1",
        "feature": "maps",
    }
    assert (await caller.json(FEATURE, query))["license_id"] == license.id


async def test_prefers_the_license_of_the_device(caller: Caller, world: World, product: Product) -> None:
    """Picks, of several licenses of one identity, the one that is active on the device."""
    (license, other), ask = two_of_one_user(world, product)
    license.activate("hw-1")
    other.activate("hw-2")
    assert (await caller.json(FEATURE, ask))["license_id"] == license.id


async def test_honours_the_license_id(caller: Caller, world: World, product: Product) -> None:
    """Picks the license that license_id names, of several of one identity."""
    (license, other), ask = two_of_one_user(world, product)
    license.activate("hw-1")
    other.activate("hw-1")
    assert (await caller.json(FEATURE, {**ask, "license_id": other.id}))["license_id"] == other.id


def two_of_one_user(world: World, product: Product) -> tuple[list[License], Ask]:
    maps = world.add_product(f"{product.short_code}-MAPS", authorization_method="user")
    user = world.add_user(f"two@{product.short_code}.example")
    licenses = [maps.add_license(user=user) for _ in range(2)]
    for license in licenses:
        license.add_feature("maps")
    return licenses, {"product": maps.short_code, "username": user.username, "hardware_id": "hw-1", "feature": "maps"}


@pytest.mark.parametrize(("yes", "no"), [("true", "false"), ("True", "False"), ("TRUE", "FALSE"), ("1", "0")])
async def test_reads_booleans_in_any_spelling(caller: Caller, license: License, ask: Ask, yes: str, no: str) -> None:
    """Reads true and false in any case, and as 1 and 0."""
    license.add_feature("render")
    assert "metadata_string" in await caller.json(FEATURE, {**ask, "include_metadata_string": yes})
    assert "metadata_string" not in await caller.json(FEATURE, {**ask, "include_metadata_string": no})
    assert await caller.code(FEATURE, {**ask, "include_metadata_string": "maybe"}) == "validation_error"


async def test_tells_of_an_odd_boolean(
    caller: Caller, license: License, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """Names a boolean in the log whose spelling is not documented."""
    license.add_feature("render")
    with caplog.at_level(logging.WARNING, "licensespring_async.sandbox"):
        await caller.json(FEATURE, {**ask, "include_metadata_string": "true"})
        assert caplog.messages == []
        await caller.json(FEATURE, {**ask, "include_metadata_string": "True"})
    assert "include_metadata_string" in caplog.text


async def test_honours_the_bundle_code(caller: Caller, product: Product, bundle: License, ask_bundle: Ask) -> None:
    """Checks a product's sub-license inside the bundle that bundle_code names."""
    sublicense = bundle.sublicenses[product.short_code]
    sublicense.add_feature("render")
    query = {
        **ask_bundle,
        "product": product.short_code,
        "bundle_code": bundle.product.short_code,
        "license_id": bundle.id,
        "feature": "render",
    }
    assert (await caller.json(FEATURE, query))["license_id"] == sublicense.id


async def test_refuses_what_the_bundle_license_refuses(
    caller: Caller, product: Product, bundle: License, ask_bundle: Ask
) -> None:
    """Refuses a sub-license's feature while the bundle's own license is disabled."""
    bundle.enabled = False
    code = bundle.product.short_code
    query = {**ask_bundle, "product": product.short_code, "bundle_code": code, "feature": "render"}
    assert await caller.code(FEATURE, query) == "license_not_enabled"


async def test_refuses_a_product_outside_the_bundle(caller: Caller, bundle: License, ask: Ask) -> None:
    """Refuses a bundle_code whose bundle has no such product or that is no bundle."""
    other = caller.sandbox.world.add_product(f"O{bundle.id}")
    in_bundle = {**ask, "product": other.short_code, "license_key": bundle.identifier}
    codes = [
        await caller.code(FEATURE, {**in_bundle, "bundle_code": bundle.product.short_code}),
        await caller.code(FEATURE, {**in_bundle, "bundle_code": other.short_code}),
    ]
    assert codes == ["license_not_found", "unknown_product"]
