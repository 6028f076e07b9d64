"""Cancellation at random moments, over real sockets."""

from __future__ import annotations

import json
import random
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from licensespring_async import LicenseSpring, LicenseSpringError
from licensespring_async.transport import Clock, Engine, HttptoolsEngine, HttpxEngine

from ..fakes import CHECK, FEATURE, KEY
from .engines import OURS
from .loopback import LOOPS, Connection, ok, open_sockets, serving

pytestmark = pytest.mark.anyio

SLOTS = 16
MOMENTS = 1000


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run every test on asyncio's own loop, on uvloop and on trio."""
    return request.param


@pytest.fixture(params=OURS)
def kind(request: pytest.FixtureRequest) -> str:
    """Name one engine."""
    return str(request.param)


@asynccontextmanager
async def a_client(kind: str, url: str, trusting: ssl.SSLContext) -> AsyncGenerator[LicenseSpring]:
    engine: Engine = HttpxEngine(ssl_context=trusting) if kind == "httpx" else HttptoolsEngine(ssl_context=trusting)
    with pytest.warns(UserWarning, match="verify_signatures"):
        client = LicenseSpring(
            auth=KEY,
            base_url=url,
            engine=engine,
            max_concurrency=SLOTS,
            timeout=2,
            verify_signatures=False,
            clock=Clock(),
        )
    async with client:
        yield client


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts sockets where Linux lists them")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_cancelled_at_random_moments(kind: str, scheme: str) -> None:
    """Leaves no slot taken, no task and no socket behind after 1,000 cancellations at random moments."""
    dice = random.Random(20261122)
    body = json.dumps(FEATURE).encode()
    authority = trustme.CA()
    serving_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving_tls)  # pyright: ignore[reportUnknownMemberType]
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)  # pyright: ignore[reportUnknownMemberType]

    async def handle(connection: Connection) -> None:
        while True:
            await connection.request()
            await anyio.sleep(dice.random() * 0.004)
            answer = ok(body)
            half = dice.randrange(len(answer))
            await connection.send(answer[:half])
            await anyio.sleep(dice.random() * 0.004)
            await connection.send(answer[half:])

    sockets_before = open_sockets()

    async def cancelled(client: LicenseSpring) -> None:
        # From before the connection is made to behind the answer, on a fast machine and on a slow one.
        with anyio.move_on_after(dice.random() * dice.choice([0.002, 0.02, 0.2])):
            await client.check_license_feature(**CHECK)

    async with serving(handle, serving_tls if scheme == "https" else None) as server:
        async with a_client(kind, server.url.split("/api")[0], trusting) as client:
            for _ in range(MOMENTS // 50):
                async with anyio.create_task_group() as group:
                    for _ in range(50):
                        group.start_soon(cancelled, client)

            async with anyio.create_task_group() as group:
                for _ in range(2 * SLOTS):
                    group.start_soon(lambda: client.check_license_feature(**CHECK))
        await server.until_closed()
    assert open_sockets() <= sockets_before


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_outage_is_met_with_few_requests(kind: str) -> None:
    """Sends at most 1,035 requests for 1,000 concurrent calls to a server that only says 503, and then recovers."""
    down = True

    async def handle(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                if down
                else ok(json.dumps(FEATURE).encode())
            )

    failed = 0

    async def ask(client: LicenseSpring) -> None:
        nonlocal failed
        try:
            await client.check_license_feature(**CHECK)
        except LicenseSpringError:
            failed += 1

    async with (
        serving(handle) as server,
        a_client(kind, server.url.split("/api")[0], ssl.create_default_context()) as client,
    ):
        patient = client.with_options(timeout=60)
        async with anyio.create_task_group() as group:
            for _ in range(1000):
                group.start_soon(ask, patient)
        assert failed == 1000
        assert len(server.requests) <= 1035

        down = False
        await client.check_license_feature(**CHECK)
