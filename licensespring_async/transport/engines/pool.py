"""The connection pool: idle connections, last used first, and a few permissions to open more.

If a burst opened a connection for every call, all calls would wait for handshakes while the first connections are idle
again. So a call that finds no idle connection waits for a free connection or a permission, whichever comes first. A
call with a permission connects in its own task: the pool starts none.

If a connection was opened soon, and the thread was busy for most of that time, handshakes are limited by the processor
and not by the network. More of them would only delay calls, so fewer are allowed at the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from typing import Any, Final, Generic, Protocol, TypeVar

import anyio

AT_ONCE: Final = 8
"""Connections to one origin that may be opened at the same time."""

AT_ONCE_IF_BUSY: Final = 2
"""The same while the server is near and the thread is busy."""

NEAR: Final = 0.05
"""Seconds within which a connection to a near server is open. A farther one takes two round trips of 25 ms."""

BUSY: Final = 0.6
"""Share of the time that a busy thread computes, at least; other processes may keep it from computing more."""

IDLE_SECONDS: Final = 30.0
"""Seconds that a connection may be idle: servers and routers drop idle connections silently."""


class Connection(Protocol):
    """A connection in a pool.

    Attributes:
        idle_since: When it was last put into the pool, by the pool's clock.
    """

    idle_since: float

    def is_usable(self) -> bool:
        """Return whether it can carry another request; may make a system call, which costs a microsecond."""
        ...

    def close(self) -> None:
        """Close it at once."""
        ...


C = TypeVar("C", bound=Connection)
C_contra = TypeVar("C_contra", bound=Connection, contravariant=True)


class Permission:
    """Lets a call open a connection. The call passes it on once it is done, has failed, or is cancelled."""

    def __init__(self, pool: Pool[Any]) -> None:
        self._pool: Pool[Any] | None = pool
        self._began = pool.times()

    def pass_on(self) -> None:
        """Give it to the next call; a second time this does nothing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.take_back(self._began)


class Place(Protocol[C_contra]):
    """The place of one call in line."""

    def take(self, turn: C_contra | Permission) -> bool:
        """Take the turn that has come, and return True; False if the call no longer waits."""
        ...


class _TrioFuture:
    """What `_Waiting` needs of a future, for trio."""

    def __init__(self) -> None:
        self._woken = anyio.Event()

    def done(self) -> bool:
        return self._woken.is_set()

    def set_result(self, _: None, /) -> None:
        self._woken.set()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._woken.wait().__await__()


class _Waiting(Generic[C]):
    """The place of a call that sleeps until its turn."""

    def __init__(self) -> None:
        self.turn: C | Permission | None = None
        try:
            # An event of anyio would cost a twentieth of a call of the httpx engine.
            self._woken: asyncio.Future[None] | _TrioFuture = asyncio.get_running_loop().create_future()
        except RuntimeError:  # not asyncio, so trio
            self._woken = _TrioFuture()

    def take(self, turn: C | Permission) -> bool:
        if self._woken.done():
            return False
        self.turn = turn
        self._woken.set_result(None)
        return True

    async def wait(self) -> C | Permission:
        await self._woken
        assert self.turn is not None  # noqa: S101
        return self.turn


class Pool(Generic[C]):
    """The connections to one origin, on one event loop.

    While calls wait, no connection is idle and every permission is taken.

    Args:
        at_once: How many permissions there are, at most.
        now: Monotonic seconds.
        worked: Seconds that the thread has computed.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        now: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._now = now
        self._worked = worked
        self._at_once = at_once
        self._allowed = at_once
        self._taken = 0
        self._idle: deque[C] = deque()
        self._queue: OrderedDict[Place[C], None] = OrderedDict()
        self._is_closed = False

    def at_hand(self) -> C | Permission | None:
        """Return a connection or the permission to open one; None if there is neither, then `wait` or `line_up`."""
        while self._idle:
            connection = self._idle.pop()
            if self._now() - connection.idle_since < IDLE_SECONDS and connection.is_usable():
                return connection
            connection.close()
        if self._taken >= self._allowed:
            return None
        self._taken += 1
        return Permission(self)

    async def wait(self) -> C | Permission:
        """Wait in line for a connection or a permission, after `at_hand` returned None."""
        turn = await self._wait_in_line(is_first=False)
        while not isinstance(turn, Permission) and not turn.is_usable():
            # The peer has closed it meanwhile; the call keeps its place in the queue.
            turn.close()
            turn = self.at_hand() or await self._wait_in_line(is_first=True)
        return turn

    def line_up(self, place: Place[C], *, is_first: bool = False) -> None:
        """Add a place to the line, at its end or as the first, after `at_hand` returned None."""
        self._queue[place] = None
        if is_first:
            self._queue.move_to_end(place, last=False)

    def leave(self, place: Place[C]) -> None:
        """Remove a place from the line, if it is still in it."""
        self._queue.pop(place, None)

    def put(self, connection: C) -> None:
        """Give back a connection that can carry another request."""
        if self._give(connection):
            return
        if self._is_closed:
            connection.close()
            return
        now = connection.idle_since = self._now()
        self._idle.append(connection)
        while now - self._idle[0].idle_since >= IDLE_SECONDS:
            self._idle.popleft().close()

    def times(self) -> tuple[float, float]:
        """Return the time, and how much of it the thread has computed; in seconds, for `Permission`."""
        return self._now(), self._worked()

    def take_back(self, began: tuple[float, float]) -> None:
        """Take a permission back that was given at those times; for `Permission.pass_on`."""
        elapsed, worked = (now - then for now, then in zip(self.times(), began, strict=True))
        is_busy = elapsed < NEAR and worked > BUSY * elapsed
        self._allowed = min(self._at_once, AT_ONCE_IF_BUSY) if is_busy else self._at_once
        self._taken -= 1
        while self._taken < self._allowed and self._give(Permission(self)):
            self._taken += 1

    def close(self) -> None:
        """Close the idle connections now, and each one in use when it is given back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    async def _wait_in_line(self, *, is_first: bool) -> C | Permission:
        place = _Waiting[C]()
        self.line_up(place, is_first=is_first)
        try:
            return await place.wait()
        except BaseException:
            # It may have been given something just before it was cancelled.
            if isinstance(place.turn, Permission):
                place.turn.pass_on()
            elif place.turn is not None:
                self.put(place.turn)
            raise
        finally:
            self.leave(place)

    def _give(self, turn: C | Permission) -> bool:
        while self._queue:
            place, _ = self._queue.popitem(last=False)
            if place.take(turn):
                return True
        return False
