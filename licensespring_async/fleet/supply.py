"""Rows for several workers from one iterator, plain or async."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Protocol

import anyio

from .rows import InvalidRow, Row

Rows = Iterable[Row | InvalidRow] | AsyncIterable[Row | InvalidRow]


class Supply(Protocol):
    """Gives each row to one worker.

    Attributes:
        may_wait: Whether a row may take a while to come.
    """

    may_wait: bool

    async def next(self) -> Row | InvalidRow | None:
        """Return the next row, or None at the end."""
        ...


def supply(rows: Rows) -> Supply:
    """Return the rows of an iterable or async iterable, for several workers."""
    return _FromAsync(rows) if isinstance(rows, AsyncIterable) else _FromSync(rows)


class _FromSync:
    may_wait = False

    def __init__(self, rows: Iterable[Row | InvalidRow]) -> None:
        self._rows = iter(rows)

    async def next(self) -> Row | InvalidRow | None:
        return next(self._rows, None)


class _FromAsync:
    may_wait = True

    def __init__(self, rows: AsyncIterable[Row | InvalidRow]) -> None:
        self._rows = aiter(rows)
        self._is_over = False
        self._turn = anyio.Lock(fast_acquire=True)

    async def next(self) -> Row | InvalidRow | None:
        # One at a time: an async generator that is asked twice at once raises.
        async with self._turn:
            if self._is_over:
                return None
            # Until a row comes: an iterator that has ended or failed may wait for ever when it is asked again.
            self._is_over = True
            row = await anext(self._rows, None)
            self._is_over = row is None
            return row
