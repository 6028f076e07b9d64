"""Headers and bodies of answers, the same for every engine."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache

from ...errors import ConnectionLost, ResponseError
from ...redaction import excerpt

MAX_BODY = 2**20
"""Bytes of a decoded body above which an answer is refused; the largest real ones are some kilobytes."""

_VERSIONS = frozenset({"HTTP/1.1", "HTTP/1.0", "HTTP/2"})  # the last through a caller's own client


def check_version(version: str) -> None:
    """Reject responses with an HTTP version that we do not speak; h11 would parse them as 1.1.

    Raises:
        ConnectionLost: The version is unknown.
    """
    if version not in _VERSIONS:
        raise ConnectionLost(f"the server answered in {excerpt(version)!r}, which this client does not speak")


def too_large(limit: int) -> ResponseError:
    """Return the error for a body over the limit."""
    return ResponseError(f"the answer's body is larger than {limit} bytes; it was discarded")


@lru_cache(maxsize=64)  # a server sends the same few
def header(name: bytes, value: bytes) -> tuple[str, str]:
    """Return a header's name in lower case, and its value without the white space around it."""
    return name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")


def joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers, given with lower-case names; repeated ones joined by ", " (RFC 9110, 5.3)."""
    once = dict(pairs)
    if len(once) == len(pairs):
        return once
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: ", ".join(each) for name, each in values.items()}


def content(status: int, headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """Return an answer's decoded body; b"" for an error answer that cannot be decoded: its status says enough.

    Raises:
        ResponseError: As `decoded`, unless it is an error answer.
    """
    try:
        return decoded(body, headers.get("content-encoding"), limit)
    except ResponseError:
        if status < 400:
            raise
        return b""


def decoded(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Return a body with its content coding undone, never expanding it past `limit` bytes.

    Engines request no coding, but proxies add gzip often enough that it is read.

    Raises:
        ResponseError: Unknown coding, broken or truncated data, or more than `limit` bytes.
    """
    if len(body) > limit:
        raise too_large(limit)
    if not body or encoding is None or encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise ResponseError("the answer has a content coding that was not requested; it was discarded")
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = inflate.decompress(body, limit + 1)
    except zlib.error:
        raise ResponseError("the answer's gzip body is broken") from None
    if len(plain) > limit:
        raise too_large(limit)
    if not inflate.eof or inflate.unused_data:
        raise ResponseError("the answer's gzip body is broken")
    return plain
