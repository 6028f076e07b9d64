"""One task that renews the slots of all leases of a client, at the times that are due."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

import anyio
import attrs
from anyio.abc import TaskGroup

from ..transport import Clock

MOST_AT_ONCE = 32


class Renewable(Protocol):
    """A slot that wants to be renewed from time to time."""

    @property
    def ended(self) -> bool:
        """Whether nothing is to be renewed any more."""
        ...

    async def renew(self) -> float:
        """Renew once; return the clock's monotonic time of the next renewal."""
        ...


@attrs.define(kw_only=True)
class Renewals:
    """The due times of a client's leases, and the one task that waits for them.

    The task lives in the task group of a lease. When that lease ends, or is cancelled, the next one takes over.
    """

    clock: Clock
    random: Callable[[], float]
    _due: list[tuple[float, int, Renewable]] = attrs.field(factory=list[tuple[float, int, Renewable]], init=False)
    _hosts: dict[Renewable, TaskGroup] = attrs.field(factory=dict[Renewable, TaskGroup], init=False)
    _host: Renewable | None = attrs.field(default=None, init=False)
    _nap: anyio.CancelScope | None = attrs.field(default=None, init=False)
    _order: itertools.count[int] = attrs.field(factory=itertools.count, init=False)

    def join(self, lease: Renewable, group: TaskGroup, due: float) -> None:
        """Renew a lease from `due` on; `group` may be asked to run the task for all."""
        self._hosts[lease] = group
        self._push(due, lease)
        self._appoint()

    def leave(self, lease: Renewable) -> None:
        """Forget a lease, and move the task elsewhere if it lived there."""
        self._hosts.pop(lease, None)
        if self._host is lease:
            self._host = None
            self._appoint()

    def _push(self, due: float, lease: Renewable) -> None:
        heapq.heappush(self._due, (due, next(self._order), lease))
        if self._nap is not None and self._due[0][2] is lease:
            self._nap.cancel()

    def _appoint(self) -> None:
        if self._host is None and self._hosts:
            self._host, group = next(iter(self._hosts.items()))
            group.start_soon(self._run, self._host)

    async def _run(self, host: Renewable) -> None:
        places = anyio.Semaphore(MOST_AT_ONCE)
        try:
            async with anyio.create_task_group() as running:
                while self._host is host:
                    await self._wait()
                    while self._host is host and self._due and self._due[0][0] <= self.clock.monotonic():
                        await places.acquire()
                        if self._host is not host or not self._due:
                            break
                        running.start_soon(self._renew, heapq.heappop(self._due)[2], places)
        finally:
            # A host that was cancelled must not be the host again: its group ends.
            self.leave(host)

    async def _wait(self) -> None:
        left = self._due[0][0] - self.clock.monotonic() if self._due else 3600.0
        if left > 0:
            with anyio.CancelScope() as nap:
                self._nap = nap
                try:
                    await self.clock.sleep(left)
                finally:
                    if self._nap is nap:
                        self._nap = None

    async def _renew(self, lease: Renewable, places: anyio.Semaphore) -> None:
        due = self.clock.monotonic()
        try:
            if not lease.ended:
                due = await lease.renew()
        finally:
            places.release()
            # Cancelled with its host, a renewal is due again at once, with the next host.
            if not lease.ended:
                self._push(due, lease)
