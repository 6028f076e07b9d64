"""Consumption: how much a license or a feature may consume, and how much of it is used up in this period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

import attrs

from ...errors import ConfigurationError
from ..spelling import at_least, one_of, strict
from ..state.places import Place

ConsumptionPeriod: TypeAlias = Literal["daily", "weekly", "monthly", "annually"]

_READ: Final = (
    "SELECT total, counted_at, allow_overages, max_overages FROM consumption"
    " WHERE tenant = :tenant AND license = :license AND feature = :feature"
)
_WRITE: Final = (
    "INSERT OR REPLACE INTO consumption"
    " (tenant, license, feature, total, counted_at, allow_overages, max_overages)"
    " VALUES (:tenant, :license, :feature, :total, :counted_at, :allow_overages, :max_overages)"
)


@attrs.frozen
class _Count:
    """What requests change; `at` is in the period that it belongs to, None until a sandbox serves it."""

    total: int
    at: datetime | None
    allow_overages: bool
    max_overages: int


def _text(value: str | None) -> str:
    return value or ""


@strict
@attrs.define(kw_only=True, eq=False)
class Consumption:
    """How much a license or a feature may consume, and how much of it is consumed.

    Args:
        maximum: What may be consumed, in one period if it is reset.
        total: What was consumed so far.
        unlimited: Nothing is refused for want of consumptions.
        allow_overages: Beyond the maximum, `max_overages` more may be consumed.
        max_overages: How many more.
        allow_negative: Requests may add a negative number.
        reset: The total starts again from 0 when a period of the calendar begins (in UTC; weeks on Mondays).
        period: Which period.
        pool: What it consumes from together with others, from `World.add_pool`; both count, and both may refuse.
    """

    maximum: int = attrs.field(default=0, validator=at_least(0))
    _total: int = attrs.field(default=0, alias="total")
    unlimited: bool = False
    _allow_overages: bool = attrs.field(default=False, alias="allow_overages")
    _max_overages: int = attrs.field(default=0, alias="max_overages", validator=at_least(0))
    allow_negative: bool = False
    reset: bool = False
    period: ConsumptionPeriod | None = attrs.field(
        default=None, validator=attrs.validators.optional(one_of(ConsumptionPeriod))
    )
    pool: ConsumptionPool | None = None
    _place: Place = attrs.field(factory=Place, init=False, repr=False)
    _since: datetime | None = attrs.field(default=None, init=False, repr=False)

    def keep_in(self, place: Place) -> None:
        """Keep the count in a license's or a feature's place from now on; what is counted there goes on."""
        self._place = place
        self._since = None if place.home.now is None else place.home.now()

    @property
    def total(self) -> int:
        """What was consumed when it was last counted; `total_at` considers periods that ended since."""
        return self._count.total

    @total.setter
    def total(self, total: int) -> None:
        now = self._place.home.now
        self._write(attrs.evolve(self._count, total=total, at=None if now is None else now()))

    @property
    def allow_overages(self) -> bool:
        """Whether more than the maximum may be consumed; a request may change it."""
        return self._count.allow_overages

    @allow_overages.setter
    def allow_overages(self, allowed: bool) -> None:
        self._write(attrs.evolve(self._count, allow_overages=allowed))

    @property
    def max_overages(self) -> int:
        """How much more than the maximum may be consumed; a request may change it."""
        return self._count.max_overages

    @max_overages.setter
    def max_overages(self, overages: int) -> None:
        self._write(attrs.evolve(self._count, max_overages=overages))

    @property
    def limit(self) -> int:
        """What may be consumed, permitted overages included."""
        count = self._count
        return self.maximum + (count.max_overages if count.allow_overages else 0)

    def total_at(self, now: datetime) -> int:
        """Return what was consumed in the period of a moment."""
        count = self._count
        started = _start_of(self.period, now) if self.reset and self.period is not None else None
        return 0 if started is not None and count.at is not None and count.at < started else count.total

    def is_used_up(self, now: datetime) -> bool:
        """Return whether nothing is left, permitted overages included."""
        is_own = not self.unlimited and self.total_at(now) >= self.limit
        return is_own or (self.pool is not None and self.pool.is_used_up(now))

    def add(self, number: int, now: datetime) -> bool:
        """Count `number` more (fewer, if negative), here and in the pool; False when that many are not left."""
        with self._place.transaction():
            total = self.total_at(now) + number
            if number > 0 and not self.unlimited and total > self.limit:
                return False
            if self.pool is not None and not self.pool.add(number, now):
                return False
            self._write(attrs.evolve(self._count, total=total, at=now))
            return True

    @property
    def _count(self) -> _Count:
        row = self._place.row(_READ)
        since = self._since or self._place.home.opened
        if row is None:
            return _Count(self._total, since, self._allow_overages, self._max_overages)
        at = since if row[1] is None else datetime.fromtimestamp(row[1], UTC)
        return _Count(row[0], at, bool(row[2]), row[3])

    def _write(self, count: _Count) -> None:
        self._place.change(
            _WRITE,
            total=count.total,
            counted_at=None if count.at is None else count.at.timestamp(),
            allow_overages=count.allow_overages,
            max_overages=count.max_overages,
        )


@strict
@attrs.define(eq=False)
class ConsumptionPool(Consumption):
    """What several licenses, or features of them, consume from together; a request cannot name it.

    Args:
        code: Names it in a world file, and in answers.
        name: What people read; the code by default.
    """

    id: int = attrs.field(default=0, init=False)  # its world gives it one
    code: str
    name: str = attrs.field(default="", converter=_text, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.pool is not None:
            raise ConfigurationError("a pool is in no other pool")
        self.name = self.name or self.code


def _start_of(period: ConsumptionPeriod, moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "daily":
        return day
    if period == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "monthly" else day.replace(month=1, day=1)
