"""One request of the `fast` engine, from its place in line to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .pool import Permission, Pool
from .timer import Timer

if TYPE_CHECKING:
    from .wire import Outcome, Wire


class Exchange:
    """A place in line that sends its request itself.

    A request in line is written as soon as a connection is free, while its call still sleeps. Waking the call first
    would cost a sixth of a call when 64 run at a time.

    Args:
        pool: The connections to the request's origin.
        timer: Ends the wait for a connection, and for the answer.
        written: The bytes of the request.
        due: When its time is over, by the event loop's time.
    """

    def __init__(self, pool: Pool[Wire], timer: Timer, written: bytes, due: float) -> None:
        self._pool = pool
        self._timer = timer
        self._written = written
        self._due = due
        self._permission: Permission | None = None
        self._wire: Wire | None = None
        self._expect()

    @property
    def was_sent(self) -> bool:
        """Whether the request was written, or may have been."""
        return self._wire is not None

    async def run(self, connect: Callable[[], Awaitable[Wire]]) -> Outcome:
        """Send the request and return its outcome.

        Args:
            connect: Opens a connection, if this request is permitted to.
        """
        try:
            turn = self._pool.at_hand()
            if turn is None:
                self._pool.line_up(self)
            else:
                self._use(turn)
            outcome = await self._outcome
            if self._permission is None:
                return outcome
            self._timer.end(self._outcome)
            wire = await self._connected(connect, self._permission)
            self._expect()
            self._use(wire)
            return await self._outcome
        except TimeoutError:  # of `_connected`
            return None
        finally:
            self._end()

    def take(self, turn: Wire | Permission) -> bool:
        """Use what the pool gives; see `Place.take`."""
        if self._outcome.done():
            return False
        if isinstance(turn, Permission) or turn.is_usable():
            self._use(turn)
        else:
            # The peer has closed it; the call keeps its place in the queue.
            turn.close()
            self._pool.line_up(self, is_first=True)
        return True

    def _use(self, turn: Wire | Permission) -> None:
        if isinstance(turn, Permission):
            self._permission = turn
            self._outcome.set_result(None)
        else:
            self._wire = turn
            turn.ask(self._written, self._outcome)

    def _expect(self) -> None:
        self._outcome: asyncio.Future[Outcome] = self._timer.loop.create_future()
        self._timer.begin(self._outcome, self._due)

    async def _connected(self, connect: Callable[[], Awaitable[Wire]], permission: Permission) -> Wire:
        try:
            async with asyncio.timeout_at(self._due):
                return await connect()
        finally:
            permission.pass_on()

    def _end(self) -> None:
        self._timer.end(self._outcome)
        self._pool.leave(self)
        if self._permission is not None:
            self._permission.pass_on()  # if it was cancelled before it woke
        if self._wire is not None:
            self._wire.leave(self._outcome)
