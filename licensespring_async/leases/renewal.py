"""One task that renews the slots of all leases of a client, when they are due."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol, Self, TypeAlias

import anyio
import attrs
from anyio.abc import TaskGroup

from ..transport import Clock
from ..transport.clock import LONGEST_NAP
from .unreleased import Unreleased

MOST_AT_ONCE = 64
# How long a running renewal may take after its host has left. If cancelled, it might still take a slot.
LAST_WORD_SECONDS = 5.0
_SLEPT_SECONDS = 10.0  # less is a clock that is being set


class Renewable(Protocol):
    """A slot that must be renewed from time to time."""

    @property
    def ended(self) -> bool:
        """Whether it needs no more renewals."""
        ...

    @property
    def end(self) -> float:
        """The clock's monotonic time at which the slot is gone unless it is renewed."""
        ...

    async def renew(self) -> float:
        """Renew once; return the clock's monotonic time of the next renewal."""
        ...

    def lapse(self) -> None:
        """End it: the slot is gone."""
        ...

    def fail(self, error: Exception) -> None:
        """End it: the slot is no longer renewed."""
        ...


@attrs.define(eq=False)
class Seat:
    """The one slot of a device, which all its leases share.

    Attributes:
        turn: Held while the slot is taken, renewed or given back, so that the service gets these one by one.
        leases: How many share it; the last one gives the slot back.
    """

    turn: anyio.Lock = attrs.field(factory=lambda: anyio.Lock(fast_acquire=True), init=False)
    leases: int = 0

    @asynccontextmanager
    async def in_turn_or_after(self, seconds: float) -> AsyncGenerator[None]:
        """Take the turn, or go on without it after some seconds, if another one hangs."""
        is_ours = False
        with anyio.move_on_after(seconds):
            await self.turn.acquire()
            is_ours = True
        try:
            yield
        finally:
            if is_ours:
                self.turn.release()


@attrs.define(eq=False)
class _Idle:
    """A task without a renewal.

    Attributes:
        lease: What it renews next; None if it ends.
    """

    woken: anyio.Event = attrs.field(factory=anyio.Event)
    lease: Renewable | None = None

    def wake(self, lease: Renewable | None) -> None:
        self.lease = lease
        self.woken.set()


@attrs.define(eq=False)
class _Crew:
    """The tasks of one host that renew leases. They wait for more, because waking a task costs less than starting one.

    They are shielded, because a cancelled renewal might still take a slot.
    """

    _renew: Callable[[Renewable], Awaitable[None]]
    _scope: anyio.CancelScope
    _group: TaskGroup
    _idle: list[_Idle] = attrs.field(factory=list[_Idle], init=False)
    _is_dismissed: bool = attrs.field(default=False, init=False)

    @classmethod
    @asynccontextmanager
    async def at_work(cls, renew: Callable[[Renewable], Awaitable[None]]) -> AsyncGenerator[Self]:
        with anyio.CancelScope(shield=True) as scope:
            async with anyio.create_task_group() as group:
                yield cls(renew, scope, group)

    def begin(self, lease: Renewable) -> None:
        """Begin to renew a lease."""
        if self._idle:
            self._idle.pop().wake(lease)
        else:
            self._group.start_soon(self._work, lease)

    def dismiss(self) -> None:
        """Begin no more renewals, and let those under way end."""
        self._is_dismissed = True
        self._scope.deadline = anyio.current_time() + LAST_WORD_SECONDS
        while self._idle:
            self._idle.pop().wake(None)

    async def _work(self, lease: Renewable | None) -> None:
        while lease is not None:
            await self._renew(lease)
            if self._is_dismissed:
                return
            idle = _Idle()
            self._idle.append(idle)
            await idle.woken.wait()
            lease = idle.lease


_Times: TypeAlias = list[tuple[float, int, Renewable]]


@attrs.define(kw_only=True)
class Renewals:
    """The due times of a client's leases, and the one task that waits for them.

    The task lives in the task group of a lease. When that lease ends, or is cancelled, another one takes over.
    """

    clock: Clock
    random: Callable[[], float]
    unreleased: Unreleased = attrs.field(
        default=attrs.Factory(lambda self: Unreleased(clock=self.clock), takes_self=True), init=False
    )
    _due: _Times = attrs.field(factory=_Times, init=False)
    # When slots lapse. A renewal moves that time, so an entry may be too early. It is checked when its time comes.
    _ends: _Times = attrs.field(factory=_Times, init=False)
    _leases: set[Renewable] = attrs.field(factory=set[Renewable], init=False)
    _hosts: dict[Renewable, TaskGroup] = attrs.field(factory=dict[Renewable, TaskGroup], init=False)
    _host: Renewable | None = attrs.field(default=None, init=False)
    _crew: _Crew | None = attrs.field(default=None, init=False)
    _under_way: int = attrs.field(default=0, init=False)
    _nap: anyio.CancelScope | None = attrs.field(default=None, init=False)
    _order: itertools.count[int] = attrs.field(factory=itertools.count, init=False)
    # The keys contain license keys.
    _seats: dict[Hashable, Seat] = attrs.field(factory=dict[Hashable, Seat], init=False, repr=False)

    @contextmanager
    def seat(self, key: Hashable) -> Generator[Seat]:
        """Count as one of the leases of a slot."""
        seat = self._seats.setdefault(key, Seat())
        seat.leases += 1
        try:
            yield seat
        finally:
            seat.leases -= 1
            if not seat.leases:
                del self._seats[key]

    def join(self, lease: Renewable, group: TaskGroup, due: float) -> None:
        """Renew a lease from `due` on; its task group may have to run the task for all leases."""
        self._leases.add(lease)
        self._hosts[lease] = group
        self._push(self._due, due, lease)
        self._push(self._ends, lease.end, lease)
        self._appoint()

    def leave(self, lease: Renewable) -> None:
        """Remove a lease, and move the task to another one if it lives here."""
        self._leases.discard(lease)
        self._step_down(lease)
        for times in (self._due, self._ends):
            # Entries of removed leases are dropped once they are the majority, so each costs two steps at most.
            if len(times) > 2 * len(self._leases) + 16:
                times[:] = [each for each in times if each[2] in self._leases]
                heapq.heapify(times)

    def _step_down(self, host: Renewable) -> None:
        self._hosts.pop(host, None)
        if self._host is host:
            self._host = None
            if self._crew is not None:
                self._crew.dismiss()
                self._crew = None
            self._wake()
            self._appoint()

    def _push(self, times: _Times, at: float, lease: Renewable) -> None:
        heapq.heappush(times, (at, next(self._order), lease))
        if times[0][2] is lease:
            self._wake()

    def _wake(self) -> None:
        if self._nap is not None:
            self._nap.cancel()

    def _appoint(self) -> None:
        if self._host is None and self._hosts:
            # The newest one: if all leases last equally long, it is the last to leave.
            self._host, group = next(reversed(self._hosts.items()))
            group.start_soon(self._serve, self._host)

    async def _serve(self, host: Renewable) -> None:
        try:
            await self._run(host)
        except Exception as error:  # noqa: BLE001  # in the task group it would end the body without a reason
            host.fail(error)

    async def _run(self, host: Renewable) -> None:
        if self._host is not host:
            return
        async with _Crew.at_work(self._renew) as self._crew:
            try:
                ahead = self._wall_clock_ahead()
                while self._host is host:
                    self._begin(self._crew)
                    await self._sleep()
                    before, ahead = ahead, self._wall_clock_ahead()
                    if ahead > before + _SLEPT_SECONDS:
                        self._make_all_due()
            finally:
                # A failed host must not become the host again, because its task group ends.
                self._step_down(host)

    def _wall_clock_ahead(self) -> float:
        return self.clock.time() - self.clock.monotonic()

    def _make_all_due(self) -> None:
        """Have every lease renewed now: the machine has slept, and the slots may be gone."""
        now = self.clock.monotonic()
        self._due[:] = [(min(at, now), order, lease) for at, order, lease in self._due]
        heapq.heapify(self._due)

    def _begin(self, crew: _Crew) -> None:
        """Begin the renewals that are due."""
        now = self.clock.monotonic()
        while self._ends and self._ends[0][0] <= now:
            self._look_at_the_end_of(heapq.heappop(self._ends)[2], now)
        while self._due and self._due[0][0] <= now and self._under_way < MOST_AT_ONCE:
            lease = heapq.heappop(self._due)[2]
            if lease in self._leases and not lease.ended:
                self._under_way += 1
                crew.begin(lease)

    async def _sleep(self) -> None:
        heaps = [self._ends, self._due] if self._under_way < MOST_AT_ONCE else [self._ends]
        now = self.clock.monotonic()
        next_time = min((heap[0][0] for heap in heaps if heap), default=math.inf)
        with anyio.CancelScope() as nap:
            self._nap = nap
            try:
                await self.clock.sleep(min(max(next_time - now, 0.0), LONGEST_NAP))
            finally:
                if self._nap is nap:
                    self._nap = None

    def _look_at_the_end_of(self, lease: Renewable, now: float) -> None:
        if lease not in self._leases or lease.ended:
            return
        if lease.end <= now:
            lease.lapse()
        else:
            self._push(self._ends, lease.end, lease)

    async def _renew(self, lease: Renewable) -> None:
        end, due = lease.end, self.clock.monotonic()
        try:
            due = await lease.renew()
        finally:
            was_full = self._under_way == MOST_AT_ONCE
            self._under_way -= 1
            # A renewal that ended with its host is due again at once, with the next host.
            if lease in self._leases and not lease.ended:
                self._push(self._due, due, lease)
                if lease.end < end:
                    self._push(self._ends, lease.end, lease)
            if was_full:  # others may be due
                self._wake()
