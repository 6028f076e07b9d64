"""Where an HTTP/1.1 answer ends, computed from the raw bytes.

HTTP libraries buffer surplus bytes after an answer and take them for the answer to the next request. Comparing the
declared length of an answer with the bytes that were read finds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# HTTP/1.0 ends with its connection, and interim answers come before the one that counts.
_FINAL = (b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 5")
# int() would also read "-6", "+5", "0x5" and "0_5".
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;|$)")


def ended_exactly(received: bytes | bytearray, status: int, headers: Mapping[str, str]) -> bool:
    """Return whether `received` is exactly one whole answer; when in doubt, False.

    Args:
        received: Everything read since the request was sent.
        status: The answer's status.
        headers: The answer's headers, names in lower case.

    Source: RFC 9112, 6.3 and 7.1
    """
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0 or not received.startswith(_FINAL):
        return False
    if received.count(b"\n", 0, head_end) != received.count(b"\r\n", 0, head_end):
        return False  # h11 takes a bare line feed for a line end, so the head may have ended earlier
    body_length = len(received) - head_end - 4
    if status in (204, 304):
        return body_length == 0
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is None:
        return length == str(body_length)
    # With both, an intermediary may have gone by the other one (RFC 9112, 6.3).
    return length is None and coding.lower() == "chunked" and _chunked_length(received, head_end + 4) == body_length


def _chunked_length(received: bytes | bytearray, start: int) -> int | None:
    at = start
    while (line_end := received.find(b"\r\n", at)) >= 0:
        digits = _CHUNK_SIZE.match(received, at, line_end)
        if digits is None:
            return None
        size = int(digits[1], 16)
        at = line_end + 2
        if size == 0:
            # Trailers, which nobody sends to us, fail this test and end the connection: harmless.
            return at + 2 - start if received[at : at + 2] == b"\r\n" else None
        at += size + 2
    return None
