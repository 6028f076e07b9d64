"""The `fast` engine: pyreqwest, Rust's reqwest for Python, on asyncio only."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from ...errors import (
    CertificateRefused,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    ResponseError,
    TransportError,
)
from ...extras import needs_extra
from ...redaction import Unpickled
from ..values import HttpRequest, HttpResponse
from .bodies import MAX_BODY, content, joined, too_large
from .settings import checked_context, checked_limit, checked_proxy
from .watchdog import Watchdog

if TYPE_CHECKING:
    from pyreqwest.client import Client
    from pyreqwest.exceptions import RequestError
    from pyreqwest.response import Response

_LONGEST = 24 * 3600.0  # seconds
_LATE = 0.02  # seconds that pyreqwest's own time-out may be late, as it is in a flood of 1xx answers
_BUFFERED = 64 * 1024  # bytes of a body that may be read ahead of us
_AT_ONCE = 256 * 1024  # bytes of a body that are taken over at once


class PyreqwestEngine(Unpickled):
    """Sends requests through pyreqwest: several times the rate of the httpx engine, on asyncio only.

    Args:
        ssl_context: Its trusted authorities and lowest TLS version are used, *besides* the authorities that pyreqwest
            trusts itself. Client certificates cannot be taken out of it: use `HttpxEngine` for those.
        proxy: URL of an HTTP proxy (`http://user:password@host:port`), or None. The environment is not read.
        max_body: Bytes of a decoded body above which an answer is refused.

    Raises:
        ConfigurationError: pyreqwest is not installed, or the context does not verify servers or allows less
            than TLS 1.2.

    Cost: a request that is cancelled ends for the caller at once, but holds its connection until its time is over,
    because pyreqwest carries on with it in the background.
    """

    def __init__(
        self, *, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None, max_body: int = MAX_BODY
    ) -> None:
        with needs_extra("fast"):
            from pyreqwest.exceptions import RequestError  # noqa: PLC0415
        self._request_error: type[RequestError] = RequestError
        self._ssl_context = checked_context(ssl_context)
        self._proxy = None if proxy is None else checked_proxy(proxy)
        self._max_body = checked_limit(max_body)
        self._client: Client | None = None
        self._watchdog: Watchdog | None = None
        self._closed = False

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send one request; see `Engine.send`."""
        task = _this_task()
        client, watchdog = self._client or self._open(), self._watching(task.get_loop())
        # pyreqwest may have the answer when it is awaited: a task that calls in a loop would let nobody else run.
        await asyncio.sleep(0)
        cancelled = task.cancelling()
        watchdog.begin(task, timeout + _LATE)
        is_late = False
        try:
            try:
                return await self._exchange(client, task, request, timeout)
            finally:
                is_late = watchdog.end(task)
        except asyncio.CancelledError:
            if not is_late or task.cancelling() > cancelled:
                raise
        raise _exceeded(timeout)

    def _watching(self, loop: asyncio.AbstractEventLoop) -> Watchdog:
        if self._watchdog is None or self._watchdog.loop is not loop:
            self._watchdog = Watchdog(loop)
        return self._watchdog

    async def _exchange(
        self, client: Client, task: asyncio.Task[object], request: HttpRequest, timeout: float
    ) -> HttpResponse:
        cancelled = task.cancelling()
        outcome: tuple[int, dict[str, str], bytes] | TransportError | ResponseError
        try:
            builder = client.request(request.method, request.url).headers(request.headers)
            if request.body is not None:
                builder = builder.body_bytes(request.body)
            builder = builder.timeout(timedelta(seconds=min(timeout, _LONGEST)))
            async with builder.streamed_read_buffer_limit(_BUFFERED).build_streamed() as response:
                headers = joined(response.headers.items())
                outcome = response.status, headers, await self._read(response, headers.get("content-length"))
        except self._request_error as e:
            outcome = _failed(e, timeout)
        except ValueError:
            # Of the request's URL, or of an answer's header that is not ASCII.
            outcome = ResponseError("the request or the answer has something that is no HTTP")
        except asyncio.CancelledError:
            # pyreqwest raises one of its own making, by which anyio's cancel scopes do not know theirs.
            await anyio.lowlevel.checkpoint_if_cancelled()
            raise
        if task.cancelling() > cancelled:
            # pyreqwest keeps a cancellation to itself when it has an answer at hand.
            await anyio.lowlevel.checkpoint_if_cancelled()
            raise asyncio.CancelledError
        if isinstance(outcome, Exception):
            # Outside the handler, or pyreqwest's error, which holds the whole URL, would hang on ours as its context.
            raise outcome
        status, headers, body = outcome
        return HttpResponse(status, headers, content(status, headers, body, self._max_body))

    async def _read(self, response: Response, announced: str | None) -> bytes:
        body = bytearray()
        while (part := await response.body_reader.read(min(_AT_ONCE, self._max_body + 1 - len(body)))) is not None:
            body += part
            if len(body) > self._max_body:
                raise too_large(self._max_body)
            if announced == str(len(body)):
                break  # asking for the end costs another trip to pyreqwest's thread
        return bytes(body)

    def _open(self) -> Client:
        from pyreqwest.client import ClientBuilder  # noqa: PLC0415  # an optional extra
        from pyreqwest.proxy import ProxyBuilder  # noqa: PLC0415

        if self._closed:
            raise ConfigurationError("the engine is closed; open a new client")
        builder = ClientBuilder().follow_redirects(False).referer(False).http1_only().no_proxy()
        builder = builder.gzip(False).brotli(False).zstd(False).deflate(False).min_tls_version("TLSv1.2")
        if self._ssl_context is not None:
            for certificate in self._ssl_context.get_ca_certs(binary_form=True):
                builder = builder.add_root_certificate_der(certificate)
            if self._ssl_context.minimum_version is ssl.TLSVersion.TLSv1_3:
                builder = builder.min_tls_version("TLSv1.3")
        if self._proxy is not None:
            builder = builder.proxy(ProxyBuilder.all(self._proxy))
        self._client = builder.build()
        return self._client

    async def aclose(self) -> None:
        """Close every connection; requests under way fail."""
        self._closed = True
        client, self._client = self._client, None
        if self._watchdog is not None:
            self._watchdog.stop()
        if client is not None:
            await client.close()  # and the last reference goes: only then its idle connections do


def _this_task() -> asyncio.Task[object]:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None:
        raise ConfigurationError("engine: PyreqwestEngine works on asyncio only; use HttpxEngine on trio")
    return task


def _exceeded(timeout: float) -> DeadlineExceeded:
    return DeadlineExceeded(f"no complete answer within {timeout:.3g} s")


def _failed(error: RequestError, timeout: float) -> TransportError:
    from pyreqwest import exceptions  # noqa: PLC0415  # an optional extra

    if isinstance(error, exceptions.RequestTimeoutError):
        late = _exceeded(timeout)
        # A time-out while connecting and one while waiting for the answer look the same.
        late.may_have_acted = not isinstance(error, exceptions.PoolTimeoutError)
        return late
    why = _why(error)
    # ConnectError also stands for a connection that broke behind the request; its causes tell.
    if isinstance(error, exceptions.ConnectError) and "client error (SendRequest)" not in why:
        if "certificate" in why:
            return CertificateRefused(f"the server's certificate was refused: {why}")
        return ConnectionFailed(f"no connection: {why}")
    return ConnectionLost(f"the connection broke before a whole answer had arrived: {why}")


def _why(error: RequestError) -> str:
    # pyreqwest's own text holds the whole URL, license key included; its causes below the first do not.
    texts = [cause["message"] for cause in error.details["causes"] or []]
    return "; ".join(text for text in texts[-3:] if "://" not in text) or type(error).__name__
