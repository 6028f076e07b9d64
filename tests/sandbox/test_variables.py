"""Device variables over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licensespring_async.sandbox import License

from .calling import Caller, refusal, verify

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]
TRACK, GET = "track_device_variables", "/api/v4/get_device_variables"


async def test_tracks_and_reads_variables(caller: Caller, license: License, ask: Ask) -> None:
    """Lists what was sent with milliseconds, and all of it with a text for the time; values are texts, both signed."""
    device, now = license.devices["hw-1"].id, caller.clock.now
    sent = {"site": "Ulm", "seats": 2, "beta": True, "7": 0.25}
    tracked = await caller.post(TRACK, {**ask, "variables": sent})
    verify(caller.sandbox.public_key, tracked.headers["LicenseSignature"], tracked.content)
    texts = {"site": "Ulm", "seats": "2", "beta": "true", "7": "0.25"}
    assert tracked.json() == [
        {"variable": name, "value": value, "device_id": device, "created_at": int(now * 1000)}
        for name, value in texts.items()
    ]
    created_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    read = await caller.get(GET, ask)
    verify(caller.sandbox.public_key, read.headers["LicenseSignature"], read.content)
    assert read.json() == [
        {"id": device + number, "created_at": created_at, "variable": name, "value": value, "device_id": device}
        for number, (name, value) in enumerate(texts.items(), 1)
    ]


async def test_overwrites_only_what_is_sent(caller: Caller, license: License, ask: Ask) -> None:
    """Overwrites a variable that is sent again, lists it alone, and leaves the others."""
    await caller.post(TRACK, {**ask, "variables": {"a": 1, "b": 2}})
    again = await caller.post(TRACK, {**ask, "variables": {"b": 3}})
    assert [(each["variable"], each["value"]) for each in again.json()] == [("b", "3")]
    assert {each["variable"]: each["value"] for each in await caller.json(GET, ask)} == {"a": "1", "b": "3"}


async def test_a_device_without_variables_has_none(caller: Caller, license: License, ask: Ask) -> None:
    """Lists nothing for a device that sent nothing."""
    assert await caller.json(GET, ask) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "missing_parameters"),
        ({"variables": [1]}, "validation_error"),
        ({"variables": {"a": None}}, "validation_error"),
        ({"variables": {"a": 1}, "hardware_id": "hw-9"}, "device_not_found"),
        ({"variables": {"a": 1}, "product": "NONE"}, "unknown_product"),
    ],
)
async def test_refuses_variables(
    caller: Caller, license: License, ask: Ask, more: dict[str, object], code: str
) -> None:
    """Refuses variables that are none, and a device or a product that is not there; nothing is kept."""
    assert refusal(await caller.post(TRACK, {**ask, **more})) == code
    assert license.devices["hw-1"].variables == {}
