"""One timer of the event loop for all requests of an engine."""

from __future__ import annotations

import asyncio
import math
from typing import Any


class Timer:
    """Wakes each future whose time is over with None, on asyncio.

    A timer for each request, as `asyncio.timeout` sets one, would be a tenth of the cost of a request of the `fast`
    engine. Hardly any of them would ever go off.

    Args:
        loop: The event loop of the futures.

    Attributes:
        loop: The same.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._due: dict[asyncio.Future[Any], float] = {}
        self._handle: asyncio.Handle | None = None
        self._next = math.inf  # when it looks; uvloop's handle for a moment that has come does not tell

    def begin(self, future: asyncio.Future[Any], due: float) -> None:
        """Wake a future at a moment of the loop's time, unless `end` comes first."""
        self._due[future] = due
        if due < self._next:
            self._look_at(due)

    def end(self, future: asyncio.Future[Any]) -> None:
        """Forget a future."""
        self._due.pop(future, None)

    def _look_at(self, moment: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._next = moment
        self._handle = self.loop.call_at(moment, self._look)

    def _look(self) -> None:
        self._handle, self._next = None, math.inf
        now = self.loop.time()
        for future in [future for future, due in self._due.items() if due <= now]:
            del self._due[future]
            if not future.done():
                future.set_result(None)
        if self._due:
            self._look_at(min(self._due.values()))
