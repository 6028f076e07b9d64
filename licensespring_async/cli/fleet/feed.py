"""Read rows from a stream that may pause, without pausing the checks under way."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Self

from ...fleet import InvalidRow, Row

_AHEAD = 1000

_Item = Row | InvalidRow | Exception | None  # None: the end


@asynccontextmanager
async def feed(rows: Iterator[Row | InvalidRow]) -> AsyncGenerator[AsyncIterator[Row | InvalidRow]]:
    """Read rows in a separate thread, at most 1,000 ahead.

    The thread is a daemon: it cannot be stopped while it waits for a pipe, and must not keep the program from ending,
    as anyio's worker threads would.
    """
    feeding = _Feed(asyncio.get_running_loop())
    threading.Thread(target=feeding.pump, args=(rows,), name="rows", daemon=True).start()
    yield feeding


class _Feed:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: queue.Queue[_Item] = queue.Queue(_AHEAD)
        self._arrived = asyncio.Event()

    def pump(self, rows: Iterator[Row | InvalidRow]) -> None:
        """Read until the end, or until the loop is closed; runs in the thread."""
        try:
            for row in rows:
                if not self._put(row):
                    return
            self._put(None)
        except Exception as error:  # noqa: BLE001  # raised by the reader: a thread's own death would leave it waiting
            self._put(error)

    def _put(self, item: _Item) -> bool:
        self._queue.put(item)
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Row | InvalidRow:
        while True:
            # Clear it before the look: an item put after the look sets it again.
            self._arrived.clear()
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                await self._arrived.wait()
                continue
            if isinstance(item, Exception):
                raise item
            if item is None:
                raise StopAsyncIteration
            return item
