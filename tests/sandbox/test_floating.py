"""Floating slots: how many there are, who holds them, and when they lapse."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest

from licensespring_async.sandbox import License, Slots

from .calling import BUNDLE, FEATURE, Caller

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


async def test_gives_a_slot_to_each_device(caller: Caller, license: License, ask: Ask) -> None:
    """Counts each device that uses the feature."""
    license.add_feature("render", floating_users=2)
    license.activate("hw-2")
    first = await caller.json(FEATURE, ask)
    second = await caller.json(FEATURE, {**ask, "hardware_id": "hw-2"})
    assert [answer["floating_in_use_devices"] for answer in (first, second)] == [1, 2]


async def test_renews_a_devices_own_slot(caller: Caller, license: License, ask: Ask) -> None:
    """Counts a device once, however often it checks."""
    license.add_feature("render", floating_users=2)
    answers = [await caller.json(FEATURE, ask) for _ in range(3)]
    assert [answer["floating_in_use_devices"] for answer in answers] == [1, 1, 1]


async def test_refuses_when_all_are_taken(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses a device while others hold all slots with floating_not_available, and renews theirs."""
    license.add_feature("render", floating_users=1)
    license.activate("hw-2")
    await caller.json(FEATURE, ask)
    assert await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"}) == "floating_not_available"
    assert (await caller.get(FEATURE, ask)).status_code == 200


async def test_frees_a_slot_that_lapsed(caller: Caller, license: License, ask: Ask) -> None:
    """Frees a slot floating_timeout minutes after it was taken."""
    license.add_feature("render", floating_users=1, floating_timeout=10)
    license.activate("hw-2")
    await caller.json(FEATURE, ask)
    caller.clock.advance(minutes=9.9)
    assert await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"}) == "floating_not_available"
    caller.clock.advance(minutes=0.1)
    assert (await caller.json(FEATURE, {**ask, "hardware_id": "hw-2"}))["floating_in_use_devices"] == 1


async def test_a_renewal_starts_the_time_again(caller: Caller, license: License, ask: Ask) -> None:
    """Counts the minutes from the last renewal, not from when the slot was taken."""
    license.add_feature("render", floating_users=1, floating_timeout=10)
    license.activate("hw-2")
    for _ in range(3):
        await caller.json(FEATURE, ask)
        caller.clock.advance(minutes=9)
    assert await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"}) == "floating_not_available"


async def test_a_refused_device_takes_nothing(caller: Caller, license: License, ask: Ask) -> None:
    """Gives no slot to a device that is refused for another reason."""
    feature = license.add_feature("render", floating_users=1)
    await caller.code(FEATURE, {**ask, "hardware_id": "hw-2"})
    assert (await caller.json(FEATURE, ask))["floating_in_use_devices"] == 1
    assert feature.slots is not None


async def test_deactivation_frees_a_slot(caller: Caller, license: License, ask: Ask) -> None:
    """Frees the slots of a device that is deactivated."""
    license.add_feature("render", floating_users=1)
    license.activate("hw-2")
    await caller.json(FEATURE, ask)
    license.deactivate("hw-1")
    assert (await caller.get(FEATURE, {**ask, "hardware_id": "hw-2"})).status_code == 200


async def test_fifty_takers_of_five_slots(caller: Caller, license: License, ask: Ask) -> None:
    """Gives exactly 5 slots to 50 devices that ask at the same time."""
    license.max_activations = 51
    license.add_feature("render", floating_users=5)
    statuses: Counter[int] = Counter()

    async def take(number: int) -> None:
        device = license.activate(f"taker-{number}").hardware_id
        statuses[(await caller.get(FEATURE, {**ask, "hardware_id": device})).status_code] += 1

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(take, number)
    assert statuses == {200: 5, 400: 45}


async def test_a_bundle_floats(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Gives a floating bundle's slots to as many devices as it allows."""
    bundle.slots = Slots(allowed=1)
    bundle.activate("hw-2")
    await caller.json(BUNDLE, ask_bundle)
    assert await caller.code(BUNDLE, {**ask_bundle, "hardware_id": "hw-2"}) == "floating_not_available"


async def test_a_head_request_takes_nothing(caller: Caller, license: License, ask: Ask) -> None:
    """Refuses HEAD, which would otherwise take a slot unseen."""
    license.add_feature("render", floating_users=1)
    response = await caller.http.head(f"{caller.sandbox.url}{FEATURE}", params=ask, headers=caller.signed())
    assert response.status_code == 405
