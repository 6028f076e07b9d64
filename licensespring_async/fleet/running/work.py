"""The state that the workers of a run share: the rows, the retries, and the error that ended the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Final, Protocol

import anyio
import anyio.abc
import attrs

from ...errors import LicenseSpringError, TransportError
from ..checking.local import Checker
from ..checking.one_row import failed, invalid, skipped
from ..checking.pace import Pace
from ..results.result import Result
from ..rows.row import InvalidRow, Row
from ..rows.supply import Rows, supply
from .handover import Handover
from .order import Order

_MOST_WAITING: Final = 10_000  # in an outage every row fails: without a bound, memory would grow with the input
_AHEAD: Final = 8  # rows for each that may be under way, of which ordered results can be held back


class Ledger(Protocol):
    """Settles results before anyone sees them, for example in a journal."""

    async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
        """Keep a result, and return the results for the reader: this one, and those that follow from it.

        The worker takes no other row before this returns.

        Args:
            result: The result of a row.
            is_final: False for a row that was not checked because the run ended.

        Raises:
            LicenseSpringError: It cannot be kept; the run ends, since no row may be sent whose result would be lost.
        """
        ...


@attrs.frozen(slots=False)
class _Try:
    """A row to check.

    Attributes:
        place: Its place in the input, from 0.
        number: Earlier tries.
        attempts: HTTP requests of the earlier tries.
    """

    row: Row | InvalidRow
    place: int
    number: int = 0
    attempts: int = 0


@attrs.frozen
class _Crew:
    """Workers that end together."""

    group: anyio.abc.TaskGroup
    handover: Handover
    places: Iterator[None]


class Work:
    """The state that workers share.

    Attributes:
        is_left: Whether the `async with` block of the run was left.
    """

    def __init__(
        self,
        checker: Checker,
        rows: Rows,
        *,
        retries: int,
        is_ordered: bool,
        ledger: Ledger | None,
    ) -> None:
        self._checker = checker
        self._rows = supply(rows)
        self._retries = retries
        self._ledger = ledger
        self._order = Order(checker.most * _AHEAD) if is_ordered else None
        self._again: deque[_Try] = deque()
        self._idle: set[anyio.CancelScope] = set()
        self._failure: Exception | None = None
        self._skip = ""
        self._place = 0
        self._workers = 0
        self._under_way = 0
        self._is_read = False
        self._is_stopped = False
        self.is_left = False

    @property
    def is_over(self) -> bool:
        """Whether there are no more rows to begin."""
        return self._is_stopped or (self._is_read and not self._again)

    @property
    def pace(self) -> Pace:
        """The pace of the run at this moment."""
        checker = self._checker
        return Pace(limit=checker.limit, most=checker.most, under_way=self._under_way, throttled=checker.throttled)

    def stop(self) -> None:
        """Start no more rows, and do not send those that wait for the rate limits."""
        self._is_stopped = True
        self._checker.end()
        for scope in self._idle:
            scope.cancel()

    def skip(self, why: str) -> None:
        """Send no more rows, and skip the rest."""
        self._skip = self._skip or why
        self._checker.end()

    def begin(self, group: anyio.abc.TaskGroup, *, limit: int | None = None) -> Handover:
        """Start workers in a task group; together they check `limit` rows, or all."""
        handover = Handover(self._checker.most)
        crew = _Crew(group, handover, repeat(None) if limit is None else iter(repeat(None, limit)))
        self._start(crew)
        return handover

    def raise_failure(self) -> None:
        """Raise what ended the run early, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _start(self, crew: _Crew) -> None:
        while self._workers < self._checker.limit:
            self._workers += 1
            crew.handover.join()
            crew.group.start_soon(self._check_rows, crew)

    async def _check_rows(self, crew: _Crew) -> None:
        try:
            # Workers come and go with the limit.
            while self._workers <= self._checker.limit and next(crew.places, False) is None:
                turn = await self._next()
                if turn is None:
                    return
                results = await self._settled(turn)
                if self._workers < self._checker.limit and not self.is_over:
                    self._start(crew)
                if results and crew.handover.give(results):
                    await crew.handover.wait()
        except LicenseSpringError as error:  # from the ledger: results would be lost
            self._failure = self._failure or error
            self.stop()
        finally:
            self._workers -= 1
            # After the last worker no missing result can come any more: pass on what was held back.
            is_done = self.is_over and not self._workers
            crew.handover.leave(self._order.rest() if is_done and self._order is not None else ())

    async def _next(self) -> _Try | None:
        while not (self._is_read or self._is_stopped):
            if self._order is None or self._order.has_room(self._place):
                turn = await self._read()
                if turn is not None:
                    return turn
            elif self._again:
                break
            else:
                with self._waiting():
                    await self._order.wait()
        return self._again.popleft() if self._again and not self._is_stopped else None

    async def _read(self) -> _Try | None:
        row = None
        try:
            if self._rows.may_wait:
                with self._waiting():
                    row = await self._rows.next()
            else:
                row = await self._rows.next()
        except Exception as error:  # noqa: BLE001  # the caller's own iterator: the loop raises it, a group would wrap it
            self._failure = self._failure or error
        if row is None:
            self._is_read = True
            return None
        self._place += 1
        return _Try(row, self._place - 1)

    @contextmanager
    def _waiting(self) -> Generator[None]:
        """Let `stop` end a wait in the block."""
        with anyio.CancelScope() as scope:
            self._idle.add(scope)
            try:
                yield
            finally:
                self._idle.discard(scope)

    async def _settled(self, turn: _Try) -> Sequence[Result]:
        self._under_way += 1
        try:
            result, is_final = await self._check(turn)
            if result is None:
                return ()
            if turn.attempts:
                result = attrs.evolve(result, attempts=result.attempts + turn.attempts)
            results = [result] if self._ledger is None else await self._ledger.settle(result, is_final=is_final)
        finally:
            self._under_way -= 1
        return results if self._order is None else self._order.put(turn.place, results)

    async def _check(self, turn: _Try) -> tuple[Result | None, bool]:
        """Return a row's result and whether it is final; None for a row to retry, or one that was not sent."""
        row = turn.row
        if isinstance(row, InvalidRow):
            return invalid(row), True
        if self._skip:
            return skipped(row, self._skip), False
        try:
            return await self._checker.check(row, is_full=self._under_way >= self._checker.limit), True
        except LicenseSpringError as error:
            return self._failed(turn, row, error)

    def _failed(self, turn: _Try, row: Row, error: LicenseSpringError) -> tuple[Result | None, bool]:
        if not error.attempts and isinstance(error, TransportError) and (self._is_stopped or self._skip):
            return (None, False) if self._is_stopped else (skipped(row, self._skip), False)
        result = failed(row, error)
        if error.is_about_everything:
            self._failure = self._failure or error
            self.skip(f"not checked: row {row.row} failed as every row would")
            return result, False
        if turn.number < self._retries and error.may_pass and len(self._again) < _MOST_WAITING:
            self._again.append(_Try(row, turn.place, turn.number + 1, turn.attempts + result.attempts))
            if self._order is not None:
                self._order.wake()
            return None, False
        return result, True
