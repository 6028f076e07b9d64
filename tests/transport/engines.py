"""Every engine that there is, made in the same way."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import httpx

from licensespring_async.transport import Engine, HttptoolsEngine, HttpxEngine

MAX_BODY = 1_000_000
ASYNCIO_ONLY = "httptools"
OURS = ["httpx", ASYNCIO_ONLY]
CALLERS = "own client"


@attrs.frozen
class Maker:
    """Makes engines of one kind."""

    kind: str

    max_body: int = MAX_BODY

    @asynccontextmanager
    async def __call__(
        self, *, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None
    ) -> AsyncGenerator[Engine]:
        if self.kind == CALLERS:
            async with httpx.AsyncClient(verify=ssl_context or True, proxy=proxy, trust_env=False) as its_client:
                yield HttpxEngine(client=its_client, max_body=self.max_body)
            return
        make = HttpxEngine if self.kind == "httpx" else HttptoolsEngine
        engine = make(ssl_context=ssl_context, proxy=proxy, max_body=self.max_body)
        try:
            yield engine
        finally:
            await engine.aclose()
