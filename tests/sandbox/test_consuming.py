"""Adding consumption over HTTP."""

from __future__ import annotations

import pytest

from licensespring_async.sandbox import Consumption, License, Product, Sandbox, SandboxClock, World

from .calling import FEATURE, Caller, refusal, verify

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


@pytest.fixture
def counted(license: License) -> License:
    """A license with 3 of 10 consumed on its feature `render`."""
    license.add_feature("render", consumption=Consumption(maximum=10, total=3))
    return license


async def test_adds_to_a_feature(caller: Caller, counted: License, ask: Ask) -> None:
    """Adds one, or as many as asked, and answers with the feature's count, signed."""
    answer = await caller.post("add_feature_consumption", ask)
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    feature = counted.features["render"]
    assert answer.json() == {
        "id": feature.id,
        "license_id": counted.id,
        "max_consumptions": 10,
        "total_consumptions": 4,
        "allow_unlimited_consumptions": False,
        "allow_negative_consumptions": False,
        "allow_overages": False,
        "max_overages": 0,
        "reset_consumption": False,
        "consumption_period": None,
        "is_floating": False,
        "is_floating_cloud": False,
        "floating_timeout": None,
        "floating_users": 0,
        "company": {"id": 4071},
    }
    assert (await caller.post("add_feature_consumption", {**ask, "consumptions": "6"})).status_code == 200
    assert (await caller.json(FEATURE, ask))["total_consumptions"] == 10


async def test_refuses_more_than_is_left(caller: Caller, counted: License, ask: Ask) -> None:
    """Refuses more than is left as a whole, and counts nothing of it."""
    refused = await caller.post("add_feature_consumption", {**ask, "consumptions": 8})
    assert refusal(refused) == "feature_not_enough_consumptions"
    assert (await caller.json(FEATURE, ask))["total_consumptions"] == 3


async def test_takes_back_only_what_may_be(caller: Caller, counted: License, ask: Ask) -> None:
    """Adds a negative number only where that is allowed, and then below zero too."""
    consumption = counted.features["render"].consumption
    assert consumption is not None
    back: dict[str, object] = {**ask, "consumptions": -5}
    assert refusal(await caller.post("add_feature_consumption", back)) == "negative_consumptions_not_allowed"
    consumption.allow_negative = True
    assert (await caller.post("add_feature_consumption", back)).json()["total_consumptions"] == -2


async def test_adds_to_a_license(caller: Caller, product: Product) -> None:
    """Adds to a consumption license up to its maximum, and beyond it up to the overages that a request asks for."""
    license = product.add_license(consumption=Consumption(maximum=2))
    license.activate("hw-1")
    ask: Ask = {"product": product.short_code, "license_key": license.identifier, "hardware_id": "hw-1"}
    answer = (await caller.post("add_consumption", {**ask, "consumptions": 2})).json()
    assert (answer["id"], answer["total_consumptions"], answer["max_consumptions"]) == (license.id, 2, 2)
    assert refusal(await caller.post("add_consumption", ask)) == "license_not_enough_consumptions"

    more = await caller.post("add_consumption", {**ask, "allow_overages": True, "max_overages": 1})
    assert (more.json()["total_consumptions"], more.json()["max_overages"]) == (3, 1)
    refused = await caller.post("add_consumption", {**ask, "max_overages": 0})
    assert refusal(refused) == "license_not_enough_consumptions"
    assert license.consumption is not None
    assert license.consumption.max_overages == 1


async def test_an_unlimited_count_has_no_end(caller: Caller, counted: License, ask: Ask) -> None:
    """Refuses nothing on an unlimited count, short of what JSON can carry."""
    counted.features["render"].consumption = Consumption(maximum=1, unlimited=True)
    largest = 2**53 - 1
    assert (await caller.post("add_feature_consumption", {**ask, "consumptions": largest - 3})).status_code == 200
    refused = await caller.post("add_feature_consumption", {**ask, "consumptions": largest})
    assert refusal(refused) == "validation_error"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"consumptions": "many"}, "validation_error"),
        ({"consumptions": 1.5}, "validation_error"),
        ({"consumptions": [1]}, "validation_error"),
        ({"event": ["consumption_add", "offline_floating_consumptions_sync"]}, "validation_error"),
        ({"event": "no"}, "validation_error"),
        ({"feature": ""}, "missing_parameters"),
        ({"feature": "none"}, "unsupported_product_feature"),
        ({"feature": "plain"}, "unsupported_product_feature"),
        ({"hardware_id": "hw-9"}, "device_not_found"),
        ({"hardware_id": "\ud800"}, "invalid_json"),
    ],
)
async def test_refuses_what_makes_no_sense(
    caller: Caller, counted: License, ask: Ask, more: dict[str, object], code: str
) -> None:
    """Refuses a number, an event, a feature or a device that is none with the code that says so."""
    counted.add_feature("plain")
    assert refusal(await caller.post("add_feature_consumption", {**ask, **more})) == code


@pytest.mark.parametrize("overages", [2**53, 10**19 - 1])
async def test_overages_fit_into_a_json_number(caller: Caller, license: License, ask: Ask, overages: int) -> None:
    """Refuses a number of overages that JavaScript would write differently in the answer."""
    license.consumption = Consumption(maximum=1)
    asked = {name: value for name, value in ask.items() if name != "feature"}
    assert refusal(await caller.post("add_consumption", {**asked, "max_overages": overages})) == "validation_error"
    assert license.consumption.max_overages == 0


async def test_a_license_has_to_be_counted(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses to add to a license that is not of the consumption type."""
    assert refusal(await caller.post("add_consumption", ask)) == "license_not_consumption"


async def test_accepts_documented_events(caller: Caller, counted: License, ask: Ask) -> None:
    """Accepts each documented event."""
    for event in ("consumption_add", "offline_floating_consumptions_sync"):
        assert (await caller.post("add_feature_consumption", {**ask, "event": [event]})).status_code == 200


@pytest.mark.parametrize(("period", "days"), [("daily", 1), ("weekly", 7), ("monthly", 31), ("annually", 366)])
async def test_a_count_starts_again_with_its_period(period: str, days: int) -> None:
    """Starts a count again from 0 when its period has passed, if it is reset, whoever consumed before."""
    world = World()
    license = world.add_product("TP").add_license(key="K")
    license.activate("hw-1")
    for reset in (True, False):
        license.add_feature(
            f"reset-{reset}",
            consumption=Consumption(maximum=10, total=10, reset=reset, period=period),  # type: ignore[arg-type]  # pyright: ignore
        )
    clock = SandboxClock()
    ask = {"product": "TP", "license_key": "K", "hardware_id": "hw-1"}
    with_clock = Sandbox(world, clock=clock)
    clock.advance(days * 86_400)
    client = with_clock.in_process_client()
    totals = [
        (await client.check_license_feature(feature=f"reset-{reset}", **ask)).total_consumptions  # type: ignore[arg-type]  # pyright: ignore
        for reset in (True, False)
    ]
    assert totals == [0, 10]
