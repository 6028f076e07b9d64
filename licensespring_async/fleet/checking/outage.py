"""Outages: when the service stops answering, rows wait for it instead of failing one after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

from ...errors import ConfigurationError, ConnectionFailed, LicenseSpringError
from ...transport import Patience

_FEWEST: Final = 10  # failures in a row that are an outage; more when more rows are under way
_NEVER: Final = 1_000  # failures without any answer after which the address must be wrong
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

OnOutage = Callable[[LicenseSpringError | None], None]
"""Called with the service's error when it does not answer or asks for a pause, and with None when it answers again."""


class Outage:
    """Detects an outage from the outcomes of the rows.

    Args:
        tell: Called when the service does not answer, and when it does again.

    Attributes:
        is_on: Whether there is an outage; then one row at a time probes the service, each after a pause.
    """

    def __init__(self, tell: OnOutage) -> None:
        self._tell = tell
        self._has_answered = False
        self._failures = 0
        self._pause = 0.0
        self._is_told = False
        self.is_on = False

    def answered(self) -> None:
        """Note an answer of any kind."""
        self._has_answered = True
        self._failures = 0
        self.is_on = False
        if self._is_told:
            self._is_told = False
            self._tell(None)

    def failed(self, error: LicenseSpringError, under_way: int) -> None:
        """Note that the service did not answer a row.

        Raises:
            ConfigurationError: It has answered none of 1,000 rows.
        """
        self._failures += 1
        if not self._has_answered and self._failures >= _NEVER:
            raise ConfigurationError(
                f"none of {self._failures:,} checks was answered; check the address and the network ({error})"
            ) from error
        if self._failures < max(_FEWEST, under_way):
            return
        if self._has_answered and not self.is_on:
            self.is_on, self._pause = True, _FIRST_PAUSE
        if not self._is_told:  # also if it has never answered: a wrong address must not look like a slow run
            self._is_told = True
            self._tell(error)

    async def pause(self, patience: Patience) -> None:
        """Wait before the next probe, longer each time, up to 30 s.

        Raises:
            ConnectionFailed: The run ended first, and nothing was sent.
        """
        with patience.wait() as scope:
            await anyio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if scope.cancelled_caught:
            raise ConnectionFailed("not sent: the run had ended")
