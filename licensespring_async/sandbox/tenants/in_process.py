"""The sandbox without a socket: an engine that passes requests to the application in this process."""

from __future__ import annotations

import httpx
from starlette.types import ASGIApp

from ...transport import HttpxEngine

IN_PROCESS_URL = "http://127.0.0.1"
"""A loopback address, because clients allow plain HTTP, and control endpoints answer, on loopback only."""


class _Transport(httpx.ASGITransport):
    """A transport that reports a broken connection as httpx does on a real socket."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionError as error:
            raise httpx.ReadError(str(error), request=request) from error


def in_process_engine(application: ASGIApp) -> HttpxEngine:
    """Make an engine that calls an application; it has no connections to close."""
    client = httpx.AsyncClient(transport=_Transport(application), trust_env=False)
    return HttpxEngine(client=client)
