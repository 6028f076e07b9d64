"""check_bundle: its answers and its refusals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licensespring_async.sandbox import (
    Consumption,
    Customer,
    CustomerAccount,
    CustomField,
    InstallationFile,
    License,
    Product,
    Slots,
    World,
)

from .calling import BUNDLE, Caller

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

# Every field of an item that is neither optional nor bound to one kind of license, with what it holds when unset.
PLAIN_ITEM: dict[str, object] = {
    "license_active": True,
    "license_enabled": True,
    "is_expired": False,
    "license_type": "perpetual",
    "is_trial": False,
    "validity_period": None,
    "maintenance_period": None,
    "enable_maintenance_period": False,
    "start_date": None,
    "allow_grace_period": False,
    "grace_period": 0,
    "max_activations": 5,
    "times_activated": 1,
    "allow_unlimited_activations": False,
    "transfer_count": 0,
    "max_transfers": 0,
    "max_license_users": 1,
    "is_floating": False,
    "is_floating_cloud": False,
    "floating_timeout": 0,
    "can_borrow": False,
    "is_borrowed": False,
    "borrowed_until": None,
    "max_borrow_time": 0,
    "allow_overages": False,
    "max_overages": 0,
    "is_air_gapped": False,
    "is_hardware_key_auth": False,
    "prevent_vm": False,
    "allow_offline_activation": True,
    "license_template_id": None,
    "order_store_id": None,
    "metadata": {},
    "custom_fields": [],
    "product_features": [],
    "version": "",
    "installation_file": "",
    "hash_md5": "",
    "environment": "",
    "eula_link": "",
    "release_notes_link": "",
    "channel": "",
    "release_date": None,
    "requires_version": None,
    "size": None,
}


async def test_shows_a_plain_license(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Shows a license with every documented field that all licenses have, and no other."""
    item = (await caller.json(BUNDLE, ask_bundle))[0]
    assert item.pop("license_signature")
    assert item.pop("customer").keys() == {
        *("email", "company_name", "reference", "phone", "first_name", "last_name", "city", "postcode"),
        *("state", "country", "address", "customer_account", "metadata"),
    }
    assert item == {
        **PLAIN_ITEM,
        "id": bundle.id,
        "license_key": bundle.key,
        "device_id": bundle.devices["hw-1"].id,
        "company": {"id": caller.sandbox.world.company_id},
        "product_details": {
            "product_id": bundle.product.id,
            "product_name": bundle.product.name,
            "short_code": bundle.product.short_code,
            "authorization_method": "license-key",
            "metadata": {},
        },
    }


async def test_lists_the_bundle_itself_first(
    caller: Caller, product: Product, bundle: License, ask_bundle: Ask
) -> None:
    """Lists the bundle's own license first, then the sub-licenses, all with the bundle's key."""
    items = await caller.json(BUNDLE, ask_bundle)
    codes = [item["product_details"]["short_code"] for item in items]
    assert codes == [bundle.product.short_code, product.short_code]
    assert {item["license_key"] for item in items} == {bundle.key}
    assert len({item["device_id"] for item in items}) == 2


async def test_leaves_out_what_the_device_lacks(
    caller: Caller, product: Product, bundle: License, ask_bundle: Ask
) -> None:
    """Leaves out a sub-license that is not activated on the device."""
    bundle.sublicenses[product.short_code].deactivate("hw-1")
    assert len(await caller.json(BUNDLE, ask_bundle)) == 1


async def test_reports_an_expired_sublicense(
    caller: Caller, product: Product, bundle: License, ask_bundle: Ask
) -> None:
    """Reports an expired sub-license in its item, and takes none of its slots."""
    sublicense = bundle.sublicenses[product.short_code]
    sublicense.validity_period = LONG_AGO
    sublicense.slots = Slots(allowed=0)
    item = (await caller.json(BUNDLE, ask_bundle))[1]
    assert (item["is_expired"], item["floating_in_use_devices"]) == (True, 0)
    assert (item["license_type"], item["validity_period"]) == ("time-limited", "2020-01-01T00:00:00.000Z")


async def test_shows_a_user(caller: Caller, world: World, product: Product) -> None:
    """Shows user and username, and no license_key, on a user-based license."""
    user = world.add_user(f"ben@{product.short_code}.example", first_name="Ben")
    suite = world.add_bundle(f"U{user.id}", members=[], authorization_method="user")
    suite.add_license(user=user, kind="subscription").activate("hw-1")
    query = {"product": suite.short_code, "username": user.username, "hardware_id": "hw-1"}
    item = (await caller.json(BUNDLE, query))[0]
    assert "license_key" not in item
    assert (item["username"], item["license_type"]) == (user.username, "subscription")
    assert item["user"] == {
        "id": user.id,
        "email": user.email,
        "first_name": "Ben",
        "last_name": "",
        "phone_number": "",
        "is_initial_password": False,
        "max_activations": 1,
        "allow_unlimited_activations": False,
        "total_activations": 1,
    }


async def test_shows_a_consumption_license(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Shows the consumption fields of a consumption license, the maximum in the plural."""
    bundle.consumption = Consumption(maximum=5, total=6, allow_overages=True, max_overages=2)
    item = (await caller.json(BUNDLE, ask_bundle))[0]
    assert (
        item.items()
        >= {
            "license_type": "consumption",
            "max_consumptions": 5,
            "total_consumptions": 6,
            "allow_unlimited_consumptions": False,
            "allow_negative_consumptions": False,
            "allow_overages": True,
            "max_overages": 2,
            "reset_consumption": False,
            "consumption_period": None,
        }.items()
    )


async def test_shows_a_floating_license(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Shows the slots of a floating license, the one just taken included."""
    bundle.slots = Slots(allowed=3, timeout=30)
    item = (await caller.json(BUNDLE, ask_bundle))[0]
    assert (
        item.items()
        >= {
            "is_floating_cloud": True,
            "floating_users": 3,
            "floating_timeout": 30,
            "floating_in_use_devices": 1,
        }.items()
    )


async def test_shows_a_trial(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Shows trial_days on a trial."""
    bundle.is_trial, bundle.trial_days = True, 14
    assert (await caller.json(BUNDLE, ask_bundle))[0]["trial_days"] == 14


async def test_shows_the_customer(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Shows the customer, the customer's account and custom fields, whose parts may be null."""
    account = CustomerAccount(id=7, name="Ana & Co", code="ana")
    bundle.customer = Customer(email="ana@example.org", customer_account=account)
    bundle.custom_fields.append(CustomField(name="seat"))
    item = (await caller.json(BUNDLE, ask_bundle))[0]
    assert item["customer"]["email"] == "ana@example.org"
    assert item["customer"]["customer_account"] == {"id": 7, "name": "Ana & Co", "code": "ana"}
    assert item["custom_fields"] == [{"name": "seat", "data_type": None, "value": None}]


async def test_shows_features(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Shows each feature of a license, with floating and consumption fields where they belong."""
    bundle.add_feature("plain")
    bundle.add_feature("floats", floating_users=2, floating_timeout=15)
    bundle.add_feature("counts", consumption=Consumption(maximum=9))
    plain, floats, counts = (await caller.json(BUNDLE, ask_bundle))[0]["product_features"]
    assert plain == {
        "id": bundle.features["plain"].id,
        "code": "plain",
        "name": "Plain",
        "feature_type": "activation",
        "expiry_date": None,
        "metadata": {},
        "is_floating": False,
        "is_floating_cloud": False,
    }
    assert (floats["floating_users"], floats["floating_timeout"]) == (2, 15)
    assert (counts["feature_type"], counts["max_consumption"]) == ("consumption", 9)


@pytest.mark.parametrize(("value", "shown"), [("", 0), ("false", 0), ("true", 1)])
async def test_honours_include_expired_features(
    caller: Caller, bundle: License, ask_bundle: Ask, value: str, shown: int
) -> None:
    """Omits expired features unless include_expired_features is true."""
    bundle.add_feature("old", expiry_date=LONG_AGO)
    items = await caller.json(BUNDLE, {**ask_bundle, "include_expired_features": value})
    assert len(items[0]["product_features"]) == shown


@pytest.mark.parametrize(("env", "version"), [("", "2"), ("mac", "1"), ("linux", "")])
async def test_honours_env(caller: Caller, bundle: License, ask_bundle: Ask, env: str, version: str) -> None:
    """Shows the newest installation file, of the environment that env names."""
    bundle.product.installation_files += [
        InstallationFile(version="1", environment="mac", release_date=LONG_AGO),
        InstallationFile(version="2", environment="win"),
    ]
    item = (await caller.json(BUNDLE, {**ask_bundle, "env": env}))[0]
    assert item["version"] == version
    assert item["release_date"] == ("2020-01-01T00:00:00.000Z" if env == "mac" else None)


async def test_stores_device_details(caller: Caller, product: Product, bundle: License, ask_bundle: Ask) -> None:
    """Stores what a check tells about the device, and keeps what it does not tell."""
    await caller.get(BUNDLE, {**ask_bundle, "hostname": "anvil", "os_ver": "12"})
    await caller.get(BUNDLE, {**ask_bundle, "os_ver": "13"})
    for license in (bundle, bundle.sublicenses[product.short_code]):
        assert license.devices["hw-1"].details == {"hostname": "anvil", "os_ver": "13"}


async def test_refuses_a_product_that_is_no_bundle(caller: Caller, ask: Ask) -> None:
    """Refuses a product that is no bundle with unknown_product."""
    assert await caller.code(BUNDLE, ask) == "unknown_product"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"product": "nothing"}, "unknown_product"),
        ({"license_key": "unknown"}, "license_not_found"),
        ({"license_id": 1}, "license_not_found"),
        ({"hardware_id": "hw-2"}, "device_not_found"),
        ({"include_expired_features": "yes"}, "validation_error"),
        ({"hardware_id": ""}, "missing_hardware_id"),
        ({"license_key": ""}, "missing_parameters"),
    ],
)
async def test_refuses_a_wrong_query(caller: Caller, bundle: License, ask_bundle: Ask, change: Ask, code: str) -> None:
    """Refuses a query that names nothing, or that is invalid, with the code that says what."""
    assert await caller.code(BUNDLE, {**ask_bundle, **change}) == code


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"enabled": False}, "license_not_enabled"),
        ({"active": False}, "license_not_active"),
        ({"validity_period": LONG_AGO}, "license_expired"),
        ({"slots": Slots(allowed=0)}, "floating_not_available"),
        ({"consumption": Consumption(maximum=3, total=3)}, "license_not_enough_consumptions"),
    ],
)
async def test_refuses_the_bundles_license(
    caller: Caller, bundle: License, ask_bundle: Ask, state: dict[str, object], code: str
) -> None:
    """Refuses the bundle for each state of its own license that the service documents."""
    for attribute, value in state.items():
        setattr(bundle, attribute, value)
    assert await caller.code(BUNDLE, ask_bundle) == code


async def test_deactivates_as_a_whole(caller: Caller, product: Product, bundle: License, ask_bundle: Ask) -> None:
    """Refuses a device that was taken off the bundle, whose sub-licenses lose it too."""
    bundle.activate("hw-2")
    bundle.deactivate("hw-1")
    assert await caller.code(BUNDLE, ask_bundle) == "device_not_found"
    assert bundle.sublicenses[product.short_code].device("hw-1") is None


async def test_refuses_a_blacklisted_device(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Refuses a blacklisted device with blacklisted."""
    bundle.blacklist("hw-1")
    assert await caller.code(BUNDLE, ask_bundle) == "blacklisted"


@pytest.mark.parametrize(
    "consumption",
    [
        Consumption(maximum=3, total=2),
        Consumption(maximum=3, total=9, unlimited=True),
        Consumption(maximum=3, total=3, allow_overages=True, max_overages=1),
    ],
)
async def test_admits_what_is_left(caller: Caller, bundle: License, ask_bundle: Ask, consumption: Consumption) -> None:
    """Admits a consumption license with something left, permitted overages included."""
    bundle.consumption = consumption
    assert (await caller.get(BUNDLE, ask_bundle)).status_code == 200


async def test_takes_every_slot_or_none(caller: Caller, product: Product, bundle: License, ask_bundle: Ask) -> None:
    """Takes no slot of the bundle when one of its sub-licenses is used up."""
    bundle.slots = Slots(allowed=3)
    sublicense = bundle.sublicenses[product.short_code]
    sublicense.consumption = Consumption(maximum=1, total=1)
    assert await caller.code(BUNDLE, ask_bundle) == "license_not_enough_consumptions"
    assert bundle.slots.in_use(datetime.fromtimestamp(caller.clock.now, UTC)) == 0
