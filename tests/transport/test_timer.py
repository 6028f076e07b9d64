"""One timer wakes the futures that are late, and no other."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from licensespring_async.transport.engines.timer import Timer

from . import virtual
from .loopback import LOOPS


def test_each_future_is_woken_at_its_own_time() -> None:
    """The earliest goes first, whichever began first, and those that are left have their turn."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        timer, began = Timer(loop), loop.time()
        woken: list[float] = []

        async def wait(seconds: float) -> None:
            timer.begin(future := loop.create_future(), began + seconds)
            assert await future is None
            woken.append(loop.time() - began)

        await asyncio.gather(*(wait(seconds) for seconds in (6, 2, 4, 2)))
        assert woken == [2, 2, 4, 6]

    virtual.run("asyncio", check)


def test_what_ended_in_time_is_let_be() -> None:
    """Neither a future that ended its watch is woken, nor one that has its result."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        timer = Timer(loop)
        ended: asyncio.Future[str] = loop.create_future()
        timer.begin(ended, loop.time() + 1)
        timer.end(ended)
        done: asyncio.Future[str] = loop.create_future()
        timer.begin(done, loop.time() + 1)
        done.set_result("answer")

        await asyncio.sleep(2)

        assert not ended.done()
        assert done.result() == "answer"

    virtual.run("asyncio", check)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", LOOPS[:2])
async def test_a_moment_that_has_come_is_a_moment_as_well() -> None:
    """Takes another future while one is due at once, for which uvloop sets no timer."""
    loop = asyncio.get_running_loop()
    timer = Timer(loop)
    first, second = loop.create_future(), loop.create_future()

    timer.begin(first, loop.time())
    timer.begin(second, loop.time() + 0.01)

    with anyio.fail_after(5):
        assert [await first, await second] == [None, None]
