"""A server's ways to misbehave, one handler each, named as toxiproxy and WireMock name them where they do.

Each speaks raw bytes over a socket of `loopback`. `BROKEN` never gives a whole, honest answer in time; `ODD` does,
in an unusual way.
"""

from __future__ import annotations

import gzip
import random
from base64 import b64decode
from collections.abc import Iterable

import anyio

from .loopback import Connection, Handler, ok

FEATURE = (
    b'{"id":7,"license_id":8,"code":"render","name":"Rendering","feature_type":"activation","expiry_date":null,'
    b'"metadata":{},"is_floating":false,"is_floating_cloud":false}'
)
"""An answer that a client would believe."""

_HEAD = b"HTTP/1.1 200 OK\r\n"
_ANSWER = ok(FEATURE)
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_BLOCK = b"x" * 65536
# 64 MiB of zeros.
_BROTLI_BOMB = b64decode(
    "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+"
    "CYA4LADQvf/j//8f/BMAcVgAoHv/Nw=="
)


def _error(body: bytes) -> bytes:
    return ok(body).replace(b"200 OK", b"400 Bad Request", 1)


def _gzip_bomb() -> bytes:
    return gzip.compress(bytes(64 * 2**20), compresslevel=9)


def says(*parts: bytes, pause: float = 0.0, closes: bool = True) -> Handler:
    """Return a handler that sends these parts in answer to each request, and then closes or is silent."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        for part in parts:
            await connection.send(part)
            await anyio.sleep(pause)
        if not closes:
            await connection.until_gone()

    return handle


def repeats(start: bytes, again: bytes, pause: float = 0.0) -> Handler:
    """Return a handler whose answer has a start and no end."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(start)
        while True:
            await connection.send(again)
            await anyio.sleep(pause)

    return handle


def slices(data: bytes, size: int) -> Iterable[bytes]:
    """Cut bytes into pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


async def _resets(connection: Connection) -> None:
    await connection.request()
    await connection.send(_ANSWER[:-20])
    await connection.reset()


async def _resets_at_once(connection: Connection) -> None:
    await connection.request()
    await connection.reset()


async def _resets_before_the_request(connection: Connection) -> None:
    await connection.reset()


async def _never_reads(connection: Connection) -> None:
    await anyio.sleep(5)


async def _talks_before_it_is_asked(connection: Connection) -> None:
    await connection.send(b"220 mail.example ESMTP ready\r\n")
    await connection.until_gone()


def _announces(*lengths: str) -> bytes:
    lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
    return _HEAD + lines.encode() + b"\r\n" + FEATURE


_ODD_VERSIONS = ("0.9", "1.9", "2.0", "3.0", "1", "1.10")
_LENGTH = len(FEATURE)
_LATE = 5.0  # seconds, behind every time-out of the tests

BROKEN: dict[str, Handler] = {
    # toxiproxy
    "latency": says(b"", _ANSWER, pause=_LATE),
    "bandwidth": says(*slices(_ANSWER, 1), pause=0.1),
    "slow_close": says(_HEAD + b"\r\n" + FEATURE, pause=_LATE),
    "timeout": says(closes=False),
    "reset_peer": _resets,
    "reset_peer at once": _resets_at_once,
    "reset_peer before the request": _resets_before_the_request,
    "slicer": says(*slices(_ANSWER, 8), pause=0.1),
    "limit_data": says(_ANSWER[:-20]),
    "limit_data in the head": says(_ANSWER[:30]),
    # WireMock
    "empty response": says(),
    "malformed chunk": says(_CHUNKED + b"lskdu018973t09sylgasjkfg1][]'./.sdlv"),
    "random data then close": says(random.Random(4).randbytes(2000)),
    # lengths
    "content length too short": says(_announces(str(_LENGTH - 20))),
    "content length too long": says(_announces(str(_LENGTH + 20))),
    "content length too long, open": says(_announces(str(_LENGTH + 20)), closes=False),
    "content length negative": says(_announces("-1")),
    "two content lengths": says(_announces(str(_LENGTH), str(_LENGTH - 1))),
    "content length not a number": says(_announces("many")),
    "content length with 5,000 digits": says(_announces("9" * 5000)),
    "content length of an exabyte": says(_announces(str(2**60)), closes=False),
    "chunk of an exabyte": says(_CHUNKED + b"1000000000000000\r\n" + FEATURE, closes=False),
    "chunk of more digits than a number has": says(_CHUNKED + b"f" * 40 + b"\r\n" + FEATURE),
    "negative chunk": says(_CHUNKED + b"-5\r\n" + FEATURE + b"\r\n0\r\n\r\n"),
    "no last chunk": says(_CHUNKED + b"%x\r\n%b\r\n" % (_LENGTH, FEATURE)),
    # without an end
    "dribble": repeats(_HEAD + b"Content-Length: 100000\r\n\r\n", b" ", pause=0.01),
    "dribbling head": repeats(_HEAD + b"X-Dribble: ", b"x", pause=0.01),
    "endless headers": repeats(_HEAD, b"X-More: %b\r\n" % (b"y" * 1000)),
    "endless header line": repeats(_HEAD + b"X-Long: ", _BLOCK),
    "endless status line": repeats(b"HTTP/1.1 200 ", _BLOCK),
    "endless body": repeats(_HEAD + b"\r\n", _BLOCK),
    "endless chunks": repeats(_CHUNKED, b"10000\r\n%b\r\n" % _BLOCK),
    "endless chunk extension": repeats(_CHUNKED + b"5;", _BLOCK),
    "endless trailers": repeats(_CHUNKED + b"0\r\n", b"X-More: %b\r\n" % (b"y" * 1000)),
    "endless blanks behind the JSON": repeats(_HEAD + b"\r\n" + FEATURE, b" " * 65536),
    "1xx flood": repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "1xx flood with hints": repeats(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500),
    "1xx dribble": repeats(b"", b"HTTP/1.1 102 Processing\r\n\r\n", pause=0.01),
    # bombs
    "gzip bomb": says(ok(_gzip_bomb(), "Content-Encoding: gzip")),
    "gzip bomb in a gzip bomb": says(ok(gzip.compress(_gzip_bomb()), "Content-Encoding: gzip, gzip")),
    "brotli bomb": says(ok(_BROTLI_BOMB, "Content-Encoding: br")),
    # JSON, which takes many times its size to read
    "JSON of a million numbers": says(ok(b"[%b1]" % (b"1," * 1_000_000))),
    "JSON of a million numbers in an error": says(_error(b"[%b1]" % (b"1," * 1_000_000))),
    "JSON of many objects": says(ok(b"[%b{}]" % (b'{"":{}},' * 30_000))),
    "JSON of many objects in an error": says(_error(b"[%b{}]" % (b'{"":{}},' * 200_000))),
    "JSON of a wide text in an error": says(_error(b'{"code": "%b\xf0\x9f\x98\x80"}' % (b"a" * 2_000_000))),
    "deflate that nobody asked for": says(ok(FEATURE, "Content-Encoding: deflate")),
    "gzip that is none": says(ok(FEATURE, "Content-Encoding: gzip")),
    "gzip cut short": says(ok(gzip.compress(FEATURE)[:-9], "Content-Encoding: gzip")),
    # other protocols
    "HTTP/0.9 without a head": says(FEATURE),
    "HTTP/2 preface": says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", closes=False),
    "HTTP/2 settings": says(b"\0\0\0\4\0\0\0\0\0", closes=False),
    **{f"HTTP/{version}": says(_ANSWER.replace(b"1.1", version.encode(), 1)) for version in _ODD_VERSIONS},
    "TLS alert": says(b"\x15\x03\x01\x00\x02\x02\x46"),
    "mail server": _talks_before_it_is_asked,
    "never reads": _never_reads,
    "switches protocols": says(_HEAD.replace(b"200", b"101") + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    # heads
    "status 999": says(_ANSWER.replace(b"200", b"999")),
    "status of four digits": says(_ANSWER.replace(b"200", b"2000")),
    "status that is no number": says(_ANSWER.replace(b"200", b"abc")),
    "header without a colon": says(_HEAD + b"nonsense\r\n\r\n" + FEATURE),
    "header with a zero byte": says(_HEAD + b"X-Zero: a\0b\r\nContent-Length: %d\r\n\r\n" % _LENGTH + FEATURE),
    "only line ends": repeats(b"", b"\r\n" * 30000),
    # redirects
    **{
        f"redirect {status}": says(
            b"HTTP/1.1 %d Elsewhere\r\nLocation: http://127.0.0.1:9/\r\n" % status
            + b"Content-Length: %d\r\n\r\n" % _LENGTH
            + FEATURE
        )
        for status in (300, 301, 302, 303, 304, 305, 307, 308)
    },
}

ODD: dict[str, Handler] = {
    "latency": says(b"", _ANSWER, pause=0.05),
    "slicer": says(*slices(_ANSWER, 8)),
    "1xx first": says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + _ANSWER),
    "gzip": says(ok(gzip.compress(FEATURE), "Content-Encoding: gzip")),
    "until close": says(_HEAD + b"\r\n" + FEATURE),
    "chunks of a byte": says(_CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in FEATURE) + b"0\r\n\r\n"),
}

GREEDY = (
    *("gzip bomb", "gzip bomb in a gzip bomb", "brotli bomb", "endless body", "endless chunks", "endless headers"),
    *("endless header line", "endless status line", "endless chunk extension", "endless trailers", "1xx flood"),
    *("content length of an exabyte", "chunk of an exabyte", "endless blanks behind the JSON", "only line ends"),
    *("JSON of a million numbers", "JSON of a million numbers in an error", "JSON of many objects"),
    *("JSON of many objects in an error", "JSON of a wide text in an error"),
)
"""Those of `BROKEN` that want the client's memory."""


def answers_twice(*bodies: bytes, forged: bytes) -> Handler:
    """Return a handler that sends, behind each answer, another one that nobody asked for."""
    left = list(bodies)

    async def handle(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(ok(left.pop(0)) + ok(forged))

    return handle
