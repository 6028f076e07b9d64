"""Consumption: the limit of a license or feature, and how much of it is used in the current period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

import attrs

from ...errors import ConfigurationError
from ..spelling import at_least, one_of, strict, text_or_empty
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
    """The part that requests change; `at` is the time of the last count, None until a sandbox serves the world."""

    total: int
    at: datetime | None
    allow_overages: bool
    max_overages: int


@strict
@attrs.define(kw_only=True, eq=False)
class Consumption:
    """The consumption of a license or feature: its limit and its total.

    Args:
        maximum: Limit of the total, per period if it is reset.
        total: Consumptions so far.
        unlimited: Ignore the limit.
        allow_overages: Allow `max_overages` consumptions beyond the maximum.
        max_overages: Number of consumptions allowed beyond the maximum.
        allow_negative: Allow requests to add a negative number.
        reset: Reset the total to 0 at the start of each calendar period (in UTC; weeks start on Mondays).
        period: The period.
        pool: A shared pool from `World.add_pool`; a consumption counts in both, and either limit refuses it.
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
        """Store the count at a license's or feature's place from now on; a count that is there already continues."""
        self._place = place
        self._since = None if place.home.now is None else place.home.now()

    @property
    def total(self) -> int:
        """The total when it was last counted; `total_at` takes periods into account that have ended since."""
        return self._count.total

    @total.setter
    def total(self, total: int) -> None:
        now = self._place.home.now
        self._write(attrs.evolve(self._count, total=total, at=None if now is None else now()))

    @property
    def allow_overages(self) -> bool:
        """Whether overages are allowed; a request may change it."""
        return self._count.allow_overages

    @allow_overages.setter
    def allow_overages(self, allowed: bool) -> None:
        self._write(attrs.evolve(self._count, allow_overages=allowed))

    @property
    def max_overages(self) -> int:
        """How many consumptions are allowed beyond the maximum; a request may change it."""
        return self._count.max_overages

    @max_overages.setter
    def max_overages(self, overages: int) -> None:
        self._write(attrs.evolve(self._count, max_overages=overages))

    @property
    def limit(self) -> int:
        """The limit of the total, including allowed overages."""
        count = self._count
        return self.maximum + (count.max_overages if count.allow_overages else 0)

    def total_at(self, now: datetime) -> int:
        """Return the total in the period that contains `now`."""
        count = self._count
        started = _start_of(self.period, now) if self.reset and self.period is not None else None
        return 0 if started is not None and count.at is not None and count.at < started else count.total

    def is_used_up(self, now: datetime) -> bool:
        """Return whether no consumptions are left, including allowed overages."""
        is_own = not self.unlimited and self.total_at(now) >= self.limit
        return is_own or (self.pool is not None and self.pool.is_used_up(now))

    def add(self, number: int, now: datetime) -> bool:
        """Add `number` (which may be negative) here and in the pool; return False if not enough are left."""
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
    """Consumption shared by several licenses or features; requests cannot refer to it.

    Args:
        code: Identifies it in world files and answers.
        name: Display name; the code by default.
    """

    id: int = attrs.field(default=0, init=False)  # assigned by the world
    code: str
    name: str = attrs.field(default="", converter=text_or_empty, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.pool is not None:
            raise ConfigurationError("a pool cannot be in another pool")
        self.name = self.name or self.code


def _start_of(period: ConsumptionPeriod, moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "daily":
        return day
    if period == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "monthly" else day.replace(month=1, day=1)
