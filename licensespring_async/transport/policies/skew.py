"""Clock skew: the offset for signing the next attempt, and the clock for judging whether answers are fresh.

The two are kept apart. Any answer may set the offset for signing, even an unsigned error: the service judges the
signature. Freshness is judged here, so only a believed answer may change it.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple

ACCEPTED_SECONDS = 15 * 60.0
"""How far off the service accepts the date of a request."""

_LONGEST_ROUND_TRIP = 15 * 60.0
_LONGEST_OFFSET = 100 * 365 * 24 * 3600.0
_WORTH_RETRYING = 4 * 60.0
_REFUSED = 20 * 60.0
# Several Date headers are joined by commas, and each may contain a comma after its weekday.
_each_date = re.compile(r"\s*(?:[A-Za-z]+\s*,)?[^,]+").findall


def served(headers: Mapping[str, str]) -> float | None:
    """Return the `Date` of an answer as seconds since the epoch; None if it has none or several."""
    dates = _dates(headers.get("date", ""))
    return dates[0] if len(dates) == 1 else None


@functools.lru_cache(maxsize=4)
def _dates(header: str) -> tuple[float | None, ...]:
    # Cached: it changes once a second, and parsing it costs more than signing.
    return tuple(_parsed(each) for each in _each_date(header))


def _parsed(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


class Reading(NamedTuple):
    """The service's clock, according to one answer.

    Attributes:
        served: The answer's `Date`, seconds since the epoch.
        offset: Seconds that the service's clock was ahead of this machine's.
        monotonic: When the answer was complete, in seconds that only go forward.
    """

    served: float
    offset: float
    monotonic: float


class ClockSkew:
    """Learn the service's clock from the `Date` of its answers.

    Attributes:
        offset: Seconds to add to the local clock to sign the next attempt; any answer changes it.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        self._believed: Reading | None = None
        self._asked: Reading | None = None

    @property
    def is_known(self) -> bool:
        """Whether the service's clock is known from a believed answer."""
        return self._believed is not None

    def observe(self, headers: Mapping[str, str], sent: float, received: float, monotonic: float) -> Reading | None:
        """Sign the next attempt with this answer's clock; return its reading, for `believe` if the answer is believed.

        Args:
            headers: The answer's headers, with names in lower case.
            sent: Local time when the request went out, seconds since the epoch.
            received: Local time when the answer was complete.
            monotonic: The same moment in seconds that only go forward.
        """
        # The time of a cached answer is old, and that of a slow one is imprecise.
        if "age" in headers or not 0 <= received - sent <= _LONGEST_ROUND_TRIP:
            return None
        date = served(headers)
        # A machine without a clock battery starts in 1970, so large offsets are real. A date a century away is not, and
        # a date at the end of the calendar cannot be used to sign.
        if date is None or abs(date - received) >= _LONGEST_OFFSET:
            return None
        self.offset = date - (sent + received) / 2
        return Reading(date, self.offset, monotonic)

    def correct(self, reading: Reading | None) -> None:
        """Expect this refusal's clock until an answer is believed: according to it, the local clock is wrong."""
        self._asked = reading

    def believe(self, reading: Reading | None) -> None:
        """Expect this answer's clock from now on: the answer was believed."""
        if reading is not None:
            self._believed, self._asked = reading, None

    def forget(self, reading: Reading | None) -> None:
        """Have the next answer tell the service's time: this one's `Date` was not believed.

        The next attempt is signed by the local clock. If the service would accept that, the attempt is signed so long
        before the `Date` that the service must refuse it, and say its time. A recording or a cache does not do so.
        """
        self.offset = 0.0
        if reading is not None and abs(reading.offset) <= ACCEPTED_SECONDS:
            self.offset = reading.offset - _REFUSED

    def distance(self, headers: Mapping[str, str], now: float, monotonic: float) -> float | None:
        """Return the seconds between an answer's `Date` and the nearest expected time; None if it has no `Date`.

        Expected are the local time, and the service's time according to the last believed answer (before that,
        according to a refusal of the request's date). The service's time is computed twice: by the local clock, which
        is wrong after it was set, and by the monotonic clock, which is wrong after the machine slept. If there are
        several dates, all must be near.

        Args:
            headers: The answer's headers, with names in lower case.
            now: Local time, seconds since the epoch.
            monotonic: The same moment in seconds that only go forward.
        """
        dates = _dates(headers.get("date", ""))
        if not dates or dates == (None,):
            return None
        farthest = 0.0
        for date in dates:
            if date is None:
                return math.inf
            nearest = abs(date - now)
            for known in (self._believed, self._asked):
                if known is not None and nearest > 1:  # a Date has whole seconds
                    since = date - known.served - (monotonic - known.monotonic)
                    nearest = min(nearest, abs(date - now - known.offset), abs(since))
            farthest = max(farthest, nearest)
        return farthest

    def is_news(self, signed_with: float) -> bool:
        """Return whether the offset has changed so much since an attempt was signed that another attempt may help."""
        return abs(self.offset - signed_with) > _WORTH_RETRYING
