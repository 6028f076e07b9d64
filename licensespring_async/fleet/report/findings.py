"""Count what a report shows, record by record, in bounded memory."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import attrs

from ..results.latency import Latency
from ..results.result import Outcome, Result
from ..results.summary import OTHERS, counted_as
from .measures import Lowest, Timeline

HORIZONS = (7, 30, 90)
_MOST_ATTENTION = 1_000
_MOST_PER_REASON = 100
_SHOWN = 25

Holder = tuple[str, str, str]


@attrs.frozen
class Slots:
    """Floating slots of a license: the last number in use, the most in use, and how many exist, or None if unknown."""

    last: int
    most: int
    allowed: int | None


@attrs.define
class Findings:
    """Counts records as they come.

    Attributes:
        now: The moment from which `expiring` counts days.
        expiring: Licensed rows whose license ends within 7, 30 or 90 days; each number includes the smaller ones.
        attention: Reason and record of rows that need attention, a bounded number per reason.
        needing: Number of rows that need attention, shown or not.
    """

    now: datetime
    outcomes: Counter[Outcome] = attrs.field(factory=Counter[Outcome], init=False)
    groups: dict[tuple[str, str], Counter[Outcome]] = attrs.field(
        factory=dict[tuple[str, str], "Counter[Outcome]"], init=False
    )
    codes: Counter[tuple[str, str]] = attrs.field(factory=Counter[tuple[str, str]], init=False)
    expiring: Counter[int] = attrs.field(factory=Counter[int], init=False)
    unverified: int = attrs.field(default=0, init=False)
    requests: int = attrs.field(default=0, init=False)
    ends: Lowest[datetime] = attrs.field(factory=lambda: Lowest[datetime](_SHOWN), init=False)
    left: Lowest[int] = attrs.field(factory=lambda: Lowest[int](_SHOWN), init=False)
    ranks: Lowest[tuple[float, int]] = attrs.field(factory=lambda: Lowest[tuple[float, int]](_SHOWN), init=False)
    slots: dict[Holder, Slots] = attrs.field(factory=dict[Holder, Slots], init=False)
    latency: Latency = attrs.field(factory=Latency, init=False)
    timeline: Timeline = attrs.field(factory=Timeline, init=False)
    attention: list[tuple[str, Result]] = attrs.field(factory=list[tuple[str, Result]], init=False)
    needing: int = attrs.field(default=0, init=False)
    _reasons: Counter[str] = attrs.field(factory=Counter[str], init=False)

    @property
    def rows(self) -> int:
        """Number of records."""
        return self.outcomes.total()

    def add(self, record: Result) -> None:
        """Count one record."""
        self.outcomes[record.outcome] += 1
        self.requests += record.attempts
        group = counted_as((record.product, record.feature), self.groups, (OTHERS, ""))
        self.groups.setdefault(group, Counter())[record.outcome] += 1
        if record.outcome is not Outcome.LICENSED:
            self.codes[counted_as((str(record.outcome), record.code), self.codes, (OTHERS, ""))] += 1
        if record.attempts:
            self.latency.add(record.seconds)
            if record.at is not None:
                self.timeline.add(record.at.timestamp(), record.seconds)
        if record.outcome is Outcome.LICENSED:
            self._add_licensed(record)
        self._attend(record)

    def _add_licensed(self, record: Result) -> None:
        holder = (record.product, record.feature, record.key)
        self.unverified += not record.verified
        if record.expires_at is not None:
            left = record.expires_at - self.now
            for days in HORIZONS:
                self.expiring[days] += left <= timedelta(days=days)
            if left <= timedelta(days=HORIZONS[-1]):
                self.ends.add(holder, record.expires_at)
        if record.consumptions_left is not None:
            self.left.add(holder, record.consumptions_left)
        if record.slots_in_use is not None and record.slots_in_use >= 0:
            self._add_slots(holder, record.slots_in_use, record.slots_allowed)

    def _add_slots(self, holder: Holder, used: int, allowed: int | None) -> None:
        before = self.slots.get(holder)
        most = max(used, before.most if before else 0)
        if allowed is not None and allowed < 0:  # the service's value for "no limit"
            allowed = None
        allowed = allowed if allowed is not None or before is None else before.allowed
        # The fullest first; without a known number of slots, the most used.
        dropped = self.ranks.add(holder, (-most / allowed if allowed else 0.0, -most))
        if dropped != holder:
            self.slots[holder] = Slots(used, most, allowed)
        if dropped is not None:
            self.slots.pop(dropped, None)

    def _attend(self, record: Result) -> None:
        reason = self._reason(record)
        if not reason:
            return
        self.needing += 1
        kind = counted_as(reason, self._reasons, OTHERS)
        self._reasons[kind] += 1
        if self._reasons[kind] <= _MOST_PER_REASON and len(self.attention) < _MOST_ATTENTION:
            self.attention.append((reason, record))

    def _reason(self, record: Result) -> str:
        if record.outcome is not Outcome.LICENSED:
            return f"{record.outcome}: {record.code}" if record.code else str(record.outcome)
        if record.expires_at is not None and record.expires_at - self.now <= timedelta(days=HORIZONS[0]):
            return "expires soon"
        if record.consumptions_left is not None and record.consumptions_left <= 0:
            return "no consumptions left"
        return ""
