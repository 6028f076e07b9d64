"""The time a whole call may take."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import anyio

from ...errors import DeadlineExceeded
from ...errors.numbers import in_seconds
from ..clock import Clock

WINDOW_TIMES: Final = 2
"""How many times its timeout a call may wait for the rate windows.

With the defaults that is 20 s: a burst that fills the service's window of 10 s once more than it holds succeeds.
"""


class Patience:
    """Lets calls wait for rate windows or an open circuit on top of `timeout`; for runs of many calls.

    Attributes:
        is_over: Whether `end` was called.
    """

    def __init__(self) -> None:
        self._waits: set[anyio.CancelScope] = set()
        self.is_over = False

    def end(self) -> None:
        """End every wait: the waiting calls fail with `DeadlineExceeded`, unsent."""
        self.is_over = True
        for scope in self._waits:
            scope.cancel()

    @contextmanager
    def wait(self) -> Generator[anyio.CancelScope]:
        """Wait in the block until patience ends; the scope tells whether it did."""
        with anyio.CancelScope() as scope:
            if self.is_over:
                scope.cancel()
            self._waits.add(scope)
            try:
                yield scope
            finally:
                self._waits.discard(scope)


class Deadline:
    """The moment at which a call ends, whatever it is doing.

    Waiting for the rate windows does not count. It may take `WINDOW_TIMES` the time-out, or as long as the patience.

    Args:
        timeout: Seconds from now.
        patience: Bounds the waits for the rate windows instead, or None.

    Attributes:
        waited: Seconds that the call waited: for rate windows, a permit, a token or a TPM.
    """

    def __init__(self, clock: Clock, timeout: float, patience: Patience | None = None) -> None:
        self._clock = clock
        self._timeout = timeout
        self._patience = patience
        self._started = clock.monotonic()
        self._extension = 0.0
        self._extended_since: float | None = None
        self.waited = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative once it has passed."""
        now = self._clock.monotonic()
        return self._timeout + self._at_windows(now) - (now - self._started)

    @property
    def is_patient(self) -> bool:
        """Whether the call waits, rather than fails, while nothing may be sent."""
        return self._patience is not None

    @property
    def patience(self) -> float:
        """Seconds that the call may still wait for the rate windows."""
        return math.inf if self.is_patient else WINDOW_TIMES * self._timeout - self._at_windows(self._clock.monotonic())

    def _at_windows(self, now: float) -> float:
        return self._extension + (0.0 if self._extended_since is None else now - self._extended_since)

    def exceeded(self, doing: str) -> DeadlineExceeded:
        """Return the error for running out of time before anything was sent."""
        return _unsent(f"the call's {in_seconds(self._timeout)} ran out while {doing}")

    def crowded(self) -> DeadlineExceeded:
        """Return the error for a call that found no place in the rate windows."""
        if self.is_patient:
            return _unsent("the call was given up while it waited for its turn")
        return _unsent(
            f"there was no place in the rate windows within {in_seconds(WINDOW_TIMES * self._timeout)}, "
            f"{WINDOW_TIMES} times the call's timeout; make fewer calls at once, raise `timeout`, or check many "
            "devices with fleet.check_many"
        )

    @contextmanager
    def limit(self, doing: str) -> Generator[None]:
        """Stop a wait at the deadline.

        Raises:
            DeadlineExceeded: The time ran out first.
        """
        with anyio.move_on_after(self.left) as scope, self._noted():
            yield
        if scope.cancelled_caught:
            raise self.exceeded(doing)

    @contextmanager
    def wait(self) -> Generator[None]:
        """Wait for the rate windows, or for the circuit to close, without counting against the call's time; bounded.

        Raises:
            DeadlineExceeded: It took too long, or the patience has ended.
        """
        waits = anyio.move_on_after(self.patience) if self._patience is None else self._patience.wait()
        with waits as scope, self._noted():
            self._extended_since = self._clock.monotonic()
            try:
                yield
            finally:
                self._extension, self._extended_since = self._at_windows(self._clock.monotonic()), None
        if scope.cancelled_caught:
            raise self.crowded()

    @contextmanager
    def _noted(self) -> Generator[None]:
        started = self._clock.monotonic()
        try:
            yield
        finally:
            self.waited += self._clock.monotonic() - started


def _unsent(text: str) -> DeadlineExceeded:
    error = DeadlineExceeded(text)
    error.may_have_acted = False
    return error
