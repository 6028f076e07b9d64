"""A clock that can be moved and frozen, so that no test waits for an expiry."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import attrs

_EARLIEST: Final = datetime(100, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(5000, 1, 1, tzinfo=UTC).timestamp()


@attrs.frozen(kw_only=True)
class Setting:
    """A clock's setting, for restoring it: seconds, and the time at which it is frozen."""

    offset: float
    passed: float
    frozen: float | None


class SandboxClock:
    """A source clock plus an offset, or frozen at one moment.

    `advance` and `freeze` also move the clients that the sandbox made. `set_offset` moves only the server's clock, so
    clients see the difference that a wrong clock of their own would cause.

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
        """Return the time for clients made by this sandbox, in seconds: without the server's offset."""
        return self() - self._offset

    def moment(self) -> datetime:
        """Return the current time as an aware datetime."""
        return datetime.fromtimestamp(self(), UTC)

    @property
    def is_frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._frozen is not None

    @property
    def offset(self) -> float:
        """The seconds by which this clock is ahead of its source."""
        return self._offset + self._passed if self._frozen is None else self._frozen - self._source()

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`, frozen or not; a negative number moves it back."""
        _require_date(self() + seconds)
        if self._frozen is None:
            self._passed += seconds
        else:
            self._frozen += seconds

    def freeze(self) -> None:
        """Freeze the clock at its current time; `advance` still moves it."""
        self._frozen = self()

    def resume(self) -> None:
        """Resume a frozen clock from the time at which it stopped."""
        if self._frozen is not None:
            self._passed, self._frozen = self._frozen - self._source() - self._offset, None

    def set_offset(self, seconds: float) -> None:
        """Run `seconds` ahead of the clients (behind if negative); `advance` and `freeze` keep their effect."""
        _require_date(self() + seconds - self._offset)
        if self._frozen is not None:
            self._frozen += seconds - self._offset
        self._offset = seconds

    @property
    def setting(self) -> Setting:
        """The current setting."""
        return Setting(offset=self._offset, passed=self._passed, frozen=self._frozen)

    def restore(self, setting: Setting) -> None:
        """Return to an earlier setting."""
        self._offset, self._passed, self._frozen = setting.offset, setting.passed, setting.frozen


def as_sandbox_clock(source: Callable[[], float]) -> SandboxClock:
    """Wrap a plain clock; return a SandboxClock unchanged."""
    return source if isinstance(source, SandboxClock) else SandboxClock(source)


def _require_date(moment: float) -> None:
    if not _EARLIEST < moment < _LATEST:
        raise ValueError("the clock cannot move so far: it must show a date between the years 100 and 5000")
