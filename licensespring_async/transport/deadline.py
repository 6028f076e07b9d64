"""The time a whole call may take."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from ..errors import DeadlineExceeded
from .clock import Clock


class Deadline:
    """A moment after which a call is over, whatever it is doing.

    Args:
        timeout: Seconds from now.
    """

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._started = clock.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds until the call is over, below 0 once it is."""
        return self._timeout - self.elapsed

    def exceeded(self, doing: str) -> DeadlineExceeded:
        """Return the error for running out of time before anything was sent."""
        error = DeadlineExceeded(f"the call's {self._timeout:g} s were over while {doing}")
        error.may_have_acted = False
        return error

    @contextmanager
    def limit(self, doing: str) -> Generator[None]:
        """Stop a wait at the deadline.

        Raises:
            DeadlineExceeded: The time was over first.
        """
        with anyio.move_on_after(self.left) as scope:
            yield
        if scope.cancelled_caught:
            raise self.exceeded(doing)
