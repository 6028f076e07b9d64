"""From the arguments of `client.feature_lease` to a lease."""

from __future__ import annotations

import math
from contextlib import AbstractAsyncContextManager

from ..caller import Caller
from ..checks import FeatureCheck
from ..errors import InvalidParameter
from ..models import LicenseFeature
from ..redaction import fingerprint
from ..transport.clock import is_number
from ..transport.loops import InLoop
from ..transport.pipeline import Pipeline
from .lease import Lease, Slot, hold
from .renewal import Renewals


def open_lease(
    caller: Caller,
    pipeline: Pipeline,
    shared: list[InLoop[Renewals]],
    asked: FeatureCheck,
    *,
    timeout: float | None,
    grace: float,
    cancel_body: bool,
) -> AbstractAsyncContextManager[Lease]:
    """Return the context manager of a lease.

    Args:
        caller: Checks and releases.
        pipeline: The caller's; leases take its clock, its random numbers and its longest call.
        shared: The renewals of the client and its copies; the first lease makes them.
        asked: What takes and renews the slot, and gives it back.
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

    if not shared:
        shared.append(InLoop(lambda: Renewals(clock=pipeline.clock, random=pipeline.random)))

    async def check(seconds: float | None) -> LicenseFeature:
        # A copy costs as much as a renewal's bookkeeping, and only near the end of a slot is less time left.
        is_ample = seconds is None or seconds >= pipeline.timeout
        limited = caller if is_ample else caller.with_options(timeout=seconds)
        return (await limited.perform(asked.call())).value

    def left(feature: LicenseFeature) -> float:
        until = feature.expires_in(caller.now())
        return math.inf if until is None else until.total_seconds()

    async def release() -> None:
        await caller.perform(asked.release())

    return hold(
        Slot(
            name=f"{fingerprint(asked.feature)} on device {fingerprint(asked.hardware_id)}",
            key=asked.key,
            check=check,
            left=left,
            release=release,
            timeout=timeout,
            grace=grace,
            cancel_body=cancel_body,
        ),
        shared[0],
    )
