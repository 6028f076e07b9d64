"""The time a whole call may take."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from ...errors import DeadlineExceeded
from ..clock import Clock


class Patience:
    """Lets calls wait for rate windows or an open circuit on top of their own time; for runs of many calls."""

    def __init__(self) -> None:
        self._waits: set[anyio.CancelScope] = set()
        self._is_over = False

    def end(self) -> None:
        """Let no call wait any longer: those that do fail with `DeadlineExceeded`, before they send anything."""
        self._is_over = True
        for scope in self._waits:
            scope.cancel()

    @contextmanager
    def wait(self) -> Generator[anyio.CancelScope]:
        """Wait in the block, unless it is over; the scope tells."""
        with anyio.CancelScope() as scope:
            if self._is_over:
                scope.cancel()
            self._waits.add(scope)
            try:
                yield scope
            finally:
                self._waits.discard(scope)


class Deadline:
    """A moment after which a call is over, whatever it is doing.

    Args:
        timeout: Seconds from now.
        patience: What bounds the waits for the rate windows instead of that time, or None.

    Attributes:
        waited: Seconds that the call waited for its turn.
    """

    def __init__(self, clock: Clock, timeout: float, patience: Patience | None = None) -> None:
        self._clock = clock
        self._timeout = timeout
        self._patience = patience
        self._started = clock.monotonic()
        self._extension = 0.0
        self.waited = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds until the call is over, below 0 once it is."""
        return self._timeout + self._extension - self.elapsed

    @property
    def is_patient(self) -> bool:
        """Whether the call would rather wait than fail while nothing is to be sent."""
        return self._patience is not None

    @property
    def patience(self) -> float:
        """Seconds that the call may wait for the rate windows."""
        return self.left if self._patience is None else math.inf

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
        with anyio.move_on_after(self.left) as scope, self._noted():
            yield
        if scope.cancelled_caught:
            raise self.exceeded(doing)

    @contextmanager
    def wait(self, doing: str) -> Generator[None]:
        """Stop a wait for the rate windows at the deadline, or when the patience ends.

        Raises:
            DeadlineExceeded: That came first.
        """
        if self._patience is None:
            with self.limit(doing):
                yield
            return
        before = self.waited
        with self._patience.wait() as scope, self._noted():
            yield
        self._extension += self.waited - before
        if scope.cancelled_caught:
            error = DeadlineExceeded(f"the call was given up while {doing}")
            error.may_have_acted = False
            raise error

    @contextmanager
    def _noted(self) -> Generator[None]:
        started = self._clock.monotonic()
        try:
            yield
        finally:
            self.waited += self._clock.monotonic() - started
