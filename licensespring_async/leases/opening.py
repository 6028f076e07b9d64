"""From the arguments of `client.feature_lease` and `client.license_lease` to a lease."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import attrs

from ..caller import Caller
from ..checks import FeatureCheck, LicenseCheck
from ..errors import InvalidParameter
from ..redaction import fingerprint
from ..transport.clock import is_number
from ..transport.loops import InLoop
from ..transport.pipeline import Pipeline
from ..transport.values import Call
from .lease import Lease, Slot, T, give_back, hold
from .renewal import Renewals


def open_lease(
    caller: Caller,
    pipeline: Pipeline,
    shared: list[InLoop[Renewals]],
    asked: FeatureCheck | LicenseCheck,
    take: Call[T],
    *,
    timeout: float | None,
    grace: float,
    cancel_body: bool,
) -> AbstractAsyncContextManager[Lease[T]]:
    """Return the context manager of a lease.

    Args:
        caller: Checks and releases.
        pipeline: The caller's pipeline; leases use its clock, its random numbers and its time-out.
        shared: The renewals of the client and its copies; the first lease makes them.
        asked: The check; it also makes the call that releases the slot.
        take: The call that takes and renews the slot.
        timeout: Seconds after which an unrenewed slot lapses, or None.
        grace: Seconds that the body may go on after that.
        cancel_body: Whether losing the slot cancels the body.

    Raises:
        InvalidParameter: A number of seconds cannot be used.
    """
    if timeout is not None and (not is_number(timeout) or timeout <= 0):
        raise InvalidParameter("floating_timeout", "must be a number of seconds above 0")
    if not is_number(grace) or grace < 0:
        raise InvalidParameter("grace", "must be a number of seconds, 0 or more")
    slot = _slot(caller, pipeline, asked, take, timeout=timeout, grace=grace, cancel_body=cancel_body)
    return hold(slot, _renewals(pipeline, shared))


@asynccontextmanager
async def share_seat(
    caller: Caller, pipeline: Pipeline, shared: list[InLoop[Renewals]], asked: LicenseCheck
) -> AsyncGenerator[Seated]:
    """Share a license's slot with its leases, for a session whose checks renew it."""
    renewals = _renewals(pipeline, shared).get()
    slot = _slot(caller, pipeline, asked, asked.call(), timeout=None, grace=0.0, cancel_body=False)
    with renewals.seat(asked.key) as seat:
        yield Seated(seat.turn, lambda: give_back(slot, seat, renewals.unreleased))


@attrs.frozen
class Seated:
    """A share of one slot.

    Attributes:
        turn: Held while the slot is taken or renewed.
        give_back: Releases it, unless others still hold it.
    """

    turn: anyio.Lock
    give_back: Callable[[], Awaitable[None]]


def _renewals(pipeline: Pipeline, shared: list[InLoop[Renewals]]) -> InLoop[Renewals]:
    if not shared:
        shared.append(InLoop(lambda: Renewals(clock=pipeline.clock, random=pipeline.random)))
    return shared[0]


def _slot(
    caller: Caller,
    pipeline: Pipeline,
    asked: FeatureCheck | LicenseCheck,
    take: Call[T],
    *,
    timeout: float | None,
    grace: float,
    cancel_body: bool,
) -> Slot[T]:
    async def check(seconds: float | None) -> T:
        # A copy costs as much as all bookkeeping of a renewal, and is needed only near the end of a slot.
        is_ample = seconds is None or seconds >= pipeline.timeout
        limited = caller if is_ample else caller.with_options(timeout=seconds)
        return (await limited.perform(take)).value

    what = fingerprint(asked.feature) if isinstance(asked, FeatureCheck) else "a license"

    async def release() -> None:
        await caller.perform(asked.release())

    return Slot(
        name=f"{what} on device {fingerprint(asked.hardware_id)}",
        key=asked.key,
        check=check,
        now=caller.now,
        release=release,
        timeout=timeout,
        grace=grace,
        cancel_body=cancel_body,
    )
