"""From the arguments of `client.feature_lease` to a lease."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from ..errors import InvalidParameter
from ..models import LicenseFeature
from ..redaction import fingerprint
from ..transport.clock import is_number
from .lease import Lease, Slot, hold
from .renewal import Renewals

if TYPE_CHECKING:
    from ..client import LicenseSpring
    from ..transport.pipeline import Pipeline


def open_lease(
    client: LicenseSpring,
    pipeline: Pipeline,
    shared: list[Renewals],
    ask: dict[str, Any],
    *,
    timeout: float | None,
    grace: float,
    cancel_body: bool,
) -> AbstractAsyncContextManager[Lease]:
    """Return the context manager of a lease.

    Args:
        client: Checks and releases.
        pipeline: The client's; leases take its clock, its random numbers and its longest call.
        shared: The renewals of the client and its copies; the first lease makes them.
        ask: The arguments of the check and of the release.
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
        shared.append(Renewals(clock=pipeline.clock, random=pipeline.random))

    async def check(seconds: float | None) -> LicenseFeature:
        # A copy costs as much as a renewal's bookkeeping, and only near the end of a slot is less time left.
        is_ample = seconds is None or seconds >= pipeline.timeout
        limited = client if is_ample else client.with_options(timeout=seconds)
        return await limited.check_license_feature(**ask)

    async def release() -> None:
        await client.release_floating_feature(**ask)

    name = f"{fingerprint(str(ask['feature']))} on device {fingerprint(str(ask['hardware_id']))}"
    return hold(
        Slot(
            name=name,
            key=tuple(ask.values()),
            check=check,
            release=release,
            timeout=timeout,
            grace=grace,
            cancel_body=cancel_body,
        ),
        shared[0],
    )
