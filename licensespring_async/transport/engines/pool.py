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


class Place(Protocol):
    """A place where one call waits until it is woken, such as an `asyncio.Future`."""

    def done(self) -> bool:
        """Return whether it was woken, or no longer waits."""
        ...

    def set_result(self, result: None, /) -> object:
        """Wake it."""
        ...

    def __await__(self) -> Generator[Any, Any, None]: ...


class _TrioPlace:
    """A future for trio."""

    def __init__(self) -> None:
        self._woken = anyio.Event()

    def done(self) -> bool:
        return self._woken.is_set()

    def set_result(self, _: None, /) -> None:
        self._woken.set()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._woken.wait().__await__()


def new_place() -> Place:
    """Return a place on the event loop that runs now."""
    try:
        return asyncio.get_running_loop().create_future()
    except RuntimeError:  # not asyncio, so trio
        return _TrioPlace()


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
        self._queue: OrderedDict[Place, None] = OrderedDict()
        self._given: dict[Place, C | Permission] = {}
        self._is_closed = False

    def at_hand(self) -> C | Permission | None:
        """Return a connection or the permission to open one; None if there is neither, then `wait`."""
        while self._idle:
            connection = self._idle.pop()
            if self._now() - connection.idle_since < IDLE_SECONDS and connection.is_usable():
                return connection
            connection.close()
        if self._taken >= self._allowed:
            return None
        self._taken += 1
        return Permission(self)

    async def wait(self, make_place: Callable[[], Place] = new_place) -> C | Permission:
        """Wait in line for a connection or a permission, after `at_hand` returned None.

        Args:
            make_place: Makes the place to wait at.

        Raises:
            TimeoutError: Something other than the pool woke the place.
        """
        turn = await self._wait_in_line(make_place(), is_first=False)
        while not isinstance(turn, Permission) and not turn.is_usable():
            # The peer has closed it meanwhile; the call keeps its place in the queue.
            turn.close()
            turn = self.at_hand() or await self._wait_in_line(make_place(), is_first=True)
        return turn

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

    async def _wait_in_line(self, place: Place, *, is_first: bool) -> C | Permission:
        self._queue[place] = None
        if is_first:
            self._queue.move_to_end(place, last=False)
        try:
            await place
        except BaseException:
            # It may have been given something just before it was cancelled.
            given = self._given.pop(place, None)
            if isinstance(given, Permission):
                given.pass_on()
            elif given is not None:
                self.put(given)
            raise
        finally:
            self._queue.pop(place, None)
        turn = self._given.pop(place, None)
        if turn is None:
            raise TimeoutError
        return turn

    def _give(self, turn: C | Permission) -> bool:
        while self._queue:
            place, _ = self._queue.popitem(last=False)
            if not place.done():
                self._given[place] = turn
                place.set_result(None)
                return True
        return False
