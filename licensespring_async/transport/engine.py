"""What an engine is: the one thing that puts bytes on a wire."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import urlsplit

from ..errors import ConfigurationError, ConnectionLost, ResponseError
from ..redaction import excerpt
from .values import HttpRequest, HttpResponse

MAX_BODY = 2**20
"""Bytes of a decoded body above which an answer is refused; the largest real ones are some kilobytes."""


_VERSIONS = frozenset({"HTTP/1.1", "HTTP/1.0", "HTTP/2"})  # the last through a caller's own client


class Engine(Protocol):
    """Sends one finished HTTP request and returns the whole answer.

    An engine does not sign, retry, follow redirects, decode JSON or read proxies and certificates from the environment.
    It must be safe to call from many tasks at once, and a call that is cancelled must leave nothing behind.
    """

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send a request and return its whole answer.

        Args:
            request: Signed and complete; sent as it is.
            timeout: Seconds for all of it, connecting and reading the body included.

        Raises:
            ConnectionFailed: Nothing was sent.
            ConnectionLost: The request may have been acted on.
            DeadlineExceeded: The time was over; `may_have_acted` says whether anything was sent.
            ResponseError: The answer's body is too large or coded in a way that was not asked for.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


def checked_context(context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """Return the TLS settings of a caller, if they prove who the server is; an unset lowest version becomes TLS 1.2.

    Raises:
        ConfigurationError: They do not verify the certificate or its host, or allow less than TLS 1.2.
    """
    if context is None:
        return None
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError("ssl_context: must be an ssl.SSLContext")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "ssl_context: must verify the server's certificate and host (verify_mode=ssl.CERT_REQUIRED, "
            "check_hostname=True); to trust an authority of your own, load it: load_verify_locations(cafile=...)"
        )
    # Where the system's OpenSSL decides, as in Debian's Python, nothing is set, and OpenSSL's own floor may be lower.
    if context.minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        raise ConfigurationError("ssl_context: must allow nothing older than TLS 1.2 (minimum_version)")
    return context


def checked_proxy(url: str) -> str:
    """Return the URL of an HTTP proxy.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")  # pyright: ignore[reportUnnecessaryIsInstance]
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isascii()
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError("proxy: must be the URL of an HTTP proxy, like http://user:password@host:8080")
    return url


def checked_limit(max_body: int) -> int:
    """Return the greatest number of bytes of a body.

    Raises:
        ConfigurationError: It is none.
    """
    if type(max_body) is not int or max_body < 1:
        raise ConfigurationError("max_body: must be a whole number of bytes, at least 1")
    return max_body


def check_version(version: str) -> None:
    """Refuse an answer in a version of HTTP that nobody can have asked for; h11 reads any, by the rules of 1.1.

    Raises:
        ConnectionLost: It is.
    """
    if version not in _VERSIONS:
        raise ConnectionLost(f"the server answered as {excerpt(version)!r}, which it was not spoken to in")


def too_large(limit: int) -> ResponseError:
    """Return the error for a body over the limit."""
    return ResponseError(f"the answer's body is larger than {limit} bytes; it was thrown away")


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name; repeated ones joined by ", " (RFC 9110, 5.3)."""
    pairs = [(name.lower(), value) for name, value in headers]
    once = dict(pairs)
    if len(once) == len(pairs):
        return once
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: ", ".join(each) for name, each in values.items()}


def content(status: int, headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """Return an answer's body with its coding undone; of an error answer, b"" where that is not possible.

    Raises:
        ResponseError: As `decoded`, for an answer that is no error: there the status says enough without the body.
    """
    try:
        return decoded(body, headers.get("content-encoding"), limit)
    except ResponseError:
        if status < 400:
            raise
        return b""


def decoded(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Return a body with its content coding undone, never expanding it past `limit` bytes.

    Engines ask for no coding, but gzip is common enough in proxies to be read all the same.

    Raises:
        ResponseError: Unknown coding, broken or truncated data, or more than `limit` bytes.
    """
    if len(body) > limit:
        raise too_large(limit)
    if not body or encoding is None or encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise ResponseError("the answer has a content coding that was not asked for; it was thrown away")
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
