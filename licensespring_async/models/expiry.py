"""The current time, for the models that depend on it.

An expired license must stay expired when the host's clock is turned back. So a model that came from a client is judged
by the later of the local clock and the newest time that the service has proved to that client.
"""

# Annotations are evaluated here: other modules inherit these fields, but do not have their names.

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Self

import attrs

from ..errors import ConfigurationError
from .model import Model

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH).total_seconds() - 1


class TimeFloor:
    """A lower bound for the current time: the newest signed `Date`, advanced by a monotonic clock; it never goes back.

    Args:
        monotonic: Seconds that only go forward. If they stand still while the machine sleeps, the floor is lower than
            it could be, never too high.
    """

    __slots__ = ("_at", "_monotonic", "_proved")

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._proved: float | None = None
        self._at = 0.0

    @classmethod
    def of(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """Return a floor that starts at some seconds since the epoch."""
        floor = cls(monotonic)
        floor.rise(seconds)
        return floor

    @property
    def seconds(self) -> float | None:
        """Seconds since the epoch, or None while nothing is proved."""
        if self._proved is None:
            return None
        return self._proved + max(0.0, self._monotonic() - self._at)

    def rise(self, seconds: float) -> None:
        """Raise the floor to a moment (seconds since the epoch) that the service proved; an earlier one is ignored."""
        current = self.seconds
        if current is None or seconds > current:
            self._proved, self._at = seconds, self._monotonic()

    def moment(self) -> datetime | None:
        """Return the floor as an aware moment, or None while nothing is proved."""
        seconds = self.seconds
        return None if seconds is None else _EPOCH + timedelta(seconds=min(seconds, _LAST))

    def later(self, local: datetime) -> datetime:
        """Return the later of a local moment and the floor: the moment to judge everything at."""
        proved = self.moment()
        return local if proved is None else max(local, proved)

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[float, ...]]:
        # Another process has another monotonic clock, so only the moment itself is kept.
        seconds = self.seconds
        return (type(self), ()) if seconds is None else (type(self).of, (seconds,))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Judged(ABC):
    """Something that depends on the time, and is judged by a client's floor."""

    __slots__ = ()

    @abstractmethod
    def _judge_by(self, floor: TimeFloor) -> None:
        """Judge by a client's floor from now on."""


def judge(value: object, floor: TimeFloor) -> None:
    """Set the floor that a value is judged by, if it depends on the time. A client does this for each answer."""
    if isinstance(value, Judged):
        value._judge_by(floor)  # pyright: ignore[reportPrivateUsage]  # not public


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Timed(Model, Judged):
    """A model whose answers depend on the time."""

    # The floor of the client that the model came from; None if it came from elsewhere. Equality and JSON ignore it; a
    # pickle keeps it as a moment.
    _time_floor: TimeFloor | None = attrs.field(default=None, eq=False)

    def _judge_by(self, floor: TimeFloor) -> None:
        object.__setattr__(self, "_time_floor", floor)

    def _moment(self, now: datetime | None) -> datetime:
        """Return the moment to judge at: `now`, or when None the later of the local clock and the floor.

        Raises:
            ConfigurationError: `now` has no time zone.
        """
        if now is None:
            local = datetime.now(UTC)
            return local if self._time_floor is None else self._time_floor.later(local)
        if not isinstance(now, datetime) or now.tzinfo is None:
            raise ConfigurationError("now: must be a datetime with a time zone, as datetime.now(UTC)")
        return now

    def _time_left(self, end: datetime | None, now: datetime | None) -> timedelta | None:
        """Return the time until `end` (negative once past), or None when it never comes."""
        at = self._moment(now)
        return None if end is None else end - at
