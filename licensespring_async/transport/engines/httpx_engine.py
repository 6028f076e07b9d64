"""The default engine: httpx's HTTP/1.1, one connection per request in flight.

httpx's pool rescans every connection and every queued request on each event, and can leak capacity when a queued
request is cancelled. So this engine lends single connections of httpx's lower layer itself (`lanes`), last used first.
The only module that imports httpx.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextvars import ContextVar

import anyio
import httpcore
import httpx

from ...errors import (
    CertificateRefused,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    LicenseSpringError,
    TransportError,
)
from ...errors.numbers import in_seconds
from ...redaction import Unpickled
from ..values import HttpRequest, HttpResponse
from .bodies import MAX_BODY, check_version, content, joined, too_large
from .lanes import Lanes, Progress
from .settings import checked_context, checked_limit, checked_proxy, default_context

_HTTPCORE = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)
_BROKEN = (*_HTTPCORE, httpx.HTTPError)  # respx raises httpx's own
# The hooks and transports of a caller's AsyncClient may be any code.
_FOREIGN = (
    *_BROKEN,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
    ValueError,
)
_NEVER_SENT = (
    ConnectionRefusedError,
    socket.gaierror,
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

_sending: ContextVar[bool] = ContextVar("licensespring_async_sending", default=False)


def _not_ours(_: logging.LogRecord) -> bool:
    # httpx logs whole URLs, license key included, and httpcore logs headers.
    return not _sending.get()


for _name in (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "hpack.hpack",
    "hpack.table",
):
    logging.getLogger(_name).addFilter(_not_ours)


class HttpxEngine(Unpickled):
    """Sends requests over httpx's HTTP/1.1 stack, on asyncio and trio.

    Args:
        ssl_context: TLS settings and trusted authorities, also for an https proxy; None trusts certifi's. The
            environment is not read.
        proxy: URL of an HTTP proxy (`http://user:password@host:port`), or None. The environment is not read.
        client: Your own `httpx.AsyncClient` to send through instead, with its proxies, mounts, hooks and pool. You
            close it. Under load it is as slow as httpx's pool.
        max_body: Bytes of a decoded body above which an answer is refused.

    Raises:
        ConfigurationError: `client` was given together with settings that belong to it. Or `ssl_context` does not
            verify servers, or allows less than TLS 1.2. Or `client` is closed, or has `params`, which would replace
            the query of each call.

    Cost: one connection for each request in flight; a connection that has been idle for 30 s is not reused.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        client: httpx.AsyncClient | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        if client is not None and (ssl_context is not None or proxy is not None):
            raise ConfigurationError("client: configure TLS and proxies on your httpx.AsyncClient, not beside it")
        if client is not None:
            _check_client(client)
        context = checked_context(ssl_context)
        self._client = client
        self._lanes = Lanes(
            context=(lambda: context) if context else default_context,
            proxy=None if proxy is None else _proxy(proxy, context),
            max_body=checked_limit(max_body),
        )
        self._max_body = max_body

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send one request; see `Engine.send`."""
        progress = Progress()
        broken = _BROKEN if self._client is None else _FOREIGN
        token = _sending.set(True)
        try:
            with anyio.move_on_after(timeout):
                if self._client is None:
                    return await self._lanes.send(request, progress)
                _check_client(self._client)
                progress.sent = True  # as far as a caller's client shows it
                return await self._through(self._client, request)
            late = DeadlineExceeded(f"no complete answer within {in_seconds(timeout)}")
            late.may_have_acted = progress.sent
            error: TransportError = late
        except LicenseSpringError:
            raise
        except broken as e:
            # httpx's own errors come from a caller's client or a mock; neither has a lane that knows what was sent.
            error = _failed(e, never_sent=not progress.sent and not isinstance(e, httpx.HTTPError))
        finally:
            _sending.reset(token)
        # Raised outside the handler: httpx's errors hold the whole URL, and would become the context of ours.
        raise error

    async def _through(self, client: httpx.AsyncClient, request: HttpRequest) -> HttpResponse:
        body = bytearray()
        async with client.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            auth=None,  # httpx would replace the header that is already there
            follow_redirects=False,
            timeout=None,  # the call's own deadline holds
        ) as response:
            check_version(response.http_version)
            headers = joined([(name.lower(), value) for name, value in response.headers.multi_items()])
            if response.is_stream_consumed:
                # A hook has read the body, or a mock provided it; httpx has decoded it.
                body += response.content
                headers.pop("content-encoding", None)
            else:
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > self._max_body:
                        raise too_large(self._max_body)
            plain = content(response.status_code, headers, bytes(body), self._max_body)
            return HttpResponse(response.status_code, headers, plain)

    async def aclose(self) -> None:
        """Close the idle connections now, and each one in use when its request ends; a client of yours stays open."""
        await self._lanes.aclose()


def _check_client(client: httpx.AsyncClient) -> None:
    if not isinstance(client, httpx.AsyncClient):
        raise ConfigurationError("client: must be an httpx.AsyncClient")
    if client.is_closed:
        raise ConfigurationError("client: your httpx.AsyncClient is closed; keep it open as long as this client")
    if client.params:
        raise ConfigurationError(
            "client: your httpx.AsyncClient has params, which would replace each call's query; make it without them"
        )


def _failed(error: Exception, *, never_sent: bool) -> ConnectionFailed | ConnectionLost:
    why = _why(error)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return CertificateRefused(why)
    if never_sent or isinstance(error, _NEVER_SENT):
        return ConnectionFailed(f"no connection: {why}")
    return ConnectionLost(f"the connection broke before a whole answer had arrived: {why}")


def _why(error: Exception) -> str:
    said = error if isinstance(error, _HTTPCORE) else error.__cause__
    if not isinstance(said, _HTTPCORE) or not str(said):
        return type(error).__name__  # other texts may hold the URL, license key included
    if isinstance(said, httpcore.ProxyError) and (status := str(said)[:3]).isdigit():
        # Behind it are the proxy's own words, which may echo its password.
        return f"the proxy answered with HTTP status {status}"
    # After the colon, h11 quotes the server, which may echo the request.
    return str(said).partition(":")[0] if isinstance(said, httpcore.ProtocolError) else str(said)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__  # httpcore's pool raises "from None"


def _proxy(url: str, context: ssl.SSLContext | None) -> httpcore.Proxy:
    parsed = httpx.Proxy(checked_proxy(url))
    # Otherwise httpcore would verify an https proxy with its own context, which reads the environment.
    own = (context or default_context()) if parsed.url.scheme == "https" else None
    address = httpcore.URL(scheme=parsed.url.raw_scheme, host=parsed.url.raw_host, port=parsed.url.port, target=b"/")
    return httpcore.Proxy(address, auth=parsed.raw_auth, ssl_context=own)
