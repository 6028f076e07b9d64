"""What a session knows, and how it reports changes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import ConfigurationError
from ...models.expiry import TimeFloor
from ...transport.events import LicenseEvent
from .standing import Change, Standing

_log = logging.getLogger("licensespring_async.services")


class Knowledge:
    """Hold a standing, and report when its state changes.

    Args:
        product: For the log.
        time: Seconds since the epoch.
        monotonic: Seconds that never go back.
        report: Called with the event of each change.
        on_change: Called with each change, or None.

    Attributes:
        standing: What is known; None before the session has opened.
        change: The last change; None before the first.
    """

    def __init__(
        self,
        product: str,
        *,
        time: Callable[[], float],
        monotonic: Callable[[], float],
        report: Callable[[LicenseEvent], None],
        on_change: Callable[[Change], None] | None,
    ) -> None:
        self.standing: Standing | None = None
        self.change: Change | None = None
        self._product, self._time, self._report, self._on_change = product, time, report, on_change
        self._monotonic = monotonic
        self._latest = TimeFloor(monotonic)

    @property
    def known(self) -> Standing:
        """What is known.

        Raises:
            ConfigurationError: The session was never open.
        """
        if self.standing is None:
            raise ConfigurationError("the session was never open; use it in `async with`")
        return self.standing

    def now(self) -> float:
        """Return the time to judge by. While the program runs, it goes back only after `prove`."""
        seconds = self._time()
        self._latest.rise(seconds)
        return max(seconds, self._latest.seconds or 0.0)

    def prove(self) -> None:
        """Judge by the client's time from now on: an answer proved it. The local clock may have been ahead before."""
        self._latest = TimeFloor(self._monotonic)

    def learn(self, standing: Standing) -> None:
        """Replace the standing, and report a change."""
        self.standing = standing
        self.notice()

    def notice(self) -> None:
        """Report a change, if there is one."""
        now, last = self.now(), self.change
        state, reason = self.known.at(now)
        if last is not None and (last.state, last.reason) == (state, reason):
            return
        self.change = Change(before=None if last is None else last.state, state=state, reason=reason, at=now)
        self.tell(self.change)

    def tell(self, change: Change) -> None:
        """Log a change, and pass it to the client's hooks and `on_change`."""
        what = f"the license of {self._product}"
        if change.feature is not None:
            what = f"the feature {change.feature} of {what}"
        level = logging.INFO if change.state.is_usable else logging.WARNING
        _log.log(level, "%s is now %s: %s", what, change.state, change.reason)
        self._report(
            LicenseEvent(
                product=self._product,
                feature=change.feature,
                before=None if change.before is None else change.before.value,
                state=change.state.value,
                reason=change.reason,
            )
        )
        if self._on_change is None:
            return
        try:
            self._on_change(change)
        except Exception as error:  # noqa: BLE001  # foreign code must not end the session
            _log.error("on_change failed: %s", type(error).__name__)
