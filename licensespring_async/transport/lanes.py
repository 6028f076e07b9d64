"""Single HTTP/1.1 connections of httpcore, httpx's lower layer, each lent to one request at a time."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import anyio
import attrs
import httpcore

from . import sockets
from .engine import decoded, joined, too_large
from .framing import ended_exactly
from .values import HttpResponse

_IDLE_SECONDS = 30.0
_CLOSING_SECONDS = 1.0


class _Stream(httpcore.AsyncNetworkStream):
    """A socket of ours as httpcore wants it."""

    def __init__(self, socket: sockets.Socket) -> None:
        self.socket = socket

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self.socket.receive()
        except OSError as e:
            raise httpcore.ReadError(str(e)) from e

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        try:
            await self.socket.send(buffer)
        except OSError as e:
            raise httpcore.WriteError(str(e)) from e

    async def aclose(self) -> None:
        await self.socket.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            await self.socket.start_tls(ssl_context, server_hostname)
        except OSError as e:
            raise httpcore.ConnectError(_why(e)) from e
        self.socket.begin()  # what went before was the handshake, or a proxy's
        return self

    def get_extra_info(self, info: str) -> Any:
        return not self.socket.is_quiet() if info == "is_readable" else None


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate was refused: {error.verify_message}"
    return error.strerror or str(error) or type(error).__name__


class _Network(httpcore.AsyncNetworkBackend):
    """Opens one lane's socket, and keeps hold of it: a cancelled handshake must not leak it."""

    socket: sockets.Socket | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            self.socket = await sockets.connect(host, port)
        except OSError as e:
            raise httpcore.ConnectError(_why(e)) from e
        return _Stream(self.socket)


class Lane:
    """One connection to one origin, and what is known about it."""

    def __init__(self, origin: httpcore.Origin, context: ssl.SSLContext | None, proxy: httpcore.Proxy | None) -> None:
        self.idle_since = 0.0
        self.used = False
        self._network = _Network()
        # Both answer handle_async_request; only the pool speaks to proxies.
        self._connection: httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool
        if proxy is None:
            self._connection = httpcore.AsyncHTTPConnection(origin, ssl_context=context, network_backend=self._network)
        else:
            self._connection = httpcore.AsyncConnectionPool(
                ssl_context=context, proxy=proxy, max_connections=1, network_backend=self._network
            )

    @property
    def sent(self) -> bool:
        """Whether any byte of the current request was written."""
        return self._network.socket is not None and self._network.socket.wrote

    def is_usable(self, now: float) -> bool:
        socket = self._network.socket
        return socket is not None and now - self.idle_since < _IDLE_SECONDS and socket.is_quiet()

    async def exchange(self, request: httpcore.Request, limit: int) -> tuple[HttpResponse, bool]:
        """Send `request`; return the answer and whether the connection can carry another."""
        if self._network.socket is not None:
            self._network.socket.begin()
        response = await self._connection.handle_async_request(request)
        headers = joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
        body = bytearray()
        try:
            async with aclosing(_iterate(response)) as parts:
                async for part in parts:
                    body += part
                    if len(body) > limit:
                        raise too_large(limit)
        finally:
            await response.aclose()
        plain = decoded(bytes(body), headers.get("content-encoding"), limit)
        return HttpResponse(response.status, headers, plain), self._may_go_on(response.status, headers)

    def _may_go_on(self, status: int, headers: dict[str, str]) -> bool:
        socket = self._network.socket
        self.used = True
        return (
            socket is not None
            and "close" not in headers.get("connection", "").lower()
            and ended_exactly(socket.received, status, headers)
            and socket.is_quiet()
        )

    def rest(self, now: float) -> None:
        self.idle_since = now
        if self._network.socket is not None:
            self._network.socket.rest()

    async def close(self) -> None:
        if self._network.socket is not None:
            with anyio.CancelScope(shield=True, deadline=anyio.current_time() + _CLOSING_SECONDS):
                await self._network.socket.abort()


@attrs.frozen(eq=False)
class Route:
    """An origin and the lanes that wait for work there, the last used at the right."""

    origin: httpcore.Origin
    host_header: bytes
    idle: deque[Lane] = attrs.field(factory=deque[Lane])

    @classmethod
    def to(cls, base: str) -> Route:
        parts = urlsplit(base)
        scheme, host = parts.scheme.encode("ascii"), (parts.hostname or "").encode("ascii")
        port = parts.port or {b"http": 80, b"https": 443}[scheme]
        return cls(httpcore.Origin(scheme, host, port), parts.netloc.encode("ascii"))


async def _iterate(response: httpcore.Response) -> AsyncGenerator[bytes, None]:
    assert isinstance(response.stream, AsyncIterable)  # noqa: S101
    async for part in response.stream:
        yield part
