"""How many rows may be under way: additive increase, multiplicative decrease, as in TCP. Pure.

Rate limits are hard and come first. This finds how many rows at once are needed to use them, and backs off when the
service is slow or throttles. Source: https://www.rfc-editor.org/rfc/rfc5681#section-3.1
"""

from __future__ import annotations

import math
from typing import Final

import attrs

from ...errors import ConfigurationError, DeadlineExceeded, LicenseSpringError, RateLimited

MOST_ROWS: Final = 10_000
"""Rows under way at once; more would slow a run down, or take all ports of this machine."""

_LESS: Final = 0.9


@attrs.frozen(kw_only=True)
class Concurrency:
    """Bounds of the rows under way at once; the number is tuned between them.

    It grows by one for every round of rows that used all of it. It shrinks by a tenth when the service throttles or a
    row times out. It does not grow while something else sets the pace: the rate limits, the input, or the reader of the
    results.

    Args:
        start: Rows at the beginning.
        most: Most rows.
        least: Fewest rows.

    Raises:
        ConfigurationError: They are not whole numbers with 1 <= least <= start <= most <= 10,000.
    """

    start: int = 16
    most: int = 128
    least: int = 1

    def __attrs_post_init__(self) -> None:
        for name, value in attrs.asdict(self).items():
            if type(value) is not int or value < 1:
                raise ConfigurationError(f"concurrency: {name} must be a whole number of at least 1, not {value!r}")
            if value > MOST_ROWS:
                raise ConfigurationError(f"concurrency: must be at most {MOST_ROWS:,}; more would slow the run down")
        if not self.least <= self.start <= self.most:
            raise ConfigurationError(
                f"concurrency: least ({self.least}), start ({self.start}) and most ({self.most}) must be in this order"
            )

    @classmethod
    def upto(cls, most: int) -> Concurrency:
        """Return bounds that start at the upper end; the number falls only if the service is overloaded."""
        if type(most) is not int or most < 1:
            raise ConfigurationError(f"concurrency: must be a whole number of at least 1, not {most!r}")
        return cls(start=most, most=most)


class Aimd:
    """The limit of rows under way, tuned by the outcomes of requests and rows.

    Attributes:
        limit: Rows that may be under way now.
    """

    def __init__(self, bounds: Concurrency) -> None:
        self._bounds = bounds
        self._credit = 0
        self._cut_at = -math.inf
        self._set(float(bounds.start))

    def congested(self, began: float, now: float) -> None:
        """Lower the limit, because a request that began at `began` was throttled or took too long."""
        # Cut once for all requests that were under way together: they report the same congestion.
        if began >= self._cut_at:
            self._set(max(float(self._bounds.least), self._limit * _LESS))
            self._cut_at = now

    def answered(self, *, is_full: bool, waited: float) -> None:
        """Raise the limit by one after a full round in which the limit itself was the bottleneck.

        Args:
            is_full: Whether the limit was used up when the row began.
            waited: Seconds that the row waited, for example for the rate limits.
        """
        if waited:
            self._credit = 0
        elif is_full:
            self._credit += 1
            if self._credit >= self._limit:
                self._set(min(float(self._bounds.most), self._limit + 1))

    def _set(self, limit: float) -> None:
        self._limit = limit
        self._credit = 0
        self.limit = int(limit)


def is_congestion(error: LicenseSpringError | None) -> bool:
    """Return whether an error is a sign of overload: a throttled request, or one that took too long."""
    return isinstance(error, (DeadlineExceeded, RateLimited))  # a tuple: a union would be built for each request


@attrs.frozen(kw_only=True)
class Pace:
    """The pace of a run at this moment.

    Attributes:
        limit: Rows that may be under way at once.
        most: What the limit may grow to.
        under_way: Rows under way.
        throttled: Requests that the service has answered with HTTP 429.
    """

    limit: int
    most: int
    under_way: int
    throttled: int
