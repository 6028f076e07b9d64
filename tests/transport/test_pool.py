"""Which call gets which connection: order, bounds, and nothing lost, on event loops whose time jumps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Generator
from contextvars import ContextVar
from typing import Any, cast

import anyio
import anyio.lowlevel
import attrs
import pytest
import sniffio
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async.errors import ConnectionFailed
from licensespring_async.transport.engines.exchange import Exchange
from licensespring_async.transport.engines.pool import AT_ONCE_IF_BUSY, IDLE_SECONDS, Permission, Place, Pool
from licensespring_async.transport.engines.timer import Timer

from . import virtual


@pytest.fixture(autouse=True, scope="module")
def every_server_is_near() -> Generator[None]:
    """Let seconds of virtual time count as soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{Pool.__module__}.NEAR", 1000.0)
        yield


on_both = pytest.mark.parametrize("backend", virtual.BACKENDS)


@attrs.define(eq=False)
class Connection:
    """One that can be cut."""

    is_open: bool = True
    is_cut: bool = False
    idle_since: float = 0.0

    def is_usable(self) -> bool:
        return self.is_open and not self.is_cut

    def close(self) -> None:
        self.is_open = False


@attrs.define(eq=False)
class Wire(Connection):
    """A connection as exchanges use it. Each request is the number of a call, which says what befalls it.

    Attributes:
        run: The run that it belongs to.
        outcome: Of the request under way.
    """

    run: Run = attrs.field(kw_only=True)
    outcome: asyncio.Future[Any] | None = None

    def ask(self, request: bytes, outcome: asyncio.Future[Any]) -> None:
        call = self.run.several[int(request)]
        self.run.lend(self)
        self.outcome = outcome
        outcome.get_loop().call_later(call.asks, self._answer, outcome, call)

    def _answer(self, outcome: asyncio.Future[Any], call: Call) -> None:
        if self.outcome is not outcome:
            return
        self.outcome = None
        self.run.take_back(self, keeps=call.keeps)
        if not outcome.done():
            outcome.set_result("an answer")

    def leave(self, outcome: asyncio.Future[Any]) -> None:
        if self.outcome is outcome:
            self.outcome = None
            self.run.take_back(self, keeps=False)


async def take(pool: Pool[Connection]) -> Connection | Permission:
    """Get a connection or a permission, as engines do."""
    return pool.at_hand() or await pool.wait()


@attrs.frozen
class Call:
    """What befalls one call, in virtual seconds.

    Attributes:
        arrives: When it comes.
        opens: How long it takes to open a connection, if it has to.
        fails: Whether that fails.
        asks: How long its answer takes.
        keeps: Whether the connection can carry another request afterwards.
        patience: How long it would wait, or None.
        cancelled: When it is cancelled, counted from its arrival, or None.
        sends_at_once: Whether its request is sent while it still sleeps, as the fast engine does (on asyncio).
    """

    arrives: int
    opens: int
    fails: bool
    asks: int
    keeps: bool
    patience: int | None
    cancelled: int | None
    sends_at_once: bool


moments = st.integers(0, 12)
calls = st.builds(
    Call,
    arrives=moments,
    opens=moments,
    fails=st.booleans(),
    asks=moments,
    keeps=st.booleans(),
    patience=st.none() | moments,
    cancelled=st.none() | moments,
    sends_at_once=st.booleans(),
)


NUMBER: ContextVar[int] = ContextVar("the number of the call", default=-1)


@attrs.frozen(eq=False)
class Noted:
    """A place that notes which call was given something, in `called`."""

    inner: Place[Connection]
    called: list[int]
    number: int = attrs.field(factory=NUMBER.get)

    def take(self, turn: Connection | Permission) -> bool:
        took = self.inner.take(turn)
        if took:
            self.called.append(self.number)
        return took


class WatchedPool(Pool[Connection]):
    """Notes the numbers of the calls that had to wait, and of those that were given something."""

    def __init__(self, at_once: int, stripe: int) -> None:
        super().__init__(at_once, anyio.current_time, lambda: worked(stripe))
        self.queued: list[int] = []
        self.called: list[int] = []
        self._noted: dict[Place[Connection], Noted] = {}

    def line_up(self, place: Place[Connection], *, is_first: bool = False) -> None:
        self.queued.append(NUMBER.get())
        self._noted[place] = Noted(place, self.called)
        super().line_up(self._noted[place], is_first=is_first)

    def leave(self, place: Place[Connection]) -> None:
        super().leave(self._noted.get(place, place))


class Run:
    """Calls on one pool, and what is to be seen of them from outside."""

    def __init__(self, at_once: int, stripe: int, several: list[Call]) -> None:
        self.at_once = at_once
        self.several = several
        self.pool = WatchedPool(at_once, stripe)
        self.timer = Timer(asyncio.get_running_loop()) if sniffio.current_async_library() == "asyncio" else None
        self.opened: list[Connection] = []
        self.opening = 0
        self.lent: set[Connection] = set()
        self.overdue: list[Call] = []

    async def call(self, number: int, call: Call) -> None:
        NUMBER.set(number)
        await anyio.sleep(call.arrives)
        with anyio.CancelScope() as scope:
            if call.cancelled is not None:
                scope.deadline = anyio.current_time() + call.cancelled
            if call.sends_at_once and self.timer is not None:
                await self._exchange(number, call, self.timer)
            else:
                await self._take_part(call)

    async def _exchange(self, number: int, call: Call, timer: Timer) -> None:
        now = anyio.current_time()
        due = now + (10**6 if call.patience is None else call.patience)

        async def connect() -> Any:
            return await self._open(call)

        # The pool's connections are wires, and these behave like real ones.
        exchange = Exchange(cast("Pool[Any]", self.pool), timer, str(number).encode(), due)
        try:
            await exchange.run(connect)
        except ConnectionFailed:
            pass
        finally:
            if anyio.current_time() > min(due, now + (10**6 if call.cancelled is None else call.cancelled)):
                self.overdue.append(call)

    async def _take_part(self, call: Call) -> None:
        due = anyio.current_time() + min(each for each in (call.patience, call.cancelled, 10**6) if each is not None)
        turn = None
        try:
            with anyio.move_on_after(call.patience if call.patience is not None else math.inf):
                turn = self.pool.at_hand() or await self.pool.wait()
        finally:
            if anyio.current_time() > due:
                self.overdue.append(call)
        if isinstance(turn, Permission):
            try:
                connection: Connection | None = await self._open(call)
            except ConnectionFailed:
                return
            finally:
                turn.pass_on()
        else:
            connection = turn
        if connection is None:
            return
        self.lend(connection)
        keeps = False
        try:
            await anyio.sleep(call.asks)
            keeps = call.keeps
        finally:
            self.take_back(connection, keeps=keeps)

    async def _open(self, call: Call) -> Connection:
        self.opening += 1
        assert self.opening <= self.at_once
        try:
            await anyio.sleep(call.opens)
        finally:
            self.opening -= 1
        if call.fails:
            raise ConnectionFailed("it fails")
        self.opened.append(Wire(run=self))
        return self.opened[-1]

    def lend(self, connection: Connection) -> None:
        assert connection not in self.lent
        self.lent.add(connection)

    def take_back(self, connection: Connection, *, keeps: bool) -> None:
        self.lent.discard(connection)
        if keeps:
            self.pool.put(connection)
        else:
            connection.close()


def worked(stripe: int) -> float:
    """How long a thread has computed that is busy for as many seconds, then idle for as many, and so on."""
    pairs, rest = divmod(anyio.current_time(), 2 * stripe)
    return pairs * stripe + min(rest, stripe)


async def ran(at_once: int, stripe: int, several: list[Call]) -> Run:
    """Let calls happen, and return what was to be seen."""
    run = Run(at_once, stripe, several)
    async with anyio.create_task_group() as group:
        for number, call in enumerate(several):
            group.start_soon(run.call, number, call)
    return run


async def at_hand(pool: Pool[Connection]) -> tuple[set[Connection], list[Permission]]:
    """Take everything that there is, and return the connections and the permissions."""
    turns: list[Connection | Permission] = []
    with anyio.move_on_after(1):
        while len(turns) < 10**3:
            turns.append(await take(pool))
    connections = {turn for turn in turns if isinstance(turn, Connection)}
    return connections, [turn for turn in turns if isinstance(turn, Permission)]


async def calmed(pool: Pool[Connection], permissions: list[Permission]) -> list[Permission]:
    """Pass permissions on after a while in which the thread was not busy for long, and return those that there are."""
    await anyio.sleep(100)
    for each in permissions:
        each.pass_on()
    _, all_of_them = await at_hand(pool)
    return all_of_them


@on_both
@given(at_once=st.integers(1, 4), stripe=st.integers(1, 12), several=st.lists(calls, max_size=25))
def test_nothing_is_lost(backend: str, at_once: int, stripe: int, several: list[Call]) -> None:
    """Whatever befalls the calls, every permission and every open connection is there for the next one.

    Nor does a call wait past its time, get a connection that another one has, or overtake one that waits.
    """

    async def check() -> None:
        run = await ran(at_once, stripe, several)

        assert run.overdue == []
        assert run.lent == set()
        assert run.pool.called == [number for number in run.pool.queued if number in run.pool.called]
        connections, permissions = await at_hand(run.pool)
        assert connections == {each for each in run.opened if each.is_open}
        assert len(await calmed(run.pool, permissions)) == at_once

    virtual.run(backend, check)


@on_both
def test_the_last_used_goes_first(backend: str) -> None:
    """The coldest connections go unused, so that they may expire."""

    async def check() -> None:
        pool = Pool[Connection]()
        cold, warm = Connection(), Connection()
        pool.put(cold)
        pool.put(warm)

        assert [await take(pool), await take(pool)] == [warm, cold]

    virtual.run(backend, check)


async def occupied() -> tuple[Pool[Connection], Permission]:
    """A pool with its one permission taken."""
    pool = Pool[Connection](1)
    turn = await take(pool)
    assert isinstance(turn, Permission)
    return pool, turn


@on_both
@pytest.mark.parametrize("what", ["connection", "permission"])
def test_what_comes_first_is_taken(backend: str, what: str) -> None:
    """A call that waits takes a connection that gets free, or the permission to open one, whichever comes first."""

    async def check() -> None:
        pool, permission = await occupied()
        connection = Connection()
        turns: list[Connection | Permission] = []

        async def wait() -> None:
            turns.append(await take(pool))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.sleep(1)
            pool.put(connection) if what == "connection" else permission.pass_on()

        assert isinstance(turns[0], Permission if what == "permission" else Connection)

    virtual.run(backend, check)


@on_both
@pytest.mark.parametrize("what", ["connection", "permission"])
def test_a_gift_to_a_cancelled_call_goes_to_the_next(backend: str, what: str) -> None:
    """A call that was cancelled just after it was given something passes it on."""

    async def check() -> None:
        pool, permission = await occupied()
        connection = Connection()
        turns: list[Connection | Permission] = []

        async def wait(scope: anyio.CancelScope) -> None:
            with scope:
                turn = await take(pool)
                try:
                    await anyio.lowlevel.checkpoint()
                except BaseException:  # anyio lets a call on asyncio have what it was given, and cancels it then
                    pool.put(turn) if isinstance(turn, Connection) else turn.pass_on()
                    raise
                turns.append(turn)

        first, second = anyio.CancelScope(), anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(wait, first)
            await anyio.sleep(1)
            group.start_soon(wait, second)
            await anyio.sleep(1)
            pool.put(connection) if what == "connection" else permission.pass_on()
            first.cancel()

        assert first.cancelled_caught
        assert len(turns) == 1

    virtual.run(backend, check)


@pytest.mark.parametrize("what", ["connection", "permission"])
def test_a_gift_to_a_cancelled_task_goes_to_the_next(what: str) -> None:
    """The same for a task of asyncio that is cancelled between the gift and its turn."""

    async def check() -> None:
        pool, permission = await occupied()
        first, second = asyncio.create_task(take(pool)), asyncio.create_task(take(pool))
        await asyncio.sleep(1)
        connection = Connection()
        pool.put(connection) if what == "connection" else permission.pass_on()
        first.cancel()

        turn = await second

        assert turn is connection or isinstance(turn, Permission)
        assert first.cancelled()

    virtual.run("asyncio", check)


@on_both
def test_a_connection_that_died_on_the_way_costs_no_place(backend: str) -> None:
    """A call that was given a connection which the peer then closed stays the first in the queue."""

    async def check() -> None:
        pool, permission = await occupied()
        dead, alive = Connection(), Connection()
        turns: list[tuple[int, Connection | Permission]] = []

        async def wait(number: int) -> None:
            turns.append((number, await take(pool)))

        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(wait, number)
                await anyio.sleep(1)
            pool.put(dead)
            dead.is_cut = True
            await anyio.sleep(1)
            pool.put(alive)
            await anyio.sleep(1)
            permission.pass_on()

        assert [number for number, _ in turns] == [0, 1]
        assert turns[0][1] is alive
        assert not dead.is_open

    virtual.run(backend, check)


@on_both
def test_connections_that_the_peer_closed_are_closed(backend: str) -> None:
    """Gives away none that is of no use, and closes it."""

    async def check() -> None:
        pool = Pool[Connection]()
        several = [Connection() for _ in range(3)]
        for each in several:
            pool.put(each)
        for each in several[1:]:
            each.is_cut = True

        assert await take(pool) is several[0]
        assert [each.is_open for each in several] == [True, False, False]

    virtual.run(backend, check)


@on_both
def test_connections_expire(backend: str) -> None:
    """Closes what was idle for half a minute: when others are given back, and when there is nothing else."""

    async def check() -> None:
        pool = Pool[Connection](now=anyio.current_time)
        old, fresh = Connection(), Connection()
        pool.put(old)
        await anyio.sleep(IDLE_SECONDS - 1)
        pool.put(fresh)
        assert old.is_open
        await anyio.sleep(1)

        pool.put(again := await used(pool))

        assert (again, old.is_open, fresh.is_open) == (fresh, False, True)
        await anyio.sleep(IDLE_SECONDS)
        assert isinstance(await take(pool), Permission)
        assert not fresh.is_open

    virtual.run(backend, check)


async def used(pool: Pool[Connection]) -> Connection:
    """Take a connection that there has to be."""
    turn = await take(pool)
    assert isinstance(turn, Connection)
    return turn


@on_both
def test_a_permission_is_passed_on_once(backend: str) -> None:
    """Passing a permission on again makes no other."""

    async def check() -> None:
        pool, permission = await occupied()
        permission.pass_on()
        permission.pass_on()

        _, permissions = await at_hand(pool)
        assert len(permissions) == 1

    virtual.run(backend, check)


@on_both
def test_a_busy_thread_still_opens_many_connections_to_a_far_server(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the network takes longer than the handshakes, calls would only wait longer for their connections."""
    monkeypatch.setattr(f"{Pool.__module__}.NEAR", 0.5)

    async def check() -> None:
        pool = Pool[Connection](8, anyio.current_time, anyio.current_time)
        _, first = await at_hand(pool)
        for each in first:
            each.pass_on()
        _, again = await at_hand(pool)

        assert len(again) == 8

    virtual.run(backend, check)


@on_both
def test_a_busy_thread_opens_fewer_connections_at_once(backend: str) -> None:
    """While the thread computes all the time, two connections are opened at once; more as soon as it has a rest."""

    async def check() -> None:
        rests_from = math.inf
        pool = Pool[Connection](8, anyio.current_time, lambda: min(anyio.current_time(), rests_from))
        _, first = await at_hand(pool)
        waiting: list[Permission] = []

        async def wait() -> None:
            turn = await take(pool)
            assert isinstance(turn, Permission)
            waiting.append(turn)

        async with anyio.create_task_group() as group:
            for _ in range(16):
                group.start_soon(wait)
            await anyio.sleep(1)
            for each in first:
                each.pass_on()
            await anyio.sleep(1)
            assert (len(first), len(waiting)) == (8, AT_ONCE_IF_BUSY)
            rests_from = anyio.current_time()
            await anyio.sleep(100)
            waiting[0].pass_on()
            await anyio.sleep(1)
            assert len(waiting) == 1 + 8
            for each in waiting:
                each.pass_on()

    virtual.run(backend, check)


@on_both
def test_a_closed_pool_keeps_nothing(backend: str) -> None:
    """Closes idle connections at once, and those in use when they are given back, but serves whoever waits."""

    async def check() -> None:
        pool, permission = await occupied()
        used = Connection()
        waits: list[Connection | Permission] = []

        async def wait() -> None:
            waits.append(await take(pool))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.sleep(1)
            pool.close()
            pool.put(used)
        assert waits == [used]
        pool.put(used)
        assert not used.is_open
        permission.pass_on()

    virtual.run(backend, check)
