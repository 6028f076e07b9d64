"""Floating slots, of a feature or a license, held for the length of an `async with`."""

from __future__ import annotations

import functools
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import anyio
import attrs

from ..autocomplete import Public
from ..errors import (
    DeadlineExceeded,
    DeviceNotFound,
    FeatureNotFloating,
    FloatingFeatureDeviceNotInUse,
    FloatingNotAvailable,
    LeaseLost,
    LicenseNotActive,
    LicenseRefused,
    LicenseSpringError,
)
from ..errors.numbers import in_seconds
from ..judging import ended, refusal_in
from ..models import License, LicenseFeature
from ..models.resources.floating import Floats
from ..transport.loops import InLoop
from .renewal import LAST_WORD_SECONDS, Renewals, Seat
from .unreleased import Unreleased

UNKNOWN_TIMEOUT = 300.0
RELEASE_LIMIT = 10.0
_LONGEST_PAUSE = 15.0

T = TypeVar("T", LicenseFeature, License)


@attrs.frozen(kw_only=True)
class Slot(Generic[T]):
    """How one device takes, renews and releases its slot.

    Attributes:
        name: Its name in logs; contains no secrets.
        key: Identifies the slot.
        check: Takes or renews the slot within the given seconds; None means the client's time-out.
        now: Returns the moment to judge answers at.
        release: Releases the slot.
        timeout: Seconds after which it lapses; None takes the answer's.
        grace: Seconds that the slot still counts as held after a renewal failed to come in time.
        cancel_body: Whether losing it cancels the body.
    """

    name: str
    key: Hashable = attrs.field(repr=False)
    check: Callable[[float | None], Awaitable[T]]
    now: Callable[[], datetime]
    release: Callable[[], Awaitable[None]]
    timeout: float | None
    grace: float
    cancel_body: bool


@attrs.define(kw_only=True, eq=False)
class Lease(Public, Generic[T]):
    """A feature or a license that is held now.

    Attributes:
        lost: Set when the slot is gone: refused at a renewal, or not renewed in time.
        error: Why it is gone, or None.
    """

    _internal: ClassVar[frozenset[str]] = frozenset(
        {"body", "end", "ended", "fail", "finish", "is_kept", "lapse", "next_due", "renew"}
    )

    lost: anyio.Event = attrs.field(factory=anyio.Event, init=False)
    error: LicenseSpringError | None = attrs.field(default=None, init=False)
    ended: bool = attrs.field(default=False, init=False, repr=False)
    # Set at the end by a session that has borrowed the slot for longer.
    is_kept: bool = attrs.field(default=False, init=False, repr=False)
    _answer: T = attrs.field(alias="answer")
    _slot: Slot[T] = attrs.field(alias="slot", repr=False)
    _renewals: Renewals = attrs.field(alias="renewals", repr=False)
    _taken: float = attrs.field(alias="taken", repr=False)
    _over: float = attrs.field(alias="over", repr=False)
    _failure: LicenseSpringError | None = attrs.field(default=None, init=False, repr=False)
    _failures: int = attrs.field(default=0, init=False, repr=False)
    _seat: Seat = attrs.field(alias="seat", repr=False)
    body: anyio.CancelScope = attrs.field(factory=anyio.CancelScope, init=False, repr=False)

    @property
    def feature(self: Lease[LicenseFeature]) -> LicenseFeature:
        """The latest answer about the feature."""
        return self._answer

    @property
    def license(self: Lease[License]) -> License:
        """The latest answer about the license."""
        return self._answer

    @property
    def timeout(self) -> float:
        """Seconds without a renewal after which the service gives the slot to another device."""
        if self._slot.timeout is not None:
            return self._slot.timeout
        minutes = self._answer.floating_timeout
        return 60.0 * minutes if minutes is not None and minutes > 0 else UNKNOWN_TIMEOUT

    @property
    def end(self) -> float:
        """When the lease is lost unless it is renewed; at the latest when the feature or license ends."""
        if not self._answer.is_floating_cloud:
            return self._over
        return min(self._taken + self.timeout + self._slot.grace, self._over)

    @property
    def next_due(self) -> float:
        """When to renew: between 0.5 and 0.6 of the time-out, so that leases taken together spread out.

        Times lie on a grid, so that leases due at about the same time are renewed together: waking up costs as much as
        a renewal. A feature or license that does not float is not renewed.
        """
        if not self._answer.is_floating_cloud:
            return math.inf
        due, cell = self._taken + self.timeout * (0.6 - 0.1 * self._renewals.random()), self.timeout / 120
        return due // cell * cell

    async def renew(self) -> float:
        """Renew the slot once; return when the next renewal is due."""
        clock = self._renewals.clock
        async with self._seat.turn:
            if self.ended:
                return clock.monotonic()
            started = clock.monotonic()
            try:
                self._answer = await self._slot.check(max(self.end - started, 0.001))
            except LicenseRefused as error:
                self._lose(error)
                return clock.monotonic()
            except Exception as error:  # noqa: BLE001  # in the task group it would end the body without a reason
                return self._after_blip(_ours(error))
            self._taken, self._failure, self._failures = started, None, 0
            now = self._slot.now()
            self._over = clock.monotonic() + _left(self._answer, now)
            if (refusal := refusal_in(self._answer, now)) is not None:
                self._lose(_holding(refusal, self._answer))
            return self.next_due

    def _after_blip(self, error: LicenseSpringError) -> float:
        now = self._renewals.clock.monotonic()
        self._failure = error
        if now >= self.end:
            self.lapse()
            return now
        self._failures = min(self._failures + 1, 10)
        pause = min(2.0**self._failures, _LONGEST_PAUSE, self.timeout / 20) * (1 - 0.5 * self._renewals.random())
        pause = max(pause, getattr(error, "retry_after", None) or 0.0)
        return min(now + pause, self.end)

    def lapse(self) -> None:
        """Lose the lease: the feature or license has ended, or the slot was not renewed in time."""
        if self._renewals.clock.monotonic() >= self._over:
            self._lose(_holding(ended(self._answer), self._answer))
        else:
            self._lose(self._failure or DeadlineExceeded("no renewal was answered in time"))

    def fail(self, error: Exception) -> None:
        """Lose the lease: the slot is no longer renewed."""
        self._lose(_ours(error))

    def _lose(self, error: LicenseSpringError) -> None:
        if self.ended:
            return
        self.error, self.ended = error, True
        self.lost.set()
        if self._slot.cancel_body:
            self.body.cancel()

    async def finish(self) -> None:
        """Give the slot back if no other lease shares it. A running renewal ends first: it could take it again."""
        self.ended = True
        is_gone = isinstance(self.error, LicenseRefused) and not self.error.may_have_acted
        # A borrowed slot was taken for longer than the block.
        if is_gone or self.is_kept or not self._answer.holds_slot:
            return
        await give_back(self._slot, self._seat, self._renewals.unreleased)


async def give_back(slot: Slot[T], seat: Seat, unreleased: Unreleased) -> None:
    """Release a slot, even if cancelled, unless others hold it; a renewal in progress ends first."""

    async def release() -> None:
        async with seat.in_turn_or_after(LAST_WORD_SECONDS):
            if seat.leases == 1:
                await _give_back(slot, unreleased)

    await _whatever_comes(release, slot, unreleased)


def _left(answer: LicenseFeature | License, now: datetime) -> float:
    """Return the seconds until the feature or license ends; infinity if it never does."""
    until = answer.expires_in(now)
    return math.inf if until is None else until.total_seconds()


def _holding(refusal: LicenseRefused, answer: Floats) -> LicenseRefused:
    """Return a refusal that says whether the check still took a slot."""
    refusal.may_have_acted = answer.is_floating_cloud is True
    return refusal


def _ours(error: Exception) -> LicenseSpringError:
    """Return a renewal's error as one of ours: only such errors end a lease."""
    if isinstance(error, LicenseSpringError):
        return error
    ours = LicenseSpringError(f"the slot could not be renewed, because of an unexpected {type(error).__name__}")
    ours.__cause__ = error
    return ours


async def _whatever_comes(release: Callable[[], Awaitable[None]], slot: Slot[T], unreleased: Unreleased) -> None:
    """Release, even if cancelled, but give up in time: an unreleased slot lapses by itself."""

    async def work() -> None:
        with unreleased.gathered():
            with anyio.move_on_after(RELEASE_LIMIT, shield=True) as limit:
                await release()
            if limit.cancelled_caught:
                unreleased.note(slot.name, f"not within {in_seconds(RELEASE_LIMIT)}")

    # In a task of its own: no shield keeps asyncio's `task.cancel()` from the caller's.
    with anyio.CancelScope(shield=True):
        async with anyio.create_task_group() as group:
            group.start_soon(work)


async def _give_back(slot: Slot[T], unreleased: Unreleased) -> None:
    """Release a slot. A failure is logged later: it must not hide what ended the body."""
    try:
        await slot.release()
    except (FloatingFeatureDeviceNotInUse, FloatingNotAvailable, FeatureNotFloating, DeviceNotFound, LicenseNotActive):
        return  # the device holds no slot; one that was deactivated holds none either
    except Exception as error:  # noqa: BLE001  # as above
        unreleased.note(slot.name, type(error).__name__)


async def _take(slot: Slot[T], seat: Seat, renewals: Renewals) -> Lease[T]:
    async with seat.turn:
        started, taken = renewals.clock.monotonic(), False
        try:
            answer = await slot.check(None)
            now = slot.now()
            if (refusal := refusal_in(answer, now)) is not None:
                raise _holding(refusal, answer)  # noqa: TRY301  # its slot is given back below
            over = renewals.clock.monotonic() + _left(answer, now)
            return Lease(answer=answer, slot=slot, seat=seat, renewals=renewals, taken=started, over=over)
        except BaseException as error:
            taken = not isinstance(error, LicenseSpringError) or error.may_have_acted
            raise
        finally:
            # The service may have given a slot even if its answer was lost.
            if taken and seat.leases == 1:
                unreleased = renewals.unreleased
                await _whatever_comes(functools.partial(_give_back, slot, unreleased), slot, unreleased)


@asynccontextmanager
async def hold(slot: Slot[T], shared: InLoop[Renewals]) -> AsyncGenerator[Lease[T]]:
    """Take a slot, renew it while the body runs, up to the feature's or license's end, and release it once."""
    renewals = shared.get()
    with renewals.seat(slot.key) as seat:
        lease = await _take(slot, seat, renewals)
        if lease.end == math.inf:
            yield lease
            return
        failure: BaseException | None = None
        try:
            # The body's error is carried past the task group, which would wrap it into an exception group.
            async with anyio.create_task_group() as group:
                renewals.join(lease, group, lease.next_due)
                try:
                    with lease.body:
                        yield lease
                except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  # raised again below
                    failure = error
                finally:
                    renewals.leave(lease)
                    group.cancel_scope.cancel()
        finally:
            await lease.finish()
        if failure is not None:
            raise failure
        if lease.body.cancelled_caught:
            raise LeaseLost(slot.name) from lease.error
