"""One connection of the `fast` engine: it sends a request, and parses the answer as bytes arrive.

llhttp reads strictly: no leniency is switched on. As in the httpx engine, these also end a connection: surplus bytes,
an over-long head, endless interim answers, an upgrade, an unexpected version.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from ...errors import ConnectionFailed, ConnectionLost, LicenseSpringError, ResponseError
from ..values import HttpResponse
from .bodies import check_version, content, header, joined, too_large
from .framing import ended_exactly
from .sockets import hang_up, is_silent

Outcome = HttpResponse | LicenseSpringError | None
"""The result of a request; None if its time was over."""

_LONGEST_HEAD: Final = 64 * 1024  # bytes, interim answers included
_FRAMING: Final = 256 * 1024  # bytes besides the body
_REMEMBERED: Final = 2**20  # bytes of an answer that are kept; a longer one ends its connection


class Wire(asyncio.Protocol):
    """A connection that is ready for requests.

    Args:
        raw: Its socket.
        max_body: Bytes of a decoded body above which an answer is refused.
        free: Called when it can carry another request.
    """

    def __init__(self, raw: socket.socket, max_body: int, free: Callable[[Wire], None]) -> None:
        self._raw = raw
        self._max_body = max_body
        self._free = free
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._outcome: asyncio.Future[Outcome] | None = None  # of the request under way
        self._is_over = False
        self._is_inside_tls = False
        self.idle_since = 0.0
        self._begin()

    def ask(self, request: bytes, outcome: asyncio.Future[Outcome]) -> None:
        """Send a request; the future receives its answer or its error."""
        if self._transport is None or self._is_over:
            outcome.set_result(ConnectionFailed("no connection: the server closed it before the request was sent"))
            return
        self._outcome = outcome
        self._transport.write(request)

    def leave(self, outcome: asyncio.Future[Outcome]) -> None:
        """Close the connection if that request is still under way on it: its answer is no longer wanted."""
        if self._outcome is outcome:
            self.close()

    def is_usable(self) -> bool:
        # A busy event loop may not have noticed yet that the server closed it.
        return not self._is_over and is_silent(self._raw)

    def close(self) -> None:
        """Close at once, without a TLS goodbye."""
        self._is_over = True
        self._outcome = None
        if self._transport is not None:
            hang_up(self._transport, self._loop, self._raw)

    def _begin(self) -> None:
        self._received: bytes | bytearray = b""
        self._size = 0  # bytes received
        self._status = 0
        self._pairs: list[tuple[str, str]] = []
        self._headers: dict[str, str] | None = None
        self._parts: list[bytes] = []
        self._body_size = 0
        self._is_whole = False
        self._keeps = False

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass of it
        self._parser = HttpResponseParser(self)
        self._is_inside_tls = transport.get_extra_info("ssl_object") is not None
        if self._is_over:  # the peer sent something with the end of the TLS handshake, or closed
            self.close()

    def data_received(self, data: bytes) -> None:
        if self._outcome is None or self._parser is None:
            self.close()  # unasked
            return
        self._remember(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as e:
            if not self._is_whole:
                self._fail(_reason(e))
                return
        if self._is_whole:
            self._finish()
        elif self._headers is None and self._size > _LONGEST_HEAD:
            self._fail(ResponseError(f"the answer's head is longer than {_LONGEST_HEAD} bytes; it was discarded"))
        elif self._size > self._max_body + _FRAMING:
            self._fail(too_large(self._max_body))

    def eof_received(self) -> None:
        if self._outcome is not None and self._headers is not None and _ends_with_its_connection(self._headers):
            self._finish()
        self._end("it was closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("it was closed" if exc is None else type(exc).__name__)
        self._parser = None  # which refers back to this

    def _end(self, why: str) -> None:
        self._is_over = True
        if self._outcome is not None:
            self._fail(_lost(why))

    def _remember(self, data: bytes) -> None:
        self._size += len(data)
        if not self._received:
            self._received = data
        elif len(self._received) < _REMEMBERED:
            if isinstance(self._received, bytes):
                self._received = bytearray(self._received)
            self._received += data

    # Called by llhttp.

    def on_message_begin(self) -> None:
        if self._is_whole:
            raise _lost("surplus bytes followed the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers is None:  # else it is a trailer, which nothing reads, and may be as long as a body
            self._pairs.append(header(name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # noqa: S101
        status = self._parser.get_status_code()
        if status == 101:
            raise _lost("the server changed the protocol unasked")
        if status < 200:
            self._pairs = []
            return
        check_version(f"HTTP/{self._parser.get_http_version()}")
        headers = joined(self._pairs)
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise _lost("the answer has a transfer coding that was not requested")
        self._status, self._headers = status, headers

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size > self._max_body:
            raise too_large(self._max_body)
        self._parts.append(body)

    def on_message_complete(self) -> None:
        assert self._parser is not None  # noqa: S101
        if self._headers is not None:
            self._is_whole = True
            self._keeps = self._parser.should_keep_alive()  # the parser tells only here
        elif self._parts:
            raise _lost("an interim answer had a body")  # llhttp reads one that is declared

    def _finish(self) -> None:
        outcome, self._outcome = self._outcome, None
        status, headers = self._status, self._headers
        assert outcome is not None  # noqa: S101
        assert headers is not None  # noqa: S101
        keeps = self._keeps and ended_exactly(self._received, status, headers)
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._begin()
        result: HttpResponse | ResponseError
        try:
            result = HttpResponse(status, headers, content(status, headers, body, self._max_body))
        except ResponseError as e:
            result = e
        if not keeps or self._is_over:
            self.close()
        elif self._is_inside_tls:
            # TLS may have read the server's goodbye with the answer, and tells it next.
            self._loop.call_soon(self._free, self)
        else:
            self._free(self)
        if not outcome.done():
            outcome.set_result(result)

    def _fail(self, error: LicenseSpringError) -> None:
        outcome = self._outcome
        self.close()
        if outcome is not None and not outcome.done():
            outcome.set_result(error)


def _ends_with_its_connection(headers: dict[str, str]) -> bool:
    return "content-length" not in headers and "transfer-encoding" not in headers


def _lost(why: str) -> ConnectionLost:
    return ConnectionLost(f"the connection broke before a whole answer had arrived: {why}")


def _reason(error: Exception) -> LicenseSpringError:
    # httptools wraps what our callbacks raise: it is the context of its own error.
    if isinstance(error.__context__, LicenseSpringError):
        return error.__context__
    return _lost("the answer is not valid HTTP/1.1")
