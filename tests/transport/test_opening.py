"""Few connections are opened at once, and whoever waits for one loses nothing by it."""

from __future__ import annotations

import errno
import math
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from licensespring_async import ConnectionFailed, DeadlineExceeded
from licensespring_async.transport import HttpRequest
from licensespring_async.transport.engines import pool
from licensespring_async.transport.engines.pool import AT_ONCE

from .engines import Maker
from .loopback import BODY, LOOPS, Connection, answering, ok, open_sockets, serving, swallowing
from .proxies import Pki, tunnel

pytestmark = pytest.mark.anyio

HERE = HttpRequest("GET", "https://127.0.0.1:9/x", {})


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run every test on uvloop too, where a connection is opened in another way."""
    return request.param


@pytest.fixture(autouse=True)
def never_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let as many connections be opened at once on a slow machine as on a fast one."""
    monkeypatch.setattr(pool, "BUSY", math.inf)


class Gate:
    """A proxy that lets no connection stand before it is opened; then it refuses each with 403."""

    def __init__(self) -> None:
        self.arrived = 0
        self.open = anyio.Event()

    async def __call__(self, connection: Connection) -> None:
        await connection.request()
        self.arrived += 1
        await self.open.wait()
        await connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async def until(self, arrived: int) -> None:
        """Wait until so many connections have come."""
        with anyio.fail_after(5):
            while self.arrived < arrived:  # noqa: ASYNC110  # the other side of a socket sets no event
                await anyio.sleep(0.001)


async def several(count: int, ask: Callable[[], Awaitable[object]]) -> list[BaseException]:
    """Call so many times at once, and return the errors."""
    errors: list[BaseException] = []

    async def once() -> None:
        try:
            await ask()
        except Exception as e:  # noqa: BLE001
            errors.append(e)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(once)
    return errors


async def test_a_burst_opens_few_connections_at_once(our_engines: Maker) -> None:
    """Opens a handful of connections at a time, and the next ones when those have failed."""
    gate = Gate()
    async with serving(gate) as proxy, our_engines(proxy=proxy.origin) as engine:

        async def watch() -> None:
            await gate.until(AT_ONCE)
            await anyio.sleep(0.05)
            assert gate.arrived == AT_ONCE
            gate.open.set()

        errors: list[BaseException] = []
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            errors = await several(20, lambda: engine.send(HERE, 5))

    assert [type(each) for each in errors] == [ConnectionFailed] * 20
    assert gate.arrived == 20


async def test_a_cancelled_call_passes_its_permission_on(our_engines: Maker) -> None:
    """Lets those that wait open connections in the place of calls that were cancelled while they did."""
    gate = Gate()
    async with serving(gate) as proxy, our_engines(proxy=proxy.origin) as engine:
        for round_ in range(1, 4):
            async with anyio.create_task_group() as group:
                for _ in range(AT_ONCE):
                    group.start_soon(engine.send, HERE, 5)
                await gate.until(round_ * AT_ONCE)
                group.cancel_scope.cancel()
        gate.open.set()
        await proxy.until_closed()


async def test_a_call_that_waits_ends_in_its_own_time(our_engines: Maker) -> None:
    """Ends a call that waits for others to connect when its own time is over, and says that nothing was sent."""
    gate = Gate()
    async with serving(gate) as proxy, our_engines(proxy=proxy.origin) as engine, anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(_ignoring_errors, lambda: engine.send(HERE, 5))
        await gate.until(AT_ONCE)

        with pytest.raises(DeadlineExceeded) as caught:
            await engine.send(HERE, 0.05)

        assert not caught.value.may_have_acted
        gate.open.set()


async def _ignoring_errors(ask: Callable[[], Awaitable[object]]) -> None:
    await several(1, ask)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue of connections refuses")
async def test_a_host_that_swallows_packets_holds_no_caller(our_engines: Maker) -> None:
    """Ends every call in time where no connection ever stands, leaves no socket, and asks the next host at once."""
    async with serving(answering(ok())) as server, our_engines() as engine:
        with swallowing() as port:
            dead = HttpRequest("GET", f"http://127.0.0.1:{port}/x", {})
            before = open_sockets()
            with anyio.fail_after(5):
                errors = await several(50, lambda: engine.send(dead, 0.2))
            assert open_sockets() == before
            assert [type(each) for each in errors] == [DeadlineExceeded] * 50
            assert not any(getattr(each, "may_have_acted", True) for each in errors)
            assert (await engine.send(HttpRequest("GET", server.url, {}), 5)).body == BODY


async def test_a_thousand_callers_of_a_dead_port_fail_soon(our_engines: Maker) -> None:
    """Fails them all, though few try at a time, and serves the next one when the port is back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    dead = HttpRequest("GET", f"http://127.0.0.1:{port}/x", {})
    async with our_engines() as engine:
        with anyio.fail_after(20):
            errors = await several(1000, lambda: engine.send(dead, 20))

    assert [type(each) for each in errors] == [ConnectionFailed] * 1000
    assert {str(each) for each in errors} == {f"no connection: {os.strerror(errno.ECONNREFUSED)}"}


async def test_calls_share_what_gets_free(our_engines: Maker) -> None:
    """Answers calls that wait over the one connection that there is, while others are being opened."""
    pki = Pki("127.0.0.1")
    rest = anyio.Event()
    answered = 0

    async def one_at_first(connection: Connection) -> None:
        if proxy.connections > 1:
            await rest.wait()
        await tunnel(connection)

    async with serving(answering(ok()), pki.server) as server, serving(one_at_first) as proxy:
        address = f"http://user:pass@127.0.0.1:{proxy.port}"
        async with our_engines(ssl_context=pki.trusting, proxy=address) as engine:
            ask = HttpRequest("GET", server.url, {})
            await engine.send(ask, 5)

            async def once() -> None:
                nonlocal answered
                await engine.send(ask, 5)
                answered += 1
                if answered == 12:
                    rest.set()

            async with anyio.create_task_group() as group:
                for _ in range(12 + AT_ONCE):
                    group.start_soon(once)
    assert answered == 12 + AT_ONCE
    assert proxy.connections == 1 + AT_ONCE


async def test_a_handshake_that_never_ends(our_engines: Maker) -> None:
    """Ends in time where a server takes the connection and says nothing, with nothing sent and nothing left open."""

    async def silent(connection: Connection) -> None:
        await connection.until_gone()

    async with serving(silent) as server, our_engines() as engine:
        request = HttpRequest("GET", f"https://127.0.0.1:{server.port}/x", {})
        errors = await several(AT_ONCE + 2, lambda: engine.send(request, 0.2))
        await server.until_closed()

    assert [type(each) for each in errors] == [DeadlineExceeded] * (AT_ONCE + 2)
    assert not any(getattr(each, "may_have_acted", True) for each in errors)
