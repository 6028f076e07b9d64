"""Time, as an argument."""

from __future__ import annotations

import math
import time as time_module
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import attrs

from ..by_fields import ByFields

LONGEST_NAP: Final = 60.0
"""A machine that sleeps stops the timers, so who waits for long looks at the time again after so many seconds."""


def is_number(value: object) -> bool:
    """Return whether a value is a finite number of seconds that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Clock(ByFields):
    """The client's source of time; replace it, and no test needs to wait.

    Attributes:
        time: Seconds since the epoch, for the `Date` header.
        monotonic: Seconds that never go back, for deadlines and waits.
        sleep: Waits that many seconds.
    """

    time: Callable[[], float] = time_module.time
    monotonic: Callable[[], float] = time_module.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
