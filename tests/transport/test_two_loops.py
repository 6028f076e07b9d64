"""One engine or client on one event loop after another, of the same kind or another."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest

from licensespring_async import ApiKey, ConfigurationError, LicenseSpring, RetryPolicy
from licensespring_async.transport import HttpRequest, HttpResponse, HttptoolsEngine, HttpxEngine
from licensespring_async.transport.engines.runs import PerRun

from ..unit import bodies
from ..unit.fakes import FEATURE
from ..unit.keys import Signer
from .loopback import answering, ok, open_sockets, serving, serving_in_threads

LOOPS = ["asyncio", "trio"]
SIGNER = Signer()
BODY = bodies.encoded(bodies.feature(code="render"))
ANSWER = ok(BODY, f"LicenseSignature: {SIGNER.sign(BODY)}")


@pytest.fixture
def origin() -> Iterator[str]:
    """A server that keeps its connections open whatever loop ends."""
    with serving_in_threads(ANSWER) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _leftovers() -> Iterator[None]:
    """Collect what an ended loop has left open and cannot close any more, here and not in another test."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        yield
        gc.collect()


@pytest.mark.parametrize("loops", [LOOPS, LOOPS[::-1], LOOPS[:1] * 2, LOOPS[1:] * 2], ids="-".join)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_client_outlives_its_loop(origin: str, loops: list[str]) -> None:
    """Opens connections of its own on each loop, and leaves alone those that idle on another."""
    client = LicenseSpring(
        auth=ApiKey(api_key="api-key", shared_key="shared-key"),
        base_url=origin,
        public_key=SIGNER.public_key,
        retry=RetryPolicy(max_attempts=1),
    )

    async def twice() -> list[str]:
        return [(await client.check_license_feature(**FEATURE)).code for _ in range(2)]

    for loop in loops:
        assert anyio.run(twice, backend=loop) == ["render"] * 2

    anyio.run(client.aclose, backend=loops[0])


def test_the_fast_engine_says_where_it_works(origin: str) -> None:
    """Refuses trio in the same words before its first request and after it."""
    engine = HttptoolsEngine()
    request = HttpRequest("GET", f"{origin}/x", {})

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="works on asyncio only"):
            anyio.run(engine.send, request, 5, backend="trio")
        assert anyio.run(engine.send, request, 5).status == 200

    anyio.run(engine.aclose)


ENGINES = [(HttpxEngine, LOOPS), (HttptoolsEngine, LOOPS[:1])]
each_engine = pytest.mark.parametrize(("make", "loops"), ENGINES, ids=["httpx", "httptools"])


@each_engine
@pytest.mark.parametrize("closing", LOOPS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_engine_is_closed_on_another_loop(
    origin: str, make: type[HttpxEngine | HttptoolsEngine], loops: list[str], closing: str
) -> None:
    """Closes an engine on another loop than it was used on."""
    request = HttpRequest("GET", f"{origin}/x", {})
    for loop in loops:
        engine = make()
        anyio.run(engine.send, request, 5, backend=loop)

        anyio.run(engine.aclose, backend=closing)

        with pytest.raises(ConfigurationError, match="closed"):
            anyio.run(engine.send, request, 5, backend=loop)


@each_engine
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts sockets where Linux lists them")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_connections_of_ended_loops_are_closed(
    origin: str, make: type[HttpxEngine | HttptoolsEngine], loops: list[str]
) -> None:
    """Keeps no connection of the loops before the last two, however many there were."""
    engine = make()
    before = open_sockets()
    for loop in loops * 20:
        anyio.run(engine.send, HttpRequest("GET", f"{origin}/x", {}), 5, backend=loop)

    ends = time.monotonic() + 5
    while open_sockets() > before + 2 * 2 and time.monotonic() < ends:  # the server's threads take a moment
        time.sleep(0.01)
    assert open_sockets() <= before + 2 * 2

    anyio.run(engine.aclose)


@each_engine
def test_several_loops_share_an_engine(
    origin: str, make: type[HttpxEngine | HttptoolsEngine], loops: list[str]
) -> None:
    """Serves threads with a loop each at once: each has connections, and those that wait for one, to itself."""
    engine = make()
    answers: list[HttpResponse] = []

    async def ask() -> None:
        answers.extend([await engine.send(HttpRequest("GET", f"{origin}/x", {}), 20) for _ in range(5)])

    async def many() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)

    threads = [threading.Thread(target=partial(anyio.run, many, backend=loop)) for loop in loops * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    anyio.run(engine.aclose)

    assert [each.body for each in answers] == [BODY] * (100 * len(threads))


def test_an_ended_loop_is_dropped_once() -> None:
    """Drops what belonged to an ended loop once, though two threads find at the same time that it has ended."""
    dropped: list[object] = []

    def drop(value: object) -> None:
        dropped.append(value)
        if len(dropped) == 1:
            thread = threading.Thread(target=lambda: asyncio.run(here()))
            thread.start()
            thread.join()

    async def here() -> object:
        return runs.here()

    runs = PerRun[object](object, drop)
    loops = [asyncio.new_event_loop() for _ in range(3)]
    values = [loop.run_until_complete(here()) for loop in loops]
    for loop in loops:
        loop.close()
    asyncio.run(here())

    assert [dropped.count(each) for each in values] == [1, 1, 1]


FORKED = """
import asyncio, os, sys
from licensespring_async.transport import HttpRequest, HttptoolsEngine, HttpxEngine

engine = {"httpx": HttpxEngine, "httptools": HttptoolsEngine}[sys.argv[2]]()
request = HttpRequest("GET", sys.argv[1], {})
loop = asyncio.new_event_loop()
loop.run_until_complete(engine.send(request, 5))
if os.fork() == 0:
    loop.run_until_complete(engine.send(request, 5))
    loop.run_until_complete(engine.aclose())
    os._exit(0)
_, status = os.wait()
loop.run_until_complete(engine.send(request, 5))
os._exit(status)
"""


@pytest.mark.anyio
@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.parametrize("kind", ["httpx", "httptools"])
async def test_a_forked_process_shares_no_connection(kind: str) -> None:
    """Opens its own connections in a forked process that goes on with its parent's loop, and leaves the parent's open.

    On a shared connection, each would read the other's answers.
    """
    async with serving(answering(ok())) as server:
        await anyio.run_process([sys.executable, "-c", FORKED, server.url, kind])
    assert (server.connections, len(server.requests)) == (2, 3)
