"""Hand results over from the workers to the reader."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import anyio
import anyio.lowlevel

from ..results.result import Result


class Handover:
    """A queue of results that holds the workers back when nobody takes them.

    A memory stream would switch tasks twice for every result. This queue switches only when the reader has nothing left
    to take, or when the workers are `room` results ahead.

    Args:
        room: How many results may wait; each worker may add those of one row before it waits.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._results: deque[Result] = deque()
        self._workers = 0
        self._changed = anyio.Event()
        self._emptied = anyio.Event()

    def join(self) -> None:
        """Add a worker; the results end when all workers have left."""
        self._workers += 1

    def leave(self, last: Sequence[Result] = ()) -> None:
        """Remove a worker, and take its last results."""
        self._results.extend(last)
        self._workers -= 1
        self._changed.set()

    def give(self, results: Sequence[Result]) -> bool:
        """Queue results, and return whether there are too many: then `wait`."""
        self._results.extend(results)
        self._changed.set()
        return len(self._results) >= self._room

    async def wait(self) -> None:
        """Wait until all results are taken."""
        await self._emptied.wait()

    async def take(self) -> Result | None:
        """Return the next result, or None at the end."""
        while not self._results:
            if not self._workers:
                # Cancelled workers leave too. Then the reader is cancelled as well; this is not the end of the rows.
                await anyio.lowlevel.checkpoint_if_cancelled()
                return None
            if self._changed.is_set():
                self._changed = anyio.Event()
            await self._changed.wait()
        result = self._results.popleft()
        if not self._results:
            self._go_on()
        return result

    def take_rest(self) -> list[Result]:
        """Return all results that wait, without waiting."""
        results = list(self._results)
        if results:
            self._results.clear()
            self._go_on()
        return results

    def _go_on(self) -> None:
        # Wake all workers at once, and only now: waking them for every result would cost more than the results.
        self._emptied.set()
        self._emptied = anyio.Event()
