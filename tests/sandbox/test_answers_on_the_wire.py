"""What every answer carries: signatures, the date, the envelope of an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from licensespring_async.sandbox import License, Product, Sandbox, World

from .calling import BUNDLE, FEATURE, Caller, VirtualClock, new_http, refusal, verify

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


async def test_signs_the_bytes_that_it_sends(caller: Caller, license: License, ask: Ask) -> None:
    """Signs the exact bytes of a body in the LicenseSignature header."""
    license.add_feature("render", metadata={"größe": "ß\u2028\n\u0001", "share": 0.25, "list": [1, "two", None]})
    response = await caller.get(FEATURE, ask)
    verify(caller.sandbox.public_key, response.headers["LicenseSignature"], response.content)
    assert "größe" in response.text


async def test_signs_a_bundle_as_a_whole(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Signs the whole array of a bundle in one header."""
    response = await caller.get(BUNDLE, ask_bundle)
    verify(caller.sandbox.public_key, response.headers["LicenseSignature"], response.content)


async def test_writes_compact_json(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Writes compact JSON without ASCII escapes, as JSON.stringify would write it again."""
    bundle.metadata = {"größe": "x"}
    response = await caller.get(BUNDLE, ask_bundle)
    assert response.text == json.dumps(response.json(), separators=(",", ":"), ensure_ascii=False)


async def test_signs_each_license_of_a_bundle(caller: Caller, bundle: License, ask_bundle: Ask) -> None:
    """Signs device, key and validity of each item in its license_signature, in lower case."""
    bundle.validity_period = datetime(2099, 6, 15, tzinfo=UTC)
    bundle.activate("HW-2")
    first, second = await caller.json(BUNDLE, {**ask_bundle, "hardware_id": "HW-2"})
    key = bundle.identifier.lower()
    signed = [(first, f"hw-2#{key}#2099-06-15t00:00:00.000z"), (second, f"hw-2#{key}#")]
    for item, text in signed:
        verify(caller.sandbox.public_key, item["license_signature"], text.encode())


async def test_signs_a_username_without_its_suffix(caller: Caller, world: World, product: Product) -> None:
    """Signs a user-based license over the username up to its first bar."""
    user = world.add_user("eva@example.org", username=f"Eva@{product.short_code}.example|DSE2|X")
    suite = world.add_bundle(f"V{user.id}", members=[], authorization_method="user")
    suite.add_license(user=user).activate("hw-1")
    query = {"product": suite.short_code, "username": user.username, "hardware_id": "hw-1"}
    item = (await caller.json(BUNDLE, query))[0]
    signed = f"hw-1#eva@{product.short_code.lower()}.example#"
    verify(caller.sandbox.public_key, item["license_signature"], signed.encode())


async def test_dates_its_answers_by_its_clock(caller: Caller, license: License, ask: Ask) -> None:
    """Dates answers and refusals by its own clock, once."""
    license.add_feature("render")
    expected = [formatdate(caller.clock.now, usegmt=True)]
    assert (await caller.get(FEATURE, ask)).headers.get_list("date") == expected
    assert (await caller.get(FEATURE)).headers.get_list("date") == expected


async def test_refuses_an_unknown_path(caller: Caller) -> None:
    """Refuses an unknown path with 404 not_found, in the envelope."""
    response = await caller.get("/api/v4/nothing")
    assert response.status_code == 404
    assert refusal(response) == "not_found"


async def test_refuses_a_wrong_method(caller: Caller) -> None:
    """Refuses a wrong method with 405, in the envelope, and says which is right."""
    response = await caller.http.post(f"{caller.sandbox.url}{FEATURE}", headers=caller.signed())
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")
    assert refusal(response) == "method_not_allowed"


async def test_answers_a_bug_with_internal_error(clock: VirtualClock) -> None:
    """Answers a failure of its own with 500 internal_error, in the envelope."""
    world = World()
    world.products = None  # type: ignore[assignment]  # any failure inside the service will do
    async with Sandbox(world, clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        query = {"hardware_id": "h", "product": "p", "license_key": "k", "feature": "f"}
        response = await caller.get(FEATURE, query)
    assert response.status_code == 500
    assert refusal(response) == "internal_error"
