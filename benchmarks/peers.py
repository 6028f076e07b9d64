"""The alternatives, which all send the same signed request, and ours, the full call.

A peer is an async context manager. It yields a function that sends one request.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import warnings
from base64 import b64decode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import httpx
import httpx2
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pyreqwest.client import ClientBuilder
from server import BODY, Server

from licensespring_async import ApiKey, LicenseSpring
from licensespring_async.auth import imf_fixdate
from licensespring_async.transport import HttpRequest, HttpResponse, HttptoolsEngine, HttpxEngine

Ask = Callable[[], Awaitable[object]]
Peer = Callable[[Server, str, int], AbstractAsyncContextManager[Ask]]

KEY = ApiKey(api_key="4d3c0a5e-93a1-44a5-8a86-ec5ea4fdf3c1", shared_key="3bD8sXfVtUeLSqkqrE1c2nYwPz7RkMhG0aJvQd5C")
CHECK: dict[str, Any] = {
    "product": "TP",
    "feature": "render",
    "hardware_id": "a3f9-77c1-0b2d-5e64",
    "license_key": "9F2C-77AA-0B1E-C0DE",
}


def url(base: str) -> str:
    return f"{base}/api/v4/check_license_feature?{urlencode(CHECK)}"


def signed() -> dict[str, str]:
    date = imf_fixdate(time())
    return {"Accept": "application/json", "Date": date, "Authorization": KEY.authorization(date)}


@asynccontextmanager
async def bare_httpx(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(verify=server.context, limits=limits, timeout=120) as client:

        async def ask() -> object:
            return (await client.get(url(base), headers=signed())).json()

        yield ask


@asynccontextmanager
async def bare_httpx2(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx2.AsyncClient(verify=server.context, limits=limits, timeout=120) as client:

        async def ask() -> object:
            return (await client.get(url(base), headers=signed())).json()

        yield ask


@asynccontextmanager
async def bare_aiohttp(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=server.context)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask() -> object:
            async with session.get(url(base), headers=signed()) as response:
                return json.loads(await response.read())

        yield ask


@asynccontextmanager
async def verifying_aiohttp(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
    """Hand-written code that verifies every signature."""
    key = load_pem_public_key(server.public_key.encode())
    assert isinstance(key, RSAPublicKey)
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=server.context)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask() -> object:
            async with session.get(url(base), headers=signed()) as response:
                body = await response.read()
                key.verify(b64decode(response.headers["LicenseSignature"]), body, PKCS1v15(), SHA256())
                return json.loads(body)

        yield ask


@asynccontextmanager
async def bare_pyreqwest(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
    client = ClientBuilder().add_root_certificate_pem(server.authority).no_proxy().build()

    async def ask() -> object:
        response = await client.get(url(base)).headers(signed()).build().send()
        return json.loads(bytes(await response.bytes()))

    yield ask
    await client.close()


class _Wire(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.buffer = b""
        self.answered: asyncio.Future[bytes] | None = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.endswith((b"}", b"0\r\n\r\n")) and self.answered is not None:
            self.answered.set_result(self.buffer)
            self.buffer = b""


@asynccontextmanager
async def hand_written(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
    """The lower limit in pure Python: parses only this answer, and checks nothing."""
    parts = urlsplit(url(base))
    context: ssl.SSLContext | None = server.context if parts.scheme == "https" else None
    loop = asyncio.get_running_loop()
    idle: list[_Wire] = []
    made: list[_Wire] = []

    async def ask() -> object:
        if idle:
            wire = idle.pop()
        else:
            _, wire = await loop.create_connection(_Wire, parts.hostname or "", parts.port or 0, ssl=context)
            made.append(wire)
        wire.answered = loop.create_future()
        fields = "".join(f"{name}: {value}\r\n" for name, value in signed().items())
        wire.transport.write(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
        answer = await wire.answered
        idle.append(wire)
        return json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])

    yield ask
    for wire in made:
        wire.transport.abort()
    await asyncio.sleep(0)


def ours(make: Callable[..., Any], *, verify: bool) -> Peer:
    @asynccontextmanager
    async def peer(server: Server, base: str, concurrency: int) -> AsyncGenerator[Ask]:
        origin, _, _ = base.partition("/delayed")
        engine = make(ssl_context=server.context)
        if base != origin:
            engine = _Below("/delayed", engine)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = LicenseSpring(
                auth=KEY,
                base_url=origin,
                public_key=server.public_key,
                verify_signatures=verify,
                engine=engine,
                max_concurrency=concurrency,
                timeout=120,
            )
        async with client:
            yield lambda: client.check_license_feature(**CHECK)

    return peer


class _Below:
    """An engine that sends requests below a path, where the server delays its answers."""

    def __init__(self, path: str, engine: Any) -> None:
        self.path, self.engine = path, engine

    async def send(self, request: Any, timeout: float) -> Any:
        split = request.url.index("/", 8)
        moved = type(request)(request.method, request.url[:split] + self.path + request.url[split:], request.headers)
        return await self.engine.send(moved, timeout)

    async def aclose(self) -> None:
        await self.engine.aclose()


class Immediate:
    """An engine that returns the same answer at once."""

    def __init__(self, signature: str = "") -> None:
        headers = {"date": imf_fixdate(time()), "licensesignature": signature}
        self.answer = HttpResponse(200, headers, BODY.encode())

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        return self.answer

    async def aclose(self) -> None:
        pass


PEERS: dict[str, Peer] = {
    "ours, httpx engine": ours(HttpxEngine, verify=False),
    "ours, httpx engine, verified": ours(HttpxEngine, verify=True),
    "ours, fast engine": ours(HttptoolsEngine, verify=False),
    "ours, fast engine, verified": ours(HttptoolsEngine, verify=True),
    "httpx": bare_httpx,
    "httpx2": bare_httpx2,
    "aiohttp": bare_aiohttp,
    "aiohttp, verified": verifying_aiohttp,
    "pyreqwest": bare_pyreqwest,
    "hand-written protocol": hand_written,
}
