"""Single HTTP/1.1 connections of httpcore, httpx's lower layer, each lent to one request at a time."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, cast

import anyio.lowlevel
import attrs
import httpcore

from ...errors import ConfigurationError
from ..values import HttpRequest, HttpResponse
from .bodies import check_version, content, header, joined, too_large
from .connecting import connect, why
from .framing import ended_exactly
from .origin import Origin, split
from .pool import Permission, Pool
from .runs import PerRun
from .sockets import Socket

_RACES = (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.ConnectionNotAvailable)
_HEAD_AND_FRAMING = 256 * 1024  # bytes besides the body


class Allowance:
    """How many bytes an answer may still take on the wire, head and framing included.

    Bytes are counted below httpcore, where they are read: stopping above it would leave its generators half run.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._left = 0

    def renew(self) -> None:
        """Start a new answer."""
        self._left = self._max_body + _HEAD_AND_FRAMING

    def spend(self, size: int) -> None:
        """Count bytes that were read.

        Raises:
            ResponseError: There are too many.
        """
        self._left -= size
        if self._left < 0:
            raise too_large(self._max_body)


class _Stream(httpcore.AsyncNetworkStream):
    """One of our sockets, with httpcore's interface."""

    def __init__(self, socket: Socket, allowance: Allowance, permission: Permission, handshakes: int) -> None:
        self.socket = socket
        self._allowance = allowance
        self._permission = permission
        self._handshakes = handshakes  # TLS handshakes before the connection is ready

    @property
    def sent(self) -> bool:
        """Whether any byte of the current request was written; a proxy's CONNECT is none."""
        return not self._handshakes and self.socket.wrote

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = await self.socket.receive()
        except OSError as e:
            raise httpcore.ReadError(str(e)) from e
        self._allowance.spend(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        if not self._handshakes:
            self._permission.pass_on()  # this is a request, so the connection is ready
        try:
            await self.socket.send(buffer)
        except OSError as e:
            # After a WriteError httpcore still reads an answer, but to a request that was not sent there is none.
            raise (httpcore.WriteError if self.socket.wrote else httpcore.ConnectError)(str(e)) from e

    async def aclose(self) -> None:
        self.socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            await self.socket.start_tls(ssl_context, server_hostname)
        except OSError as e:
            raise httpcore.ConnectError(why(e)) from e
        self._handshakes -= 1
        self.socket.begin()  # earlier bytes were the handshake's or a proxy's
        return self

    def get_extra_info(self, info: str) -> Any:
        return not self.socket.is_quiet() if info == "is_readable" else None


class _Body:
    """A body, written in one piece. Trio would warn of httpcore's own, a generator, if a request breaks off."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = 1

    def __aiter__(self) -> _Body:
        return _Body(self._data)

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        return self._data


class _Network(httpcore.AsyncNetworkBackend):
    """Opens one lane's socket, and keeps a reference: a cancelled handshake must not leak it."""

    def __init__(self, allowance: Allowance, permission: Permission, handshakes: int) -> None:
        self.stream: _Stream | None = None
        self._allowance = allowance
        self._permission = permission
        self._handshakes = handshakes

    @property
    def socket(self) -> Socket | None:
        return None if self.stream is None else self.stream.socket

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            socket = await connect(host, port)
        except OSError as e:
            raise httpcore.ConnectError(why(e)) from e
        self.stream = _Stream(socket, self._allowance, self._permission, self._handshakes)
        return self.stream


class Lane:
    """One connection to one origin, and what is known about it.

    Args:
        permission: To open it; it is passed on when the connection is ready.
    """

    def __init__(
        self,
        origin: httpcore.Origin,
        context: ssl.SSLContext | None,
        proxy: httpcore.Proxy | None,
        max_body: int,
        permission: Permission,
    ) -> None:
        self.used = False
        self.idle_since = 0.0
        self._max_body = max_body
        self._allowance = Allowance(max_body)
        self._permission = permission
        handshakes = [origin.scheme, proxy.url.scheme if proxy else b""].count(b"https")
        self._network = _Network(self._allowance, permission, handshakes)
        # Both have handle_async_request; only the pool speaks to proxies.
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
        return self._network.stream is not None and self._network.stream.sent

    def is_usable(self) -> bool:
        return self._network.socket is not None and self._network.socket.is_quiet()

    async def exchange(self, request: httpcore.Request) -> tuple[HttpResponse, bool]:
        """Send `request`; return the answer and whether the connection can carry another."""
        if self._network.socket is not None:
            self._network.socket.begin()
        self._allowance.renew()
        try:
            response = await self._connection.handle_async_request(request)
        finally:
            self._permission.pass_on()  # it failed, or a mock answered without a connection
        extensions = cast("dict[str, bytes]", response.extensions)  # pyright: ignore[reportUnknownMemberType]
        check_version(extensions.get("http_version", b"HTTP/1.1").decode("latin-1"))
        assert isinstance(response.stream, AsyncIterable)  # noqa: S101
        body = b"".join([part async for part in response.stream])
        await response.aclose()
        headers = joined([header(name, value) for name, value in response.headers])
        plain = content(response.status, headers, body, self._max_body)
        return HttpResponse(response.status, headers, plain), self._may_go_on(response.status, headers)

    def _may_go_on(self, status: int, headers: dict[str, str]) -> bool:
        socket = self._network.socket
        self.used = True
        return (
            socket is not None
            and "close" not in headers.get("connection", "").lower()
            and ended_exactly(socket.received, status, headers)
        )

    def rest(self) -> None:
        """Expect no bytes until the next exchange."""
        if self._network.socket is not None:
            self._network.socket.rest()

    def close(self) -> None:
        if self._network.socket is not None:
            self._network.socket.close()


@attrs.frozen(eq=False)
class Route:
    """An origin, and its connections."""

    origin: httpcore.Origin
    host_header: bytes
    pool: Pool[Lane] = attrs.field(factory=Pool[Lane])

    @classmethod
    def to(cls, base: str) -> Route:
        origin = Origin.of(base)
        inner = httpcore.Origin(origin.scheme.encode("ascii"), origin.host.encode("ascii"), origin.port)
        return cls(inner, origin.name.encode("ascii"))


@attrs.define
class Progress:
    """How far a request has got.

    Attributes:
        sent: Whether any of it may have been sent.
    """

    sent: bool = False


class Lanes:
    """The lanes to every origin, last used first: the coldest ones stay unused until they expire.

    Args:
        context: Makes the TLS settings for the first https origin.
        proxy: The proxy of every lane.
        max_body: Bytes of a decoded body above which an answer is refused.
    """

    def __init__(self, *, context: Callable[[], ssl.SSLContext], proxy: httpcore.Proxy | None, max_body: int) -> None:
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._proxy = proxy
        self._max_body = max_body
        self._routes: PerRun[dict[str, Route]] = PerRun(dict[str, Route], _close)
        self._closed = False

    async def send(self, request: HttpRequest, progress: Progress) -> HttpResponse:
        """Send a request over a lane that no other request uses, without a time limit; errors are httpcore's."""
        if self._closed:
            raise ConfigurationError("the client is closed; open a new one")
        route, prepared = self._prepare(request)
        while True:
            lane = await self._lease(route)
            try:
                response, may_go_on = await lane.exchange(prepared)
            except BaseException as e:
                lane.close()
                progress.sent = lane.sent
                if isinstance(e, _RACES) and lane.used and not lane.sent:
                    continue  # the server closed an idle connection before we wrote: nothing happened
                raise
            if may_go_on:
                lane.rest()
                route.pool.put(lane)
            else:
                lane.close()
            return response

    def _prepare(self, request: HttpRequest) -> tuple[Route, httpcore.Request]:
        base, target = split(request.url)
        routes = self._routes.here()
        route = routes.get(base)
        if route is None:
            route = routes[base] = Route.to(base)
        headers = [(b"Host", route.host_header)]
        headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()]
        body = None
        if request.body is not None:
            headers.append((b"Content-Length", str(len(request.body)).encode()))
            body = _Body(request.body)
        origin = route.origin
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target)
        return route, httpcore.Request(request.method, url, headers=headers, content=body)

    async def _lease(self, route: Route) -> Lane:
        turn = route.pool.at_hand() or await route.pool.wait()
        if isinstance(turn, Lane):
            return turn
        try:
            if self._context is None and route.origin.scheme == b"https":
                self._context = self._make_context()
            return Lane(route.origin, self._context, self._proxy, self._max_body, turn)
        except BaseException:
            turn.pass_on()
            raise

    async def aclose(self) -> None:
        """Close the idle lanes now, and each one in use when its request ends."""
        self._closed = True
        for routes in self._routes.all():
            _close(routes)
        # asyncio finishes closing transports one loop iteration later.
        await anyio.lowlevel.cancel_shielded_checkpoint()


def _close(routes: dict[str, Route]) -> None:
    for route in list(routes.values()):
        route.pool.close()
