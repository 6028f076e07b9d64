"""Whatever a body holds, under whatever status: an error of ours, and nothing that reads as licensed."""

from __future__ import annotations

import json
from itertools import product

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import LicenseSpring, LicenseSpringError, RetryPolicy, SignatureError
from licensespring_async.transport import HttpResponse

from ..fakes import ScriptedEngine, client
from . import bodies
from .fakes import DEVICE, FEATURE, VirtualTime
from .keys import Signer

one_loop = pytest.mark.parametrize("anyio_backend", ["asyncio"])  # a body is read without the event loop
GOOD = {"feature": bodies.encoded(bodies.feature()), "bundle": bodies.encoded(bodies.bundle("APP"))}


def with_field(name: str, literal: str) -> bytes:
    """A feature in which one field has this JSON text."""
    value = json.dumps(bodies.feature(**{name: "@"}))
    return value.replace('"@"', literal).encode("utf-8", "surrogatepass")


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" \r\n\t ",
    "zeros": bytes(1000),
    "invalid UTF-8": b'{"code": "\xff\xfe"}',
    "overlong UTF-8": b'{"code": "\xc0\xaf"}',
    "UTF-16": '{"code": "render"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "a page": b"<!doctype html><title>Licensed</title>",
    "true": b"true",
    "null": b"null",
    "one": b"1",
    "a string": b'"licensed"',
    "an empty object": b"{}",
    "an array in an array": b"[[]]",
    "nulls": b"[null, null]",
    "numbers": b"[1, 2, 3]",
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested in a field": with_field("metadata", "[" * 100_000 + "]" * 100_000),
    "a key twice": with_field("id", '1, "id": 2'),
    "a key twice with the same value": with_field("id", '1, "id": 1'),
    "a key twice inside": with_field("metadata", '{"tier": "gold", "tier": "gold"}'),
    "1,000,000 digits": with_field("id", "9" * 1_000_000),
    "duplicate keys, the last one wrong": with_field("id", '1, "id": "x"'),
    "NaN": with_field("id", "NaN"),
    "Infinity": with_field("id", "Infinity"),
    "-Infinity in metadata": with_field("metadata", '{"a": -Infinity}'),
    "1e999": with_field("metadata", '{"a": 1e999}'),
    "5,000 digits": with_field("id", "9" * 5000),
    "a fraction for an id": with_field("id", "1.5"),
    "true for an id": with_field("id", "true"),
    "a string for a truth": with_field("is_floating", '"false"'),
    "a number for a truth": with_field("is_floating", "1"),
    "a lone surrogate": with_field("name", '"\\ud800"'),
    "a lone surrogate as a key": with_field("metadata", '{"\\udfff": 1}'),
    "a surrogate in UTF-8": with_field("name", '"\ud800"'),
    "an array for an object": with_field("metadata", "[]"),
    "an object for a text": with_field("code", "{}"),
    "year 10000": with_field("expiry_date", '"10000-01-01T00:00:00Z"'),
    "a date of 100,000 digits": with_field("expiry_date", '"' + "9" * 100_000 + '"'),
    "two values": GOOD["feature"] * 2,
    "cut": GOOD["feature"][:-1],
    "success under an error's name": b'{"status": 200, "code": "ok", "message": "licensed"}',
    "an error with an object for a code": b'{"code": {"a": 1}, "message": ["x"]}',
    "an error with surrogates": b'{"code": "\\ud800", "message": "\\udfff"}',
    "an error that steers a terminal": b'{"code": "x", "message": "\\u001b[2J\\u0007"}',
}

STATUSES = (100, 101, 200, 201, 204, 206, 299, 301, 304, 400, 401, 403, 404, 418, 429, 500, 503, 599, 600, 999, 0, -1)
TYPES = ("application/json", "text/html", "application/octet-stream", "\xff", "")


def client_of(response: HttpResponse, signer: Signer | None) -> LicenseSpring:
    """A client that is answered this, and believes the signer, or everybody."""
    return client(
        ScriptedEngine([response]),
        VirtualTime().clock,
        retry=RetryPolicy(max_attempts=2),
        public_key=None if signer is None else signer.public_key,
        verify_signatures=signer is not None,
    )


async def outcome(response: HttpResponse, signer: Signer | None, endpoint: str) -> object:
    """What a call returns or raises; anything but ours goes through."""
    asking = client_of(response, signer)
    try:
        if endpoint == "feature":
            return await asking.check_license_feature(**FEATURE)
        return await asking.check_bundle(**DEVICE)
    except LicenseSpringError as error:
        str(error).encode()  # fit for a log
        repr(error).encode()
        return error


@pytest.mark.anyio
@one_loop
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_body_is_an_error_under_any_status(body: bytes) -> None:
    """Ends in an error of ours, though nobody verifies."""
    for status, endpoint in product(STATUSES, GOOD):
        headers = {"content-type": TYPES[status % len(TYPES)]}
        assert isinstance(await outcome(HttpResponse(status, headers, body), None, endpoint), LicenseSpringError)


@pytest.mark.anyio
@one_loop
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_signed_hostile_body_is_an_error(signer: Signer, body: bytes) -> None:
    """Ends in an error of ours, though the right key has signed it; and without a signature it is not read at all."""
    for endpoint in GOOD:
        signed = await outcome(HttpResponse(200, signer.headers(body), body), signer, endpoint)
        unsigned = await outcome(HttpResponse(200, {}, body), signer, endpoint)

        assert isinstance(signed, LicenseSpringError)
        assert type(unsigned) is SignatureError


@pytest.mark.anyio
@one_loop
@pytest.mark.parametrize("endpoint", ["feature", "bundle"])
async def test_a_good_body_under_another_status_is_an_error(signer: Signer, endpoint: str) -> None:
    """Believes no answer whose status is no success, however good and signed its body is."""
    body = GOOD[endpoint]
    headers = signer.headers(body)

    for status in (*range(100, 200), *range(300, 600), 600, 999, 0, -1):
        result = await outcome(HttpResponse(status, headers, body), signer, endpoint)
        assert isinstance(result, LicenseSpringError), status


headers = st.dictionaries(
    st.sampled_from(["licensesignature", "date", "age", "retry-after", "content-type", "location", "content-encoding"]),
    st.text(max_size=60),
)
statuses = st.integers(100, 599) | st.integers()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
texts = st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("endpoint", ["feature", "bundle"])
@given(status=statuses, headers=headers, body=texts)
def test_any_unsigned_answer_is_an_error(
    signer: Signer, endpoint: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Makes an error of ours of any bytes under any status and any headers."""
    assert isinstance(anyio.run(outcome, HttpResponse(status, headers, body), signer, endpoint), LicenseSpringError)


@given(status=statuses, headers=headers, body=texts)
def test_any_unverified_answer_is_an_error(status: int, headers: dict[str, str], body: bytes) -> None:
    """Makes an error of ours of anything that is no license feature, though nobody verifies."""
    assert isinstance(anyio.run(outcome, HttpResponse(status, headers, body), None, "feature"), LicenseSpringError)


@given(name=st.sampled_from(sorted(bodies.feature())), value=json_values)
def test_a_signed_answer_with_a_strange_field_is_a_feature_or_an_error(
    signer: Signer, name: str, value: object
) -> None:
    """Reads a field of any kind, or refuses it with an error of ours."""
    body = json.dumps(bodies.feature(**{name: value})).encode()

    result = anyio.run(outcome, HttpResponse(200, signer.headers(body), body), signer, "feature")

    assert (
        isinstance(result, LicenseSpringError)
        or json.loads(body)["license_id"] == 1801220000111122
        or (name == "license_id")
    )
