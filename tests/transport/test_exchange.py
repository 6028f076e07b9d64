"""How a request of the fast engine gets from its place in line to a connection, on an event loop whose time jumps."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Coroutine
from typing import Any, cast

import attrs
import pytest

from licensespring_async.transport.engines.exchange import Exchange
from licensespring_async.transport.engines.pool import Permission, Pool
from licensespring_async.transport.engines.timer import Timer
from licensespring_async.transport.values import HttpResponse

from . import virtual

ANSWER = HttpResponse(200, {}, b"{}")


@attrs.define(eq=False)
class Wire:
    """A connection that answers when it is told to."""

    asked: list[bytes] = attrs.field(factory=list[bytes])
    is_open: bool = True
    idle_since: float = 0.0
    outcome: asyncio.Future[Any] | None = None

    def is_usable(self) -> bool:
        return self.is_open

    def close(self) -> None:
        self.is_open = False

    def ask(self, request: bytes, outcome: asyncio.Future[Any]) -> None:
        self.asked.append(request)
        self.outcome = outcome

    def answer(self) -> None:
        assert self.outcome is not None
        self.outcome.set_result(ANSWER)
        self.outcome = None

    def leave(self, outcome: asyncio.Future[Any]) -> None:
        if self.outcome is outcome:
            self.close()


class Line:
    """Requests in line at a pool that has one permission to open a connection, which is taken."""

    def __init__(self) -> None:
        self.pool: Pool[Any] = Pool(1)
        self.permission = cast("Permission", self.pool.at_hand())
        self.opened: list[Wire] = []
        self._timer = Timer(asyncio.get_running_loop())
        self._tasks: list[asyncio.Task[Any]] = []

    async def connect(self) -> Any:
        self.opened.append(Wire())
        return self.opened[-1]

    def run(self, request: bytes, patience: float = 10**6) -> Coroutine[Any, Any, Any]:
        due = asyncio.get_running_loop().time() + patience
        return Exchange(self.pool, self._timer, request, due).run(self.connect)

    async def add(self, request: bytes) -> asyncio.Task[Any]:
        """Return the task of a request, once it waits."""
        self._tasks.append(asyncio.create_task(self.run(request)))
        await asyncio.sleep(1)
        return self._tasks[-1]


def test_a_request_is_sent_before_its_call_wakes() -> None:
    """A connection that gets free carries the next request at once."""

    async def check() -> None:
        line, wire = Line(), Wire()
        first, second = await line.add(b"first"), await line.add(b"second")

        line.pool.put(wire)
        assert wire.asked == [b"first"]
        wire.answer()
        line.pool.put(wire)
        assert wire.asked == [b"first", b"second"]
        wire.answer()

        assert [await first, await second] == [ANSWER, ANSWER]

    virtual.run("asyncio", check)


def test_a_request_keeps_its_place_if_its_connection_died() -> None:
    """One that the peer has closed is closed, and the first in line waits for the next."""

    async def check() -> None:
        line, dead, alive = Line(), Wire(is_open=False), Wire()
        first = await line.add(b"first")
        await line.add(b"second")

        line.pool.put(dead)
        line.pool.put(alive)
        alive.answer()

        assert (dead.asked, alive.asked) == ([], [b"first"])
        assert await first is ANSWER

    virtual.run("asyncio", check)


def test_a_permission_is_passed_on_when_the_connection_stands() -> None:
    """The next call does not wait for the first one's answer."""

    async def check() -> None:
        line = Line()
        await line.add(b"first")
        await line.add(b"second")

        line.permission.pass_on()
        await asyncio.sleep(1)

        assert [each.asked for each in line.opened] == [[b"first"], [b"second"]]

    virtual.run("asyncio", check)


@pytest.mark.parametrize("what", ["connection", "permission"])
def test_a_call_that_is_cancelled_before_it_wakes_loses_nothing(what: str) -> None:
    """It closes a connection that carries its request by then, and passes a permission on."""

    async def check() -> None:
        line, wire = Line(), Wire()
        first = await line.add(b"first")
        await line.add(b"second")

        line.pool.put(wire) if what == "connection" else line.permission.pass_on()
        first.cancel()
        await asyncio.sleep(1)

        assert first.cancelled()
        assert wire.is_open == (what == "permission")
        line.permission.pass_on()
        await asyncio.sleep(1)
        assert [each.asked for each in line.opened] == [[b"second"]]

    virtual.run("asyncio", check)


def test_a_request_whose_time_is_over_leaves_the_line() -> None:
    """It was never sent, and nothing remembers it."""

    async def check() -> None:
        line, wire = Line(), Wire()
        late = Exchange(line.pool, Timer(asyncio.get_running_loop()), b"late", 1)
        outcome = await late.run(line.connect)
        gone = weakref.ref(late)
        assert (outcome, late.was_sent) == (None, False)

        del late
        gc.collect()

        assert gone() is None
        line.pool.put(wire)
        assert wire.asked == []

    virtual.run("asyncio", check)
