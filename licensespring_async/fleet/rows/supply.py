"""Rows for several workers from one iterator, plain or async."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Protocol, TypeAlias, cast

import anyio

from ...errors import ConfigurationError
from .row import COLUMNS, InvalidRow, Row, row_from

Given: TypeAlias = Row | InvalidRow | Mapping[str, object]
Rows: TypeAlias = Iterable[Given] | AsyncIterable[Given]


class Supply(Protocol):
    """Gives each row to one worker.

    Attributes:
        may_wait: Whether a row may take a while to arrive.
    """

    may_wait: bool

    async def next(self) -> Row | InvalidRow | None:
        """Return the next row, or None at the end.

        Raises:
            ConfigurationError: An item is not a row.
        """
        ...


def supply(rows: Rows) -> Supply:
    """Return the rows of an iterable or async iterable, for several workers.

    Raises:
        ConfigurationError: It is neither.
    """
    if isinstance(rows, AsyncIterable):
        return _FromAsync(rows)
    if isinstance(rows, Iterable):
        return _FromSync(rows)
    raise ConfigurationError(f"rows: must be an iterable or async iterable of rows, not {rows!r:.100}")


class _FromSync:
    may_wait = False

    def __init__(self, rows: Iterable[Given]) -> None:
        self._rows = enumerate(rows, 1)

    async def next(self) -> Row | InvalidRow | None:
        turn = next(self._rows, None)
        return None if turn is None else _row(turn[1], turn[0])


class _FromAsync:
    may_wait = True

    def __init__(self, rows: AsyncIterable[Given]) -> None:
        self._rows = aiter(rows)
        self._number = 0
        self._is_over = False
        self._turn = anyio.Lock(fast_acquire=True)

    async def next(self) -> Row | InvalidRow | None:
        # One at a time: an async generator raises if it is asked twice at once.
        async with self._turn:
            if self._is_over:
                return None
            # Until a row comes: an iterator that has ended or failed may block forever if it is asked again.
            self._is_over = True
            try:
                given = await anext(self._rows)
            except StopAsyncIteration:
                return None
            self._number += 1
            row = _row(given, self._number)
            self._is_over = False
            return row


def _row(given: object, number: int) -> Row | InvalidRow:
    if isinstance(given, (Row, InvalidRow)):  # a tuple: a union would be built for each row
        return given
    if isinstance(given, Mapping):
        return row_from(cast("Mapping[str, object]", given), row=number)
    raise ConfigurationError(
        f"rows: number {number:,} is a {type(given).__name__}; a row is a Row, an InvalidRow or a mapping of "
        f"{', '.join(COLUMNS)} to their values"
    )
