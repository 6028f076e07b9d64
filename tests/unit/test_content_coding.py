"""Headers and content codings of answers."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ResponseError
from licensespring_async.transport.engines.bodies import MAX_BODY, decoded, header, joined

LIMIT = 1_000


@pytest.mark.parametrize("coding", [None, "", "identity", " Identity "])
def test_a_plain_body_stays_as_it_is(coding: str | None) -> None:
    """Leaves a body alone that is not coded."""
    assert decoded(b"\x1f\x8b{}", coding, LIMIT) == b"\x1f\x8b{}"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_is_read(coding: str) -> None:
    """Undoes gzip, which proxies apply unasked."""
    assert decoded(gzip.compress(b"hello"), coding, LIMIT) == b"hello"


@given(body=st.binary(max_size=LIMIT))
def test_any_body_survives_gzip(body: bytes) -> None:
    """Undoes gzip of any body up to the limit."""
    assert decoded(gzip.compress(body), "gzip", LIMIT) == body


@pytest.mark.parametrize("size", [LIMIT, LIMIT - 1, 0])
def test_a_body_at_the_limit_is_read(size: int) -> None:
    """Reads a body of exactly as many bytes as are allowed."""
    assert len(decoded(gzip.compress(bytes(size)), "gzip", LIMIT)) == size


@pytest.mark.parametrize("size", [LIMIT + 1, 50_000_000])
def test_a_bomb_is_refused(size: int) -> None:
    """Refuses a body that expands past the limit."""
    with pytest.raises(ResponseError, match="1000 bytes"):
        decoded(gzip.compress(bytes(size)), "gzip", LIMIT)


def test_a_bomb_stops_at_the_limit() -> None:
    """Reads no further than the limit: what comes behind it is not even looked at."""
    bomb = gzip.compress(bytes(1_000_000))

    with pytest.raises(ResponseError, match="larger than"):
        decoded(bomb[: len(bomb) // 2] + b"broken", "gzip", LIMIT)


PACKED = gzip.compress(b"hello world, hello world")
BROKEN = {
    "truncated": PACKED[:-1],
    "cut in half": PACKED[: len(PACKED) // 2],
    "trailing bytes": PACKED + b"x",
    "a second answer": PACKED + PACKED,
    "wrong checksum": PACKED[:-8] + bytes(8),
    "no gzip": b"hello",
    "zlib": zlib.compress(b"hello"),
}


@pytest.mark.parametrize("body", list(BROKEN.values()), ids=list(BROKEN))
def test_a_broken_body_is_refused(body: bytes) -> None:
    """Refuses gzip that is cut, damaged or followed by more."""
    with pytest.raises(ResponseError) as caught:
        decoded(body, "gzip", LIMIT)

    assert caught.value.__cause__ is None


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "gzip,br", "identity, gzip", "*"])
def test_another_coding_is_refused(coding: str) -> None:
    """Refuses a coding that was never asked for."""
    with pytest.raises(ResponseError):
        decoded(b"hello", coding, LIMIT)


@given(body=st.binary(), coding=st.text() | st.just("gzip"))
def test_any_body_in_any_coding(body: bytes, coding: str) -> None:
    """Undoes any coding, or raises ResponseError, and nothing else."""
    try:
        plain = decoded(body, coding, LIMIT)
    except ResponseError:
        return
    assert isinstance(plain, bytes)


def test_the_largest_body_is_a_megabyte() -> None:
    """Allows bodies far larger than any real one, and far smaller than memory."""
    assert MAX_BODY == 1024 * 1024


def test_headers_lose_their_case() -> None:
    """Gives names in lower case."""
    assert header(b"LICENSESIGNATURE", b"\t a b ") == ("licensesignature", "a b")
    assert header(b"\xc4", b"\xc4") == ("ä", "Ä")


def test_repeated_headers_are_joined() -> None:
    """Joins what was sent more than once, so that two signatures are never mistaken for one."""
    headers = joined([("licensesignature", "one"), ("date", "x"), ("licensesignature", "two")])

    assert headers == {"licensesignature": "one, two", "date": "x"}
