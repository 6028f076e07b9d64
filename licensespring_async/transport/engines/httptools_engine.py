"""The `fast` engine: asyncio connections, and llhttp, the parser of Node.js, through httptools."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes, urlsplit

import anyio
import anyio.lowlevel
import attrs

from ...errors import (
    CertificateRefused,
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    TransportError,
)
from ...errors.numbers import in_seconds
from ...extras import needs_extra
from ...redaction import Unpickled
from ..values import HttpRequest, HttpResponse
from .bodies import MAX_BODY
from .connecting import connected, dial, on_asyncio, why
from .doorway import Doorway
from .exchange import Exchange
from .origin import Origin, split
from .pool import Pool
from .runs import PerRun
from .settings import checked_context, checked_limit, checked_proxy, default_context
from .sockets import hear_the_handshake
from .timer import Timer

if TYPE_CHECKING:
    from .wire import Wire


@attrs.frozen
class _Proxy:
    """A proxy, and the header that it wants."""

    origin: Origin
    header: str

    @classmethod
    def at(cls, url: str) -> _Proxy:
        parts = urlsplit(url)
        header = ""
        if parts.username is not None or parts.password is not None:
            pair = unquote_to_bytes(parts.username or "") + b":" + unquote_to_bytes(parts.password or "")
            header = f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}\r\n"
        return cls(Origin.of(url), header)


class _Route:
    """An origin, its connections, and what every request to it begins with."""

    def __init__(self, base: str, proxy: _Proxy | None) -> None:
        self.origin: Final = Origin.of(base)
        self.pool: Final[Pool[Wire]] = Pool()
        is_relayed = proxy is not None and self.origin.scheme == "http"
        self._prefix: Final = base if is_relayed else ""
        self._host: Final = f"Host: {self.origin.name}\r\n" + (proxy.header if proxy and is_relayed else "")
        self._headers: Mapping[str, str] | None = None
        self._lines = ""

    def written(self, request: HttpRequest, target: str) -> bytes:
        """Return the bytes of a request.

        Raises:
            ConfigurationError: Its head has characters that are not ASCII, or that would end a line.
        """
        lines = self._lines if request.headers is self._headers else self._header_lines(request.headers)
        if not _is_sendable(target) or " " in target:
            raise _unsendable()
        body = request.body
        if body is not None:
            lines += f"Content-Length: {len(body)}\r\n"
        head = f"{request.method} {self._prefix}{target} HTTP/1.1\r\n{lines}\r\n".encode("ascii")
        return head if body is None else head + body

    def _header_lines(self, headers: Mapping[str, str]) -> str:
        if not all(_is_sendable(each) for pair in headers.items() for each in pair):
            raise _unsendable()
        lines = self._host + "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if type(headers) is MappingProxyType:  # the same for many requests; any other mapping may change
            self._headers, self._lines = headers, lines
        return lines


class _Home:
    """The state of the engine for one event loop."""

    def __init__(self) -> None:
        if not _is_asyncio():
            raise ConfigurationError("engine: HttptoolsEngine works on asyncio only; use HttpxEngine on trio")
        self.loop: Final = asyncio.get_running_loop()
        self.timer: Final = Timer(self.loop)
        self.routes: Final = dict[str, _Route]()

    def close(self) -> None:
        for route in list(self.routes.values()):
            route.pool.close()


class HttptoolsEngine(Unpickled):
    """Sends requests over its own connections, several times as fast as the httpx engine; on asyncio only.

    Args:
        ssl_context: TLS settings and trusted authorities, also for an https proxy; None trusts certifi's. The
            environment is not read.
        proxy: URL of an HTTP proxy (`http://user:password@host:port`), or None. The environment is not read.
        max_body: Bytes of a decoded body above which an answer is refused.

    Raises:
        ConfigurationError: httptools is not installed, or `ssl_context` does not verify servers or allows less than
            TLS 1.2.

    Cost: one connection for each request in flight; a connection that has been idle for 30 s is not reused.
    """

    def __init__(
        self, *, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None, max_body: int = MAX_BODY
    ) -> None:
        with needs_extra("fast"):
            from .wire import Wire  # noqa: PLC0415
        self._wire = Wire
        self._context = checked_context(ssl_context)
        self._proxy = None if proxy is None else _Proxy.at(checked_proxy(proxy))
        self._max_body = checked_limit(max_body)
        self._homes = PerRun(_Home, _Home.close)
        self._closed = False

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send one request; see `Engine.send`."""
        if self._closed:
            raise ConfigurationError("the client is closed; open a new one")
        home = self._homes.here()
        due = home.loop.time() + timeout
        base, target = split(request.url)
        route = home.routes.get(base)
        if route is None:
            route = home.routes[base] = _Route(base, self._proxy)
        written = route.written(request, target)
        exchange = Exchange(route.pool, home.timer, written, due)
        outcome = await exchange.run(lambda: self._open(route))
        if isinstance(outcome, HttpResponse):
            return outcome
        raise _late(timeout, may_have_acted=exchange.was_sent) if outcome is None else outcome

    async def _open(self, route: _Route) -> Wire:
        """Open a connection.

        Raises:
            ConnectionFailed: It cannot be opened.
        """
        error: TransportError
        try:
            return await self._connect(route)
        except TransportError:
            raise
        except ssl.SSLCertVerificationError as e:
            error = CertificateRefused(why(e))
        except OSError as e:
            error = ConnectionFailed(f"no connection: {why(e)}")
        raise error

    async def _connect(self, route: _Route) -> Wire:
        if self._proxy is not None:
            return await self._connect_through(self._proxy, route)
        origin, loop = route.origin, asyncio.get_running_loop()
        raw = await dial(origin.host, origin.port, connected)
        wire = self._wire(raw, self._max_body, route.pool.put)
        try:
            if origin.scheme == "https":
                await loop.create_connection(lambda: wire, sock=raw, ssl=self._tls(), server_hostname=origin.host)
                await hear_the_handshake()
            else:
                await loop.create_connection(lambda: wire, sock=raw)
        except BaseException:
            wire.close()
            raise
        return wire

    async def _connect_through(self, proxy: _Proxy, route: _Route) -> Wire:
        door = await dial(proxy.origin.host, proxy.origin.port, lambda address: on_asyncio(address, Doorway))
        try:
            wire = self._wire(door.raw, self._max_body, route.pool.put)
            if proxy.origin.scheme == "https":
                await door.start_tls(self._tls(), proxy.origin.host)
            if route.origin.scheme == "https":
                await _pass(door, route.origin, proxy)
                await door.start_tls(self._tls(), route.origin.host, wire)
                await hear_the_handshake()
            else:
                door.transport.set_protocol(wire)
            wire.connection_made(door.transport)
        except BaseException:
            door.close()
            raise
        return wire

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = default_context()
        self._context.set_alpn_protocols(["http/1.1"])  # a caller's context may be in use elsewhere
        return self._context

    async def aclose(self) -> None:
        """Close the idle connections now, and each one in use when its request ends."""
        self._closed = True
        for home in self._homes.all():
            home.close()
        # asyncio finishes closing transports one loop iteration later.
        await anyio.lowlevel.cancel_shielded_checkpoint()


def _is_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


async def _pass(door: Doorway, origin: Origin, proxy: _Proxy) -> None:
    """Have a proxy open a tunnel.

    Raises:
        ConnectionFailed: The proxy refuses.
    """
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    head = f"CONNECT {host}:{origin.port} HTTP/1.1\r\nHost: {host}:{origin.port}\r\n{proxy.header}\r\n"
    status = await door.ask_proxy(head.encode("ascii"))
    if not 200 <= status < 300:
        raise ConnectionFailed(f"no connection: the proxy answered with HTTP status {status}")


def _is_sendable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _unsendable() -> ConfigurationError:
    return ConfigurationError("the request's URL or a header has a character that HTTP does not allow there")


def _late(timeout: float, *, may_have_acted: bool) -> DeadlineExceeded:
    late = DeadlineExceeded(f"no complete answer within {in_seconds(timeout)}")
    late.may_have_acted = may_have_acted
    return late
