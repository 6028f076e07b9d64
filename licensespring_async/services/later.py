"""The time that answers are judged by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..transport import Clock


class LaterTime:
    """Tell the later of local time and of what the service has proved; while the program runs it never goes back.

    Args:
        clock: Local time.
        proved: The service's newest verified time, or None before the first.
    """

    def __init__(self, clock: Clock, proved: Callable[[], datetime | None]) -> None:
        self._clock, self._proved = clock, proved
        self._latest, self._latest_at = clock.time(), clock.monotonic()

    def __call__(self) -> float:
        """Return the time in seconds since the epoch."""
        proved, now = self._proved(), self._clock.monotonic()
        passed = self._latest + now - self._latest_at
        known = 0.0 if proved is None else proved.timestamp()
        self._latest, self._latest_at = max(passed, self._clock.time(), known), now
        return self._latest

    def is_at_least(self, moment: float) -> None:
        """Go on from `moment` (seconds since the epoch) when that is later."""
        self._latest = max(self(), moment)
