"""The progress of a run, in numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import attrs

from ...fleet import Outcome, Pace, Summary

_RECENT: Final = 60.0


@attrs.frozen(kw_only=True)
class Status:
    """The progress of a run.

    Attributes:
        rows: Rows with a result.
        total: Rows in all, or None if unknown.
        earlier: Rows that an earlier run checked.
        elapsed: Seconds since this run began.
        rate: Rows per second, over the last minute.
        eta: Seconds until the end at this rate, or None if unknown.
        p50: Median duration of a check in seconds, or None before the first.
        p95: 95th percentile of the durations in seconds.
        throttled: Requests that the service answered with HTTP 429.
        under_way: Rows under way now.
        concurrency: Rows that may be under way.
        outcomes: Rows by outcome.
    """

    rows: int
    total: int | None
    earlier: int
    elapsed: float
    rate: float
    eta: float | None
    p50: float | None
    p95: float | None
    throttled: int
    under_way: int
    concurrency: int
    outcomes: dict[str, int]

    def to_fields(self) -> dict[str, object]:
        """Return the fields for JSON, with times rounded to a tenth of a millisecond."""
        fields = attrs.asdict(self)
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in fields.items()}


class Meter:
    """Measures the progress of a run; the run begins when this object is made.

    Args:
        summary: The counts.
        total: Rows in all, or None if unknown.
        pace: Returns the current pace, or None before the run begins.
        earlier: Rows that an earlier run checked.
        clock: Monotonic clock in seconds.
    """

    def __init__(
        self,
        summary: Summary,
        *,
        total: int | None,
        pace: Callable[[], Pace | None],
        earlier: int,
        clock: Callable[[], float],
    ) -> None:
        self._summary = summary
        self._total = total
        self._pace = pace
        self._earlier = earlier
        self._clock = clock
        self._started = clock()
        self._seen = deque([(self._started, earlier)])

    def read(self) -> Status:
        """Return the progress now."""
        summary, now, pace = self._summary, self._clock(), self._pace()
        while len(self._seen) > 1 and self._seen[1][0] <= now - _RECENT:
            self._seen.popleft()
        since, before = self._seen[0]
        if now > self._seen[-1][0]:
            self._seen.append((now, summary.rows))
        rate = (summary.rows - before) / (now - since) if now > since else 0.0
        return Status(
            rows=summary.rows,
            total=self._total,
            earlier=self._earlier,
            elapsed=now - self._started,
            rate=rate,
            eta=(self._total - summary.rows) / rate if self._total is not None and rate else None,
            p50=summary.latency.quantile(0.5),
            p95=summary.latency.quantile(0.95),
            throttled=0 if pace is None else pace.throttled,
            under_way=0 if pace is None else pace.under_way,
            concurrency=0 if pace is None else pace.limit,
            outcomes={str(outcome): summary.of(outcome) for outcome in Outcome},
        )
