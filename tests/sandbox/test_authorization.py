"""Authorization by API key."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from licensespring_async.sandbox import License, Sandbox
from licensespring_async.sandbox.tenants.authorization import signature

from .calling import FEATURE, Caller, authorization, refusal

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


def test_signs_the_documented_vector() -> None:
    """Computes the signature that the vendor's page documents."""
    shared_key = "kw4qSnpSwXzgiv5yxYpZZmFEd9QAeiKTQ6OuyMja"
    signed = signature(shared_key, "Tue, 07 Jun 2011 20:51:35 GMT")
    assert signed == "UDysfR6MndUZReo07Y9r+vErn8vSxrnQ5ulit18iJ/Q="


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("apikey=", "apikey="),
        ("apikey=", "apiKey="),
        ("apikey=", "APIKEY="),
        (",", ", "),
        ("hmac-sha256", "HMAC-SHA256"),
        ('algorithm="hmac-sha256",', ""),
    ],
)
async def test_accepts_documented_spellings(caller: Caller, license: License, ask: Ask, old: str, new: str) -> None:
    """Accepts each spelling of the Authorization header that is documented or that a known client sends."""
    license.add_feature("render")
    headers = caller.signed()
    headers["Authorization"] = headers["Authorization"].replace(old, new)
    assert (await caller.get(FEATURE, ask, headers)).status_code == 200


async def test_accepts_parts_in_any_order(caller: Caller, license: License, ask: Ask) -> None:
    """Accepts the parts of the Authorization header in any order."""
    license.add_feature("render")
    headers = caller.signed()
    headers["Authorization"] = ", ".join(reversed(headers["Authorization"].split(",")))
    assert (await caller.get(FEATURE, ask, headers)).status_code == 200


@pytest.mark.parametrize("missing", ["Date", "Authorization"])
async def test_needs_both_headers(caller: Caller, missing: str) -> None:
    """Refuses a request without Date or Authorization with missing_headers."""
    headers = {name: value for name, value in caller.signed().items() if name != missing}
    assert refusal(await caller.get(FEATURE, {}, headers)) == "missing_headers"


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "nonsense", 'headers="date" signature="x"', ","])
async def test_refuses_malformed_authorization(caller: Caller, value: str) -> None:
    """Refuses an Authorization header that is no list of parts with authorization_invalid_headers."""
    headers = {**caller.signed(), "Authorization": value}
    assert refusal(await caller.get(FEATURE, {}, headers)) == "authorization_invalid_headers"


@pytest.mark.parametrize("part", ["headers", "signature", "apikey"])
async def test_needs_every_part(caller: Caller, part: str) -> None:
    """Refuses an Authorization header that lacks a part with authorization_missing_params."""
    headers = caller.signed()
    kept = [text for text in headers["Authorization"].split(",") if not text.startswith(part)]
    headers["Authorization"] = ",".join(kept)
    assert refusal(await caller.get(FEATURE, {}, headers)) == "authorization_missing_params"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("hmac-sha256", "hmac-md5", "hmac_required"),
        ('headers="date"', 'headers="host"', "authorization_invalid_headers"),
        ('apikey="', 'apikey="x', "invalid_api_key"),
        ('apikey="', 'apikey="é', "invalid_api_key"),
        ('signature="', 'signature="x', "signature_mismatch"),
    ],
)
async def test_refuses_wrong_parts(caller: Caller, old: str, new: str, code: str) -> None:
    """Refuses each wrong part of the Authorization header with the code that is documented for it."""
    headers = caller.signed()
    changed = headers["Authorization"].replace(old, new).encode("latin-1").decode("latin-1")
    response = await caller.http.get(
        f"{caller.sandbox.url}{FEATURE}",
        headers=[(b"Date", headers["Date"].encode()), (b"Authorization", changed.encode("latin-1"))],
    )
    assert refusal(response) == code


async def test_refuses_another_shared_key(caller: Caller) -> None:
    """Refuses a signature made with another shared key with signature_mismatch."""
    date = caller.signed()["Date"]
    headers = {"Date": date, "Authorization": authorization(caller.sandbox, date, shared_key="another")}
    assert refusal(await caller.get(FEATURE, {}, headers)) == "signature_mismatch"


async def test_refuses_the_signature_of_another_date(caller: Caller) -> None:
    """Refuses a Date that the signature does not cover with signature_mismatch."""
    headers = caller.signed()
    headers["Date"] = formatdate(caller.clock.now - 1, usegmt=True)
    assert refusal(await caller.get(FEATURE, {}, headers)) == "signature_mismatch"


@pytest.mark.parametrize(("minutes", "accepted"), [(-15, True), (15, True), (-15.1, False), (15.1, False)])
async def test_keeps_the_date_window(caller: Caller, minutes: float, accepted: bool) -> None:
    """Accepts a Date up to 15 minutes away, in the past or in the future, and refuses one beyond."""
    date = formatdate(caller.clock.now + minutes * 60, usegmt=True)
    headers = {"Date": date, "Authorization": authorization(caller.sandbox, date)}
    code = refusal(await caller.get(FEATURE, {}, headers))
    assert (code != "date_header_diff") is accepted


@pytest.mark.parametrize("date", ["yesterday", "Tue, 07 Jun 99999999999 20:51:35 GMT", "1800000000"])
async def test_refuses_a_date_that_is_none(caller: Caller, date: str) -> None:
    """Refuses a Date that cannot be read with date_header_diff."""
    headers = {"Date": date, "Authorization": authorization(caller.sandbox, date)}
    assert refusal(await caller.get(FEATURE, {}, headers)) == "date_header_diff"


async def test_reads_a_date_without_a_zone_as_utc(caller: Caller) -> None:
    """Reads a Date that names no zone as UTC."""
    date = formatdate(caller.clock.now)
    headers = {"Date": date, "Authorization": authorization(caller.sandbox, date)}
    assert refusal(await caller.get(FEATURE, {}, headers)) == "missing_hardware_id"


def test_keeps_secrets_out_of_its_repr() -> None:
    """Shows none of its secrets in its repr."""
    shown = Sandbox(api_key="key-1", shared_key="shared-1", client_secret="secret-1")
    assert not any(secret in repr(shown) for secret in ("key-1", "shared-1", "secret-1"))
