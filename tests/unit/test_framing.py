"""Where an answer ends on the wire."""

from __future__ import annotations

from typing import SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.transport.engines.framing import ended_exactly

HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"
CHUNKED = {"transfer-encoding": "chunked"}
PARTS = st.lists(st.binary(min_size=1, max_size=300), max_size=4)
SURPLUS = st.binary(min_size=1, max_size=40)


def chunks(parts: list[bytes]) -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@given(body=st.binary(max_size=600))
def test_a_measured_answer_is_exact(body: bytes) -> None:
    """Knows the end of any body with a length."""
    assert ended_exactly(HEAD + body, 200, {"content-length": str(len(body))})


@given(parts=PARTS)
def test_a_chunked_answer_is_exact(parts: list[bytes]) -> None:
    """Knows the end of any body in chunks."""
    assert ended_exactly(bytearray(HEAD + chunks(parts)), 200, CHUNKED)


@given(body=st.binary(max_size=600), surplus=SURPLUS)
def test_bytes_behind_a_measured_answer_are_noticed(body: bytes, surplus: bytes) -> None:
    """Notices any bytes behind a body with a length."""
    assert not ended_exactly(HEAD + body + surplus, 200, {"content-length": str(len(body))})


@given(parts=PARTS, surplus=SURPLUS)
def test_bytes_behind_a_chunked_answer_are_noticed(parts: list[bytes], surplus: bytes) -> None:
    """Notices any bytes behind a body in chunks."""
    assert not ended_exactly(HEAD + chunks(parts) + surplus, 200, CHUNKED)


@given(parts=PARTS, cut=st.integers(1, 5))
def test_a_cut_answer_is_not_exact(parts: list[bytes], cut: int) -> None:
    """Notices when the end of a body in chunks is missing."""
    assert not ended_exactly((HEAD + chunks(parts))[:-cut], 200, CHUNKED)


@given(body=st.binary(min_size=1, max_size=300))
def test_a_short_body_is_not_exact(body: bytes) -> None:
    """Notices when a body is shorter than its length says."""
    assert not ended_exactly(HEAD + body[1:], 200, {"content-length": str(len(body))})


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(("tail", "exact"), [(b"", True), (b"x", False)])
def test_an_answer_without_a_body(status: int, tail: bytes, exact: bool) -> None:
    """Knows the statuses that never have a body, whatever their headers say."""
    assert ended_exactly(HEAD + tail, status, {"content-length": "5"}) is exact


@pytest.mark.parametrize(
    ("body", "exact"),
    [
        pytest.param(b"5;name=value\r\nhello\r\n0\r\n\r\n", True, id="chunk extension"),
        pytest.param(b"0005\r\nhello\r\n0\r\n\r\n", True, id="leading zeros"),
        pytest.param(b"A\r\n0123456789\r\n000\r\n\r\n", True, id="capitals"),
        pytest.param(b"0\r\nTrailer: x\r\n\r\n", False, id="trailer"),
        pytest.param(b"5\r\nhello\r\n0\r\n", False, id="end missing"),
        pytest.param(b"g\r\nhello\r\n0\r\n\r\n", False, id="no hexadecimal"),
        pytest.param(b"\r\nhello\r\n0\r\n\r\n", False, id="no size"),
        pytest.param(b"ffffffffffffffffffff\r\nhello\r\n0\r\n\r\n", False, id="a huge size"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_odd_chunks(body: bytes, exact: bool) -> None:
    """Reads the chunks of RFC 9112, 7.1, and gives up on all others."""
    assert ended_exactly(HEAD + body, 200, CHUNKED) is exact


@pytest.mark.parametrize("size", [b"+5", b"0x5", b" 5", b"0_5"])
def test_a_size_in_other_writing_is_in_doubt(size: bytes) -> None:
    """Gives up on a chunk size that is no plain hexadecimal."""
    assert not ended_exactly(HEAD + size + b"\r\nhello\r\n0\r\n\r\n", 200, CHUNKED)


class Searched(bytes):
    """Bytes that are not searched for ever."""

    searches = 0

    def find(self, *args: bytes | SupportsIndex | None) -> int:  # type: ignore[override]
        type(self).searches += 1
        assert type(self).searches < 100
        return super().find(*args)  # type: ignore[arg-type]


def test_a_negative_size_is_in_doubt() -> None:
    """Gives up on a negative chunk size instead of reading it again and again."""
    assert not ended_exactly(Searched(HEAD + b"-6\r\n0\r\n\r\n"), 200, CHUNKED)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-length": ""},
        {"content-length": "-5"},
        {"content-length": "+5"},
        {"content-length": "5, 5"},
        {"content-length": "5.0"},
        {"content-length": "0x5"},
        {"content-length": "\N{FULLWIDTH DIGIT FIVE}"},
        {"content-length": "\N{SUPERSCRIPT TWO}"},
        {"content-length": "0" * 16 + "5"},
        {"content-length": "9" * 5_000},
        {"transfer-encoding": "gzip, chunked"},
        {"transfer-encoding": "identity"},
    ],
)
def test_when_in_doubt_an_answer_is_not_exact(headers: dict[str, str]) -> None:
    """Gives up on an answer whose length is not plain."""
    assert not ended_exactly(HEAD + b"hello", 200, headers)


def test_chunks_and_a_length_end_the_connection() -> None:
    """Trusts no end that an answer tells twice, though both agree."""
    assert not ended_exactly(HEAD + chunks([b"hello"]), 200, {**CHUNKED, "content-length": "5"})


@pytest.mark.parametrize("name", ["chunked", "Chunked", "CHUNKED"])
def test_the_name_of_a_coding_has_no_case(name: str) -> None:
    """Reads the transfer coding in any case."""
    assert ended_exactly(HEAD + chunks([b"hello"]), 200, {"transfer-encoding": name})


@pytest.mark.parametrize("received", [b"", b"HTTP/1.1 200 OK\r\n", b"hello"])
def test_an_answer_without_a_head_is_not_exact(received: bytes) -> None:
    """Gives up on what has no complete head."""
    assert not ended_exactly(received, 200, {"content-length": "0"})


def test_an_interim_answer_is_in_doubt() -> None:
    """Gives up when an interim answer came first."""
    received = b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"hello"

    assert not ended_exactly(received, 200, {"content-length": "5"})
