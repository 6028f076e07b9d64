"""The default engine: httpx's HTTP/1.1, one connection per request in flight.

httpx's pool rescans every connection and every queued request on each event, and can leak a slot when a queued request
is cancelled. So this engine leases single connections of httpx's lower layer itself (`lanes`), the last used first.
The only module that imports httpx.
"""

from __future__ import annotations

import ssl
import time

import anyio
import anyio.lowlevel
import httpcore
import httpx

from ..errors import CertificateRefused, ConfigurationError, ConnectionFailed, ConnectionLost, DeadlineExceeded
from .engine import MAX_BODY
from .lanes import Lane, Route
from .values import HttpRequest, HttpResponse

# httpx's own errors come from a caller's AsyncClient, and from respx.
_BROKEN = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpx.TransportError,
)
_NEVER_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class HttpxEngine:
    """Sends requests over httpx's HTTP/1.1 stack, on asyncio and trio.

    Args:
        ssl_context: TLS settings and trusted authorities; None trusts certifi's. The environment is not read.
        proxy: URL of an HTTP proxy (`http://user:password@host:port`), or None. The environment is not read.
        max_body: Bytes of a decoded body above which an answer is refused.

    Cost: one connection for each request in flight; a connection that was idle for 30 s is not used again.
    """

    def __init__(
        self, *, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None, max_body: int = MAX_BODY
    ) -> None:
        self._context = ssl_context
        self._proxy = None if proxy is None else _proxy(proxy)
        self._max_body = max_body
        self._routes: dict[str, Route] = {}
        self._closed = False

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send one request; see `Engine.send`."""
        route, prepared = self._prepare(request)
        lane: Lane | None = None
        with anyio.move_on_after(timeout):
            while True:
                lane = await self._lease(route)
                try:
                    response, may_go_on = await lane.exchange(prepared, self._max_body)
                except _BROKEN as e:
                    await lane.close()
                    if lane.used and not lane.sent:
                        continue  # the server closed an idle connection before we wrote: nothing happened
                    never_sent = isinstance(e, httpcore.NetworkError) and not lane.sent
                    raise _failed(e, never_sent) from e.__cause__
                except BaseException:
                    await lane.close()
                    raise
                await self._give_back(lane, route, may_go_on)
                return response
        error = DeadlineExceeded(f"no complete answer within {timeout:.3g} s")
        error.may_have_acted = lane is not None and lane.sent
        raise error

    def _prepare(self, request: HttpRequest) -> tuple[Route, httpcore.Request]:
        # The path starts at the first slash behind "https://".
        split = request.url.index("/", 8)
        base, target = request.url[:split], request.url[split:]
        route = self._routes.get(base)
        if route is None:
            route = self._routes[base] = Route.to(base)
        headers = [(b"Host", route.host_header)]
        headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()]
        if request.body is not None:
            headers.append((b"Content-Length", str(len(request.body)).encode()))
        origin = route.origin
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target)
        return route, httpcore.Request(request.method, url, headers=headers, content=request.body)

    async def _lease(self, route: Route) -> Lane:
        if self._closed:
            raise ConfigurationError("the engine is closed; open a new client")
        now = time.monotonic()
        while route.idle:
            lane = route.idle.pop()
            if lane.is_usable(now):
                return lane
            await lane.close()
        if self._context is None and route.origin.scheme == b"https":
            self._context = httpx.create_ssl_context(trust_env=False)
        return Lane(route.origin, self._context, self._proxy)

    async def _give_back(self, lane: Lane, route: Route, may_go_on: bool) -> None:
        if self._closed or not may_go_on:
            await lane.close()
            return
        now = time.monotonic()
        lane.rest(now)
        route.idle.append(lane)
        # The last used is leased first, so the coldest ones gather at the other end.
        if not route.idle[0].is_usable(now):
            await route.idle.popleft().close()

    async def aclose(self) -> None:
        """Close the idle connections now, and each one in use when its request ends."""
        self._closed = True
        for route in self._routes.values():
            while route.idle:
                await route.idle.pop().close()
        # asyncio finishes closing transports one turn of its loop later.
        await anyio.lowlevel.cancel_shielded_checkpoint()


def _failed(error: Exception, never_sent: bool) -> ConnectionFailed | ConnectionLost:
    why = str(error) or type(error).__name__
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return CertificateRefused(why)
    if never_sent or isinstance(error, _NEVER_SENT):
        return ConnectionFailed(f"no connection: {why}")
    return ConnectionLost(f"the connection broke before a whole answer had arrived: {why}")


def _proxy(url: str) -> httpcore.Proxy:
    parsed = httpx.Proxy(url)
    raw = parsed.url.raw
    return httpcore.Proxy(httpcore.URL(scheme=raw[0], host=raw[1], port=raw[2], target=raw[3]), auth=parsed.raw_auth)
