"""Measure a stream in bounded memory."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime
from typing import Generic, TypeVar

import attrs

V = TypeVar("V", int, datetime, tuple[float, int])

_MOST_BINS = 240


class Lowest(Generic[V]):
    """The holders with the lowest values; each holder counts with its own lowest value."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[tuple[str, str, str], V] = {}

    def add(self, holder: tuple[str, str, str], value: V) -> tuple[str, str, str] | None:
        """Add a value, and return the holder that it pushed out, which may be this one."""
        known = self._values.get(holder)
        if known is None or value < known:
            self._values[holder] = value
        if len(self._values) <= self._size:
            return None
        worst = max(self._values, key=self._values.__getitem__)
        del self._values[worst]
        return worst

    def items(self) -> list[tuple[tuple[str, str, str], V]]:
        """Return holders and values, the lowest first."""
        return sorted(self._values.items(), key=lambda item: item[1])


@attrs.define
class Timeline:
    """Rows done and seconds of work in equal bins; the bins double in width when there are too many.

    Attributes:
        width: Seconds per bin.
    """

    width: float = attrs.field(default=1 / 16, init=False)
    done: Counter[int] = attrs.field(factory=Counter[int], init=False)
    work: dict[int, float] = attrs.field(factory=dict[int, float], init=False)
    _first: float = attrs.field(default=math.inf, init=False)
    _last: float = attrs.field(default=-math.inf, init=False)

    def add(self, at: float, seconds: float) -> None:
        """Count a row that ended at `at` and took `seconds`."""
        begin = at - seconds
        self._first, self._last = min(self._first, begin), max(self._last, at)
        while (self._last - self._first) / self.width > _MOST_BINS:
            self._double()
        self.done[math.floor(at / self.width)] += 1
        for index in range(math.floor(begin / self.width), math.floor(at / self.width) + 1):
            overlap = min(at, (index + 1) * self.width) - max(begin, index * self.width)
            self.work[index] = self.work.get(index, 0.0) + max(overlap, 0.0)

    def points(self) -> list[tuple[float, float, float]]:
        """Return for each bin its start in seconds since the epoch, rows per second, and average rows under way."""
        if not self.work:
            return []
        span = range(min(self.work), max(self.work) + 1)
        return [(i * self.width, self.done[i] / self.width, self.work.get(i, 0.0) / self.width) for i in span]

    def _double(self) -> None:
        self.width *= 2
        done, work = self.done, self.work
        self.done, self.work = Counter(), {}
        for index, count in done.items():
            self.done[index // 2] += count
        for index, seconds in work.items():
            self.work[index // 2] = self.work.get(index // 2, 0.0) + seconds
