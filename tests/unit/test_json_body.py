"""Bytes to JSON values, stricter than the standard library."""

from __future__ import annotations

import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ResponseError
from licensespring_async.models.json_body import decode

from .strategies import JSON

BAD = {
    "empty": b"",
    "blank": b" \n",
    "NaN": b'{"id":NaN}',
    "Infinity": b'{"id":Infinity}',
    "-Infinity": b"[-Infinity]",
    "a float out of range": b'{"id":1e999}',
    "a negative float out of range": b"-1e999",
    "an integer of 5,000 digits": b'{"id":' + b"9" * 5_000 + b"}",
    "100,000 open arrays": b"[" * 100_000,
    "100,000 nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "100,000 open objects": b'{"a":' * 100_000,
    "invalid UTF-8": b'{"code":"\xff\xfe"}',
    "Latin-1": '{"name":"Käse"}'.encode("latin-1"),
    "UTF-16": '{"id":1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"id":1}'.encode("utf-16-le"),
    "UTF-32": '{"id":1}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"id":1}',
    "an escaped lone surrogate": b'{"name":"\\ud800"}',
    "an escaped lone surrogate in capitals": b'{"name":"\\uDFFF"}',
    "an escaped lone surrogate as a name": b'{"\\udead":1}',
    "a pair in the wrong order": b'["\\udc00\\ud800"]',
    "an encoded surrogate": b'{"name":"\xed\xa0\x80"}',
    "trailing garbage": b'{"id":1}garbage',
    "two values": b"{} {}",
    "a truncated object": b'{"id":1',
    "a truncated text": b'"abc',
    "single quotes": b"{'id':1}",
    "a trailing comma": b"[1,]",
    "a comment": b"[1] // one",
    "a raw control character": b'"\n"',
    "an HTML page": b"<html><body>Bad gateway</body></html>",
    "a NUL": b"\0",
    "a name twice": b'{"a":1,"a":2}',
    "a name twice, once escaped": b'[{"\\u0061":1,"a":1}]',
    "a number of 41 digits": b"[-1" + b"0" * 40 + b"]",
    "a value more than are read unsigned": b"[" + b"0," * 20_000 + b"0]",
    "a byte more than is read unsigned": b'"' + b"a" * (256 * 1024 - 1) + b'"',
}

LEAKY = b'{"license_key":"KEY-9"}'

bad = pytest.mark.parametrize("body", list(BAD.values()), ids=list(BAD))


@bad
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """Refuses what is not one JSON text, and chains no error of the standard library's, which carries the body."""
    with pytest.raises(ResponseError) as caught:
        decode(body)

    assert caught.value.__context__ is None


@pytest.mark.parametrize("tail", [b"\xff", b"NaN", b"\\ud800", b'"', b"garbage"])
def test_the_text_of_a_refusal_holds_no_body(tail: bytes) -> None:
    """Says what is wrong without showing the body, which may hold keys."""
    with pytest.raises(ResponseError) as caught:
        decode(LEAKY + tail)

    assert "KEY-9" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{"id": 1} \n', {"id": 1}),
        (b"[]", []),
        (b'"license_deactivated"', "license_deactivated"),
        (b"null", None),
        (b"true", True),
        (b"9223372036854775808", 2**63),
        (b"1801223344556677", 1801223344556677),
        (b"-5", -5),
        (b"5.0", 5.0),
        (b"1e308", 1e308),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b'"\\\\ud800"', "\\ud800"),
        ('"Käse \N{GRINNING FACE}"'.encode(), "Käse \N{GRINNING FACE}"),
    ],
)
def test_json_is_read(body: bytes, value: object) -> None:
    """Reads every JSON text, integers exactly."""
    read = decode(body)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("body", [b"[" + b"0," * 19_999 + b"0]", b'"' + b"a" * (256 * 1024 - 2) + b'"'])
def test_as_much_as_anybody_needs_is_read(body: bytes) -> None:
    """Reads 20,000 values or 256 KiB whoever wrote them."""
    assert decode(body) == json.loads(body)


def test_more_is_read_of_what_is_signed() -> None:
    """Reads any number of values when a trusted key has signed them."""
    assert decode(b"[" + b"0," * 99_999 + b"0]", is_signed=True) == [0] * 100_000


def test_nesting_is_bounded_in_what_is_signed() -> None:
    """Refuses what would exhaust the stack, though it is signed."""
    with pytest.raises(ResponseError):
        decode(b"[" * 200_000 + b"]" * 200_000, is_signed=True)


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["arrays", "objects"])
def test_nesting_has_one_bound(opens: bytes, closes: bytes) -> None:
    """Reads 100 levels and refuses 200, so that what was read can be written as JSON and copied from anywhere."""
    assert decode(opens * 100 + b"1" + closes * 100) == json.loads(opens * 100 + b"1" + closes * 100)
    for is_signed in (True, False):
        with pytest.raises(ResponseError, match="nested too deeply"):
            decode(opens * 200 + b"1" + closes * 200, is_signed=is_signed)


@given(value=JSON, escaped=st.booleans(), indent=st.sampled_from([None, 2]))
def test_every_value_goes_there_and_back(value: object, escaped: bool, indent: int | None) -> None:
    """Reads back what any JSON encoder wrote, escaped or not."""
    assert decode(json.dumps(value, ensure_ascii=escaped, indent=indent).encode()) == value


@given(body=st.binary() | st.text(alphabet='[]{}",:\\ud8cDE019.-+eNaInfity \n').map(str.encode))
def test_any_bytes(body: bytes) -> None:
    """Reads any bytes as JSON, or raises ResponseError, and nothing else."""
    try:
        value = decode(body)
    except ResponseError:
        return
    assert json.loads(body) == value
