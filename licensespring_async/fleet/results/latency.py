"""Durations of checks, counted in bounded memory."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import attrs

_STEP: Final = math.log(1.02)
_SHORTEST: Final = 1e-4


@attrs.define
class Latency:
    """A histogram in steps of 2 %: quantiles are accurate within 1 %."""

    steps: Counter[int] = attrs.field(factory=Counter[int], init=False)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.steps[int(math.log(max(seconds, _SHORTEST) / _SHORTEST) / _STEP)] += 1

    def values(self) -> list[tuple[float, int]]:
        """Return durations in seconds with their counts, the shortest first."""
        return [(_SHORTEST * math.exp((step + 0.5) * _STEP), count) for step, count in sorted(self.steps.items())]

    def quantile(self, share: float) -> float | None:
        """Return the quantile of the durations in seconds, or None if there are none."""
        wanted = share * self.steps.total()
        for value, count in self.values():
            wanted -= count
            if wanted <= 0:
                return value
        return None
