"""How far the service's clock is from ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

_LONGEST_ROUND_TRIP = 15 * 60.0
_LONGEST_OFFSET = 100 * 365 * 24 * 3600.0
_WORTH_RETRYING = 4 * 60.0


class ClockSkew:
    """Learns the offset of the service's clock from the `Date` of its answers.

    Attributes:
        offset: Seconds to add to the local clock to get the service's.
        is_known: Whether an answer has told the offset.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        self.is_known = False
        self._anchor = (0.0, 0.0)
        self._parsed: tuple[str, float] | None = None

    def distance(self, headers: Mapping[str, str], now: float, monotonic: float) -> float | None:
        """Return how many seconds an answer's `Date` is off from what earlier answers lead to expect, None without one.

        The expected time is the corrected local clock, or the last `Date` plus the time since by a clock that nobody
        sets, whichever is nearer: the first is wrong after the local clock was set, the second after a machine slept.

        Args:
            headers: Of the answer, names in lower case.
            now: Local time, seconds since the epoch.
            monotonic: The same moment in seconds that only go forward.
        """
        served = self.served(headers)
        if served is None:
            return None
        by_clock = abs(served - (now + self.offset))
        if not self.is_known:
            return by_clock
        last, at = self._anchor
        return min(by_clock, abs(served - (last + monotonic - at)))

    def observe(self, headers: Mapping[str, str], sent: float, received: float, monotonic: float) -> None:
        """Learn from an answer.

        Args:
            headers: Of the answer, names in lower case.
            sent: Local time when the request went out, seconds since the epoch.
            received: Local time when the answer was in.
            monotonic: The same moment in seconds that only go forward.
        """
        # An answer from a cache tells the time of another day; a slow one tells too little.
        if "age" in headers or not 0 <= received - sent <= _LONGEST_ROUND_TRIP:
            return
        served = self.served(headers)
        # A machine without a battery starts in 1970. A date a century away is no clock, and one at the end of the
        # calendar could not be signed with.
        if served is not None and abs(served - received) < _LONGEST_OFFSET:
            self.offset = served - (sent + received) / 2
            self.is_known = True
            self._anchor = (served, monotonic)

    def is_news(self, signed_with: float) -> bool:
        """Return whether the offset has changed enough since an attempt was signed for another attempt to help."""
        return abs(self.offset - signed_with) > _WORTH_RETRYING

    def served(self, headers: Mapping[str, str]) -> float | None:
        """Return the `Date` of an answer as seconds since the epoch, None when there is none that can be read."""
        date = headers.get("date", "")
        if self._parsed is not None and date == self._parsed[0]:
            return self._parsed[1]  # it changes once a second, and parsing costs more than signing
        try:
            moment = parsedate_to_datetime(date)
            served = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        self._parsed = (date, served)
        return served
