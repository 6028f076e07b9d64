"""Count the results of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final, TypeVar

import attrs

from .latency import Latency
from .result import Outcome, Result

OTHERS: Final = "(others)"
"""What counts together beyond the first 500 kinds."""

_MOST_KINDS: Final = 500

K = TypeVar("K")


def counted_as(kind: K, known: Collection[K], others: K) -> K:
    """Return a kind; `others` in place of a new one beyond the first 500, because a service may invent codes."""
    return kind if kind in known or len(known) < _MOST_KINDS else others


@attrs.frozen(kw_only=True)
class Tally:
    """The rows with one outcome and code.

    Attributes:
        first: The first of their results, as an example.
    """

    outcome: Outcome
    code: str
    rows: int
    first: Result


@attrs.define
class Summary:
    """Counts results as they come; its size does not grow with their number.

    Attributes:
        requests: HTTP requests sent.
        latency: Durations of the checks that sent requests.
    """

    requests: int = attrs.field(default=0, init=False)
    latency: Latency = attrs.field(factory=Latency, init=False)
    _counts: Counter[tuple[Outcome, str]] = attrs.field(factory=Counter[tuple[Outcome, str]], init=False)
    _first: dict[tuple[Outcome, str], Result] = attrs.field(factory=dict[tuple[Outcome, str], Result], init=False)

    def add(self, result: Result) -> None:
        """Count one result."""
        kind = counted_as((result.outcome, result.code), self._counts, (result.outcome, OTHERS))
        self._counts[kind] += 1
        self._first.setdefault(kind, result)
        if result.attempts:
            self.requests += result.attempts
            self.latency.add(result.seconds)

    @property
    def rows(self) -> int:
        """Number of results."""
        return self._counts.total()

    def of(self, outcome: Outcome) -> int:
        """Return the number of results with an outcome."""
        return sum(count for (each, _), count in self._counts.items() if each is outcome)

    def tallies(self) -> list[Tally]:
        """Return the counts by outcome and code: outcomes in their order of declaration, then the largest first."""
        order = list(Outcome)
        tallies = [
            Tally(outcome=outcome, code=code, rows=count, first=self._first[outcome, code])
            for (outcome, code), count in self._counts.items()
        ]
        return sorted(tallies, key=lambda tally: (order.index(tally.outcome), -tally.rows, tally.code))
