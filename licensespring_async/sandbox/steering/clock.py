"""The sandbox's clock: any clock, moved or held still, so that no test waits for an expiry."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

import attrs


@attrs.frozen(kw_only=True)
class Setting:
    """The setting of a clock, to return to: seconds, and when frozen the time at which it stands."""

    offset: float
    passed: float
    frozen: float | None


class SandboxClock:
    """Another clock, plus an offset, or held at the moment at which it was frozen.

    `advance` and `freeze` are about time itself: clients made by the sandbox go along. `set_offset` sets the server's
    clock off against theirs, as a client meets it whose own clock is wrong.

    Args:
        source: Seconds since the epoch.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._passed = 0.0
        self._frozen: float | None = None

    def __call__(self) -> float:
        """Return the current time in seconds since the epoch."""
        return self._source() + self.offset if self._frozen is None else self._frozen

    def of_clients(self) -> float:
        """Return the time for clients created by this sandbox, in seconds: without the server's offset."""
        return self() - self._offset

    def moment(self) -> datetime:
        """Return the current time as an aware moment."""
        return datetime.fromtimestamp(self(), UTC)

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None

    @property
    def offset(self) -> float:
        """The seconds by which this clock is ahead of its source."""
        return self._offset + self._passed if self._frozen is None else self._frozen - self._source()

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`, frozen or not; a negative number moves it back."""
        _require_finite(seconds)
        if self._frozen is None:
            self._passed += seconds
        else:
            self._frozen += seconds

    def freeze(self) -> None:
        """Hold the clock at its current time; `advance` still moves it."""
        self._frozen = self()

    def resume(self) -> None:
        """Let a frozen clock run on from where it stands."""
        if self._frozen is not None:
            self._passed, self._frozen = self._frozen - self._source() - self._offset, None

    def set_offset(self, seconds: float) -> None:
        """Run `seconds` ahead of clients (behind them, if negative); what was advanced and frozen stays so."""
        _require_finite(seconds)
        if self._frozen is not None:
            self._frozen += seconds - self._offset
        self._offset = seconds

    @property
    def setting(self) -> Setting:
        """How it is set now."""
        return Setting(offset=self._offset, passed=self._passed, frozen=self._frozen)

    def restore(self, setting: Setting) -> None:
        """Set it as it was."""
        self._offset, self._passed, self._frozen = setting.offset, setting.passed, setting.frozen


def as_sandbox_clock(source: Callable[[], float]) -> SandboxClock:
    """Wrap a clock that is not movable yet."""
    return source if isinstance(source, SandboxClock) else SandboxClock(source)


def _require_finite(seconds: float) -> None:
    if not math.isfinite(seconds) or abs(seconds) > 1e10:
        raise ValueError(f"the clock cannot move by {seconds} seconds")
