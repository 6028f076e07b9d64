"""Checking many rows: a fixed number of workers that share one iterator.

Why `check_many` is no plain async generator: the workers live in a task group, and a generator that yields inside one
is unsound. A caller that leaves the loop early would leave the task group open until the garbage collector closes it
from another task, and a time-out around the loop would end inside a scope that was opened after it; asyncio and trio
both break on that. So the group is opened and closed by the caller's own `async with`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from itertools import repeat
from types import TracebackType
from typing import Self

import anyio
import anyio.abc

from ..client import LicenseSpring
from ..errors import ConfigurationError, LicenseSpringError
from .check import check_row, failed, invalid, skipped
from .handover import Handover
from .results import Result
from .rows import InvalidRow, Row
from .supply import Rows, supply

DEFAULT_CONCURRENCY = 32

_WAVE = 8  # rows per worker; long enough that waiting for the last of a wave costs little


def check_many(client: LicenseSpring, rows: Rows, *, concurrency: int = DEFAULT_CONCURRENCY) -> Checks:
    """Check rows and iterate over their results, in the order in which they are done.

    Use it in `async with`, on asyncio or trio:

        async with check_many(client, read_rows("fleet.csv")) as results:
            async for result in results:
                print(result.to_json())

    Every row has exactly one result. A check that fails is a result; a row that cannot be read is a result. Rows are
    read as workers become free, and workers wait when `concurrency` results have not been taken: memory does not grow
    with the input, and a slow reader slows the checks down. Leaving the block stops the workers and cancels what is
    under way.

    `async for result in check_many(...)` without the block is sound too, but slower: the rows are checked in waves, and
    nothing runs while the loop's body does.

    **Side effect:** a row whose feature floats takes a slot, as `check_license_feature` does.

    Args:
        client: Its `timeout` bounds each row, the wait for `max_concurrency` and rate windows included.
        rows: `Row`s and `InvalidRow`s, as `read_rows` gives them; an iterable or an async iterable.
        concurrency: Rows under way at once, at least 1; no use above the client's `max_concurrency`.

    Raises:
        ConfigurationError: `concurrency` cannot be used.
        AuthorizationError, SignatureError, ConfigurationError: By the loop, at its end: a row failed in a way that
            every other would. No further row is sent; those under way are finished, the rest are `skipped`.
        Exception: By the loop, at its end: what `rows` itself raised.
    """
    if type(concurrency) is not int or concurrency < 1:
        raise ConfigurationError(f"concurrency: must be a whole number of at least 1, not {concurrency!r}")
    return Checks(client, rows, concurrency)


class Checks:
    """What `check_many` returns: enter it with `async with`, or iterate over it as it is."""

    def __init__(self, client: LicenseSpring, rows: Rows, concurrency: int) -> None:
        self._work = _Work(client, rows)
        self._concurrency = concurrency
        self._group: anyio.abc.TaskGroup | None = None

    async def __aenter__(self) -> AsyncIterator[Result]:
        if self._group is not None:
            raise ConfigurationError("check_many: was entered before; call it again for another run")
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return _Results(self._work.begin(self._group, self._concurrency), self._work)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._group is not None  # noqa: S101
        self._work.is_left = True
        self._group.cancel_scope.cancel()
        # The group is not told of the block's error, which it would wrap into an ExceptionGroup.
        await self._group.__aexit__(None, None, None)

    def __aiter__(self) -> AsyncIterator[Result]:
        return _Waves(self._work, self._concurrency)


class _Work:
    """The state that workers share: where the rows come from, and what ended the run.

    Attributes:
        is_over: Whether there are no more rows.
        is_left: Whether the block of the run was left.
    """

    def __init__(self, client: LicenseSpring, rows: Rows) -> None:
        self._client = client
        self._rows = supply(rows)
        self._failure: Exception | None = None
        self._skip = ""
        self.is_over = False
        self.is_left = False

    def begin(self, group: anyio.abc.TaskGroup, workers: int, *, limit: int | None = None) -> Handover:
        """Start workers in a group; together they check `limit` rows, or all."""
        handover = Handover(workers)
        places = repeat(None) if limit is None else repeat(None, limit)
        for _ in range(workers):
            handover.join()
            group.start_soon(self._check_rows, handover, places)
        return handover

    def raise_failure(self) -> None:
        """Raise what ended the run early, if anything did."""
        if self._failure is not None:
            raise self._failure

    async def _check_rows(self, handover: Handover, places: Iterable[None]) -> None:
        try:
            for _ in places:
                row = await self._next()
                if row is None:
                    return
                await handover.give(await self._check(row))
        finally:
            handover.leave()

    async def _next(self) -> Row | InvalidRow | None:
        if self.is_over:
            return None
        row = None
        try:
            row = await self._rows.next()
        except Exception as error:  # noqa: BLE001  # the caller's own iterator: the loop raises it, a group would wrap it
            self._failure = self._failure or error
        self.is_over = self.is_over or row is None
        return row

    async def _check(self, row: Row | InvalidRow) -> Result:
        if isinstance(row, InvalidRow):
            return invalid(row)
        if self._skip:
            return skipped(row, self._skip)
        try:
            return await check_row(self._client, row)
        except LicenseSpringError as error:
            self._failure = self._failure or error
            self._skip = self._skip or f"not checked: row {row.row} failed as every row would"
            return failed(row, error)


class _Results:
    """The results as they come in; it ends when every worker has, and then raises what ended the run."""

    def __init__(self, handover: Handover, work: _Work) -> None:
        self._handover = handover
        self._work = work

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result:
        if self._work.is_left:
            raise ConfigurationError("check_many: its `async with` block is over; iterate inside it")
        result = await self._handover.take()
        if result is None:
            self._work.raise_failure()
            raise StopAsyncIteration
        return result


class _Waves:
    """The results of one wave of rows after another; no task outlives a step of the iteration."""

    def __init__(self, work: _Work, concurrency: int) -> None:
        self._work = work
        self._concurrency = concurrency
        self._done: deque[Result] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result:
        while not self._done:
            if self._work.is_over:
                self._work.raise_failure()
                raise StopAsyncIteration
            await self._check_wave()
        return self._done.popleft()

    async def _check_wave(self) -> None:
        async with anyio.create_task_group() as group:
            handover = self._work.begin(group, self._concurrency, limit=self._concurrency * _WAVE)
            while (result := await handover.take()) is not None:
                self._done.append(result)
