"""Check many rows with a few workers that share one iterator; there is no task per row.

Why `check_many` is not a plain async generator: the workers live in a task group, and a generator must not yield inside
one. If the caller left the loop early, the task group would stay open until the garbage collector closed it from
another task. A time-out around the loop would end inside a scope that was opened later. Both asyncio and trio break on
that. So the caller's own `async with` opens and closes the group.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import anyio
import anyio.abc

from ...client import LicenseSpring
from ...errors import ConfigurationError
from ..checking.local import Checker, LocalChecker
from ..checking.pace import Concurrency, Pace
from ..results.result import Result
from ..rows.supply import Rows
from .handover import Handover
from .work import Ledger, Work

_WAVE = 8  # rows per worker; long enough that waiting for the last of a wave costs little


def check_many(
    client: LicenseSpring,
    rows: Rows,
    *,
    concurrency: int | Concurrency = Concurrency(),  # noqa: B008  # frozen
    retries: int = 0,
    release: bool = False,
    ordered: bool = False,
    ledger: Ledger | None = None,
) -> Checks:
    """Check rows and iterate over their results, in the order in which they finish or in that of the rows.

    Use it in `async with`, on asyncio or trio:

        async with check_many(client, read_rows("fleet.csv")) as results:
            async for result in results:
                print(result.to_json())

    Every row has exactly one result, even if its check fails or it cannot be read. Rows are read as workers become
    free. Workers wait when too many results have not been taken (as many as rows may be under way). So memory does not
    grow with the input, and a slow reader slows the checks down. Leaving the block stops the workers and cancels what
    is under way.

    `async for result in check_many(...)` without the block is safe too, but slower: rows are checked in waves, and
    nothing runs during the loop's body.

    **Side effect:** a row whose feature or license floats takes a slot.

    Args:
        client: Its `timeout` bounds each row; waiting for its rate windows, or for the pause that the service asked for
            with HTTP 429, does not count.
        rows: An iterable or async iterable of `Row`s and `InvalidRow`s from `read_rows`, or of mappings such as
            `{"product": ..., "feature": ..., "hardware_id": ..., "license_key": ...}`. Mappings are numbered by place,
            from 1. A mapping that cannot be checked has a result too.
        concurrency: Rows under way at once: bounds to tune it between, or a number to start with and not to exceed, at
            most 10,000. More than the client's `max_concurrency` has no use.
        retries: How often to check a row again after a transient failure (no connection, throttled, HTTP 5xx), behind
            all other rows. At most 10,000 rows wait for that; more fail at once.
        release: Whether to give each floating slot back after its check, even if the device held it before.
        ordered: Whether results come in the order of the rows. A slow or retried row then holds back the results behind
            it. After 8 times as many rows as may be under way it holds back the checks too.
        ledger: Settles each result before its worker takes another row.

    Raises:
        ConfigurationError: An argument cannot be used.
        AuthorizationError, SignatureError, ConfigurationError: By the loop, at its end: a row failed as every other
            row would. No further row is sent; those under way are finished, the rest are `skipped`.
        ConfigurationError: By the loop, at its end: an item of `rows` is not a row.
        Exception: By the loop, at its end: `rows` itself raised it.
    """
    if not isinstance(client, LicenseSpring):
        raise ConfigurationError("client: must be a LicenseSpring object; a blocking client cannot check many at once")
    bounds = concurrency if isinstance(concurrency, Concurrency) else Concurrency.upto(concurrency)
    return check_with(
        LocalChecker(client, bounds, release=release), rows, retries=retries, ordered=ordered, ledger=ledger
    )


def check_with(
    checker: Checker, rows: Rows, *, retries: int = 0, ordered: bool = False, ledger: Ledger | None = None
) -> Checks:
    """Check rows as `check_many` does, with any checker.

    Args:
        checker: The checker; it serves one run.
        rows: As in `check_many`, like the other arguments.
        retries: How often to check a row again.
        ordered: Whether results come in the order of the rows.
        ledger: Settles each result.

    Raises:
        ConfigurationError: An argument cannot be used.
    """
    if type(retries) is not int or retries < 0:
        raise ConfigurationError(f"retries: must be a whole number of at least 0, not {retries!r}")
    return Checks(Work(checker, rows, retries=retries, is_ordered=ordered, ledger=ledger))


class Checks:
    """What `check_many` returns: enter it with `async with`, or iterate over it directly."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._group: anyio.abc.TaskGroup | None = None

    @property
    def pace(self) -> Pace:
        """How the run goes at this moment."""
        return self._work.pace

    def stop(self) -> None:
        """Take no more rows; those that were sent are finished, and then the results end as if there were no more."""
        self._work.stop()

    def skip(self, why: str) -> None:
        """Send no more rows; those under way are finished, and the rest become `skipped` results."""
        self._work.skip(why)

    async def __aenter__(self) -> Results:
        if self._group is not None:
            raise ConfigurationError("check_many: was entered before; call it again for another run")
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return Results(self._work.begin(self._group), self._work)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._group is not None  # noqa: S101
        self._work.is_left = True
        self._group.cancel_scope.cancel()
        # The group is not told of the block's error, which it would wrap into an ExceptionGroup.
        await self._group.__aexit__(None, None, None)

    def __aiter__(self) -> AsyncIterator[Result]:
        return _Waves(self._work)


class Results:
    """The results as they come in; it ends with the last worker, and then raises the error that ended the run."""

    def __init__(self, handover: Handover, work: Work) -> None:
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

    def at_hand(self) -> list[Result]:
        """Return the results that have come in since, without waiting; the iteration does not return them again."""
        return self._handover.take_rest()


class _Waves:
    """The results of rows checked in waves; no task outlives a step of the iteration."""

    def __init__(self, work: Work) -> None:
        self._work = work
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
            handover = self._work.begin(group, limit=self._work.pace.limit * _WAVE)
            while (result := await handover.take()) is not None:
                self._done.append(result)
