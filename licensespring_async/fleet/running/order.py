"""Pass results on in the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from ..results.result import Result


class Order:
    """Holds results back until all earlier rows have theirs.

    Args:
        ahead: How many rows may be read beyond the first row without a result; bounds the results held back.
    """

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead
        self._held: dict[int, Sequence[Result]] = {}
        self._next = 0
        self._advanced = anyio.Event()

    def has_room(self, place: int) -> bool:
        """Return whether the row at this place of the input may be read."""
        return place < self._next + self._ahead

    async def wait(self) -> None:
        """Wait until `wake` is called: there may be room, or a row to retry."""
        await self._advanced.wait()

    def put(self, place: int, results: Sequence[Result]) -> Sequence[Result]:
        """Take the results of the row at a place, and return all results whose turn it is."""
        self._held[place] = results
        if place != self._next:
            return ()
        ready: list[Result] = []
        while self._next in self._held:
            ready.extend(self._held.pop(self._next))
            self._next += 1
        self.wake()
        return ready

    def wake(self) -> None:
        """Wake the waiting workers."""
        self._advanced.set()
        self._advanced = anyio.Event()

    def rest(self) -> Sequence[Result]:
        """Return everything still held back; the rows before it will have no result."""
        held, self._held = self._held, {}
        return [result for place in sorted(held) for result in held[place]]
