"""What the workers of a run share: where rows come from, which are tried again, and what ended the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Protocol

import anyio
import anyio.abc
import attrs

from ..client import LicenseSpring
from ..errors import LicenseSpringError
from .check import answer_of, failed, invalid, is_fatal, is_passing, skipped
from .handover import Handover
from .results import Result
from .rows import InvalidRow, Row
from .supply import Rows, supply

_MOST_WAITING = 10_000  # in an outage every row fails: without a bound, memory would grow with the input


class Ledger(Protocol):
    """Where results are settled before anybody sees them, for example in a journal."""

    async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
        """Keep a result, and return what to pass on to the reader: it, and whatever follows from it.

        The worker takes no other row before this returns. `is_final` is false of rows that an ended run did not check.
        """
        ...


@attrs.frozen
class _Try:
    """A row to check.

    Attributes:
        number: How often it was tried before.
        attempts: HTTP requests that those took.
    """

    row: Row | InvalidRow
    number: int = 0
    attempts: int = 0


class Work:
    """The state that workers share.

    Attributes:
        is_left: Whether the block of the run was left.
    """

    def __init__(
        self, client: LicenseSpring, rows: Rows, *, retries: int, release: bool, ledger: Ledger | None
    ) -> None:
        self._client = client
        self._rows = supply(rows)
        self._retries = retries
        self._release = release
        self._ledger = ledger
        self._again: deque[_Try] = deque()
        self._reading: set[anyio.CancelScope] = set()
        self._failure: Exception | None = None
        self._skip = ""
        self._is_read = False
        self._is_stopped = False
        self.is_left = False

    @property
    def is_over(self) -> bool:
        """Whether there are no more rows to begin."""
        return self._is_stopped or (self._is_read and not self._again)

    def stop(self) -> None:
        """Begin no more rows."""
        self._is_stopped = True
        for scope in self._reading:
            scope.cancel()

    def skip(self, why: str) -> None:
        """Send no more rows: the rest is skipped."""
        self._skip = self._skip or why

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
                turn = await self._next()
                if turn is None:
                    return
                for result in await self._settled(turn):
                    await handover.give(result)
        except LicenseSpringError as error:  # the ledger's: what cannot be kept must not be sent
            self._failure = self._failure or error
            self.stop()
        finally:
            handover.leave()

    async def _next(self) -> _Try | None:
        if not (self._is_read or self._is_stopped):
            row = await self._read()
            if row is not None:
                return _Try(row)
        return self._again.popleft() if self._again and not self._is_stopped else None

    async def _read(self) -> Row | InvalidRow | None:
        row = None
        with anyio.CancelScope() as scope:
            self._reading.add(scope)
            try:
                row = await self._rows.next()
            except Exception as error:  # noqa: BLE001  # the caller's own iterator: the loop raises it, a group would wrap it
                self._failure = self._failure or error
            finally:
                self._reading.discard(scope)
        self._is_read = self._is_read or row is None
        return row

    async def _settled(self, turn: _Try) -> Sequence[Result]:
        result, is_final = await self._check(turn)
        if result is None:
            return ()
        if turn.attempts:
            result = attrs.evolve(result, attempts=result.attempts + turn.attempts)
        return [result] if self._ledger is None else await self._ledger.settle(result, is_final=is_final)

    async def _check(self, turn: _Try) -> tuple[Result | None, bool]:
        """Return a row's result and whether it is final; None for a row that will be tried again."""
        row = turn.row
        if isinstance(row, InvalidRow):
            return invalid(row), True
        if self._skip:
            return skipped(row, self._skip), False
        try:
            return await answer_of(self._client, row, release=self._release), True
        except LicenseSpringError as error:
            result = failed(row, error)
            if is_fatal(error):
                self._failure = self._failure or error
                self.skip(f"not checked: row {row.row} failed as every row would")
                return result, False
            if turn.number < self._retries and is_passing(error) and len(self._again) < _MOST_WAITING:
                self._again.append(_Try(row, number=turn.number + 1, attempts=turn.attempts + result.attempts))
                return None, False
            return result, True
