"""Check rows on Dask workers: chunks go out, and results come back to the process that keeps the journal.

Rows are sent to the workers as data, not as arguments of tasks: the scheduler's task graph holds no license key. If a
worker is lost, the requests of its chunk are wasted, and its rows go to another worker. Only results that came back
count, each once.
"""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
import anyio.abc
import attrs
from distributed import Client

from ...errors import ConfigurationError, ConnectionFailed, ConnectionLost, LicenseSpringError
from ..checking.shares import Grant, Limits, Shares
from ..results.result import Result
from ..rows.row import Row
from .cluster import LOST, Cluster
from .worker import Chunk, NotReady, Settings

_CHUNK: Final = 100  # rows
_LANES: Final = 2  # chunks per worker at once, so that it need not wait for the next
_MOST_LOSSES: Final = 3  # workers that may be lost with one row
_LOOK_EVERY: Final = 0.5  # seconds
_GATHER: Final = 0.01  # seconds in which rows that come together become one chunk


@attrs.define(eq=False)
class _Asked:
    """A row that waits for its result.

    Attributes:
        losses: Workers lost while they had it.
    """

    row: Row
    done: anyio.Event = attrs.field(factory=anyio.Event)
    outcome: Result | LicenseSpringError | None = None
    losses: int = 0

    def answer(self, outcome: Result | LicenseSpringError) -> None:
        self.outcome = outcome
        self.done.set()


class DaskChecker:
    """Checks rows on the workers of a Dask cluster; made by `dask_checker`."""

    def __init__(self, cluster: Cluster, limits: Limits, timeout: float) -> None:
        self._cluster = cluster
        # A worker that lost its scheduler still finishes its rows.
        self._shares = Shares(limits, linger=timeout)
        self._queue: deque[_Asked] = deque()
        self._changed = anyio.Event()
        self._ended = anyio.Event()
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._untold: set[str] = set()
        self._ready: set[str] = set()
        self._throttled: dict[str, int] = {}
        self._failure: LicenseSpringError | None = None
        self._idle = 0

    @property
    def limit(self) -> int:
        """Rows that may be under way now."""
        return max(1, len(self._scopes)) * _LANES * _CHUNK

    @property
    def most(self) -> int:
        """What the limit may grow to: the current limit, since it grows only with the number of workers."""
        return self.limit

    @property
    def throttled(self) -> int:
        """Requests so far that the service has answered with HTTP 429."""
        return sum(self._throttled.values())

    async def count_workers(self) -> int:
        """Return the number of workers."""
        return len(await self._cluster.workers())

    async def check(self, row: Row, *, is_full: bool) -> Result:
        """Check a row on a worker and return its result, or raise why the check failed."""
        asked = _Asked(row)
        if self._failure is not None or self._ended.is_set():
            raise self._failure or _unsent()
        self._queue.append(asked)
        self._change()
        await asked.done.wait()
        if isinstance(asked.outcome, Result):
            return asked.outcome
        assert asked.outcome is not None  # noqa: S101
        raise asked.outcome

    def end(self) -> None:
        """Send no more rows: queued rows fail, and workers do not send the rows that still wait."""
        self._ended.set()
        while self._queue:
            self._queue.popleft().answer(_unsent())

    async def serve(self) -> None:
        """Keep workers busy until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._pass_end_on)
            while True:
                try:
                    await self._look(group)
                except LOST:
                    await anyio.sleep(1)  # Dask's client connects anew by itself
                await anyio.sleep(_LOOK_EVERY)

    async def _pass_end_on(self) -> None:
        await self._ended.wait()
        await self._cluster.end()

    async def _look(self, group: anyio.abc.TaskGroup) -> None:
        """Look which workers run, and divide the rate windows again if they changed."""
        found = await self._cluster.workers()
        for worker in [each for each in self._shares.workers if each not in found]:
            self._lose(worker)
        for worker, host in found.items():
            if worker not in self._scopes:
                self._shares.join(worker, host)
                self._untold.add(worker)
                self._scopes[worker] = anyio.CancelScope()
                group.start_soon(self._employ, worker, self._scopes[worker])
        await self._divide()
        self._change()

    async def _divide(self) -> None:
        shares = self._shares
        for worker, grant in shares.lowered().items():
            if await self._tell(worker, grant):
                shares.accept(worker, grant, anyio.current_time())
        for worker, grant in shares.raised(anyio.current_time()).items():
            shares.accept(worker, grant, anyio.current_time())
            self._untold.add(worker)
        for worker in [each for each in self._untold if all(shares.of(each))]:
            if await self._tell(worker, shares.of(worker)):
                self._untold.discard(worker)
                self._ready.add(worker)

    async def _tell(self, worker: str, grant: Grant) -> bool:
        """Tell a worker its share; return false if the worker did not take it."""
        try:
            error = await self._cluster.share(worker, self._shares.limits(worker, grant))
        except LOST:
            return False
        if error is not None and not isinstance(error, NotReady):
            self._fail(ConfigurationError(f"the Dask worker {worker} cannot check anything: {error}"))
        return error is None

    def _lose(self, worker: str) -> None:
        self._shares.leave(worker, anyio.current_time())
        self._ready.discard(worker)
        self._untold.discard(worker)
        self._scopes.pop(worker).cancel()

    def _fail(self, error: LicenseSpringError) -> None:
        self._failure = self._failure or error
        while self._queue:
            self._queue.popleft().answer(error)

    async def _employ(self, worker: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with anyio.create_task_group() as group:
                for _ in range(_LANES):
                    group.start_soon(self._lane, worker, scope)

    async def _lane(self, worker: str, scope: anyio.CancelScope) -> None:
        while True:
            asked = await self._take(worker)
            try:
                checked = await self._cluster.check(worker, Chunk(tuple(each.row for each in asked)))
            except NotReady:
                # Another process at the same address. The other lane may notice it at the same moment.
                if self._scopes.get(worker) is scope:
                    self._lose(worker)
                return
            except LOST:
                await anyio.sleep(_LOOK_EVERY)  # meanwhile `_look` finds out whether the worker is gone
            else:
                self._throttled[worker] = checked.throttled
                for each, outcome in zip(asked, checked.outcomes, strict=True):
                    each.answer(_unsent() if outcome is None else outcome)
            finally:
                self._give_back([each for each in asked if not each.done.is_set()])

    async def _take(self, worker: str) -> Sequence[_Asked]:
        """Wait for rows, and return a fair share, so that every idle worker gets some."""
        self._idle += 1
        try:
            while True:
                while not self._queue or worker not in self._ready:
                    await self._changed.wait()
                if len(self._queue) < _CHUNK:
                    await anyio.sleep(_GATHER)
                count = min(_CHUNK, math.ceil(len(self._queue) / self._idle))
                if count:
                    return [self._queue.popleft() for _ in range(count)]
        finally:
            self._idle -= 1

    def _give_back(self, lost: Sequence[_Asked]) -> None:
        for each in reversed(lost):
            each.losses += 1
            if self._ended.is_set():
                each.answer(_unsent())
            elif each.losses >= _MOST_LOSSES:
                error = ConnectionLost(f"{each.losses} Dask workers were lost while they checked this row")
                error.attempts = each.losses
                each.answer(error)
            else:
                self._queue.appendleft(each)
        if lost:
            self._change()

    def _change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def dask_checker(client: Client, settings: Settings, limits: Limits) -> AsyncGenerator[DaskChecker]:
    """Yield a checker that uses the workers of a Dask cluster; asyncio only.

    Each worker makes one client with the credentials in its own environment, and keeps its share of the rate windows.

    Args:
        client: An asynchronous client of the cluster.
        settings: Settings of the workers' clients.
        limits: The rate windows.

    Raises:
        ConfigurationError: The workers cannot run this package.
    """
    cluster = Cluster(client, f"licensespring-async-{uuid.uuid4().hex[:12]}")
    await cluster.prepare(settings)
    checker = DaskChecker(cluster, limits, settings.timeout)
    group = anyio.create_task_group()
    await group.__aenter__()
    group.start_soon(checker.serve)
    try:
        yield checker
    finally:
        # Do not pass the block's error to the group: it would wrap it into an ExceptionGroup.
        await cluster.end()
        await cluster.forget()
        group.cancel_scope.cancel()
        await group.__aexit__(None, None, None)


def _unsent() -> ConnectionFailed:
    return ConnectionFailed("not sent: the run had ended")
