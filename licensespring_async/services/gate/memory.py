"""The gate's cache of recent answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import attrs

from ...checks import Key
from .decisions import Decision, Source
from .grace import Verified


@attrs.frozen(kw_only=True)
class Entry:
    """An answer in memory; `refresh_at` and `ends_at` are monotonic seconds."""

    decision: Decision
    verified: Verified
    refresh_at: float
    ends_at: float


class Memory:
    """Cache answers for a time. Refusals have their own cache, so that guessed keys push no good answer out.

    Args:
        max_size: Number of answers in each cache. The least recently used is dropped first.
        refresh_ahead: Fraction of a positive answer's lifetime after which it is due for renewal.
        now: Gives monotonic seconds.

    Attributes:
        allowed: The positive answers.
    """

    def __init__(self, max_size: int, refresh_ahead: float, now: Callable[[], float]) -> None:
        self.allowed: OrderedDict[Key, Entry] = OrderedDict()
        self._refused: OrderedDict[Key, Entry] = OrderedDict()
        self._max_size, self._refresh_ahead, self._now = max_size, refresh_ahead, now

    def find(self, key: Key) -> Entry | None:
        """Return the last answer, which may have expired."""
        return self.allowed.get(key) or self._refused.get(key)

    def is_allowed(self, key: Key) -> bool:
        """Return whether there is a yes that has not expired."""
        entry = self.allowed.get(key)
        return entry is not None and self._now() < entry.ends_at

    def refused_for(self, key: Key) -> float:
        """Return the seconds left of a cached refusal, or 0."""
        entry = self._refused.get(key)
        return 0.0 if entry is None else max(0.0, entry.ends_at - self._now())

    def keep(
        self, key: Key, verified: Verified, source: Source, *, at: float, seconds: float, again: float | None = None
    ) -> None:
        """Cache an answer in place of the last one.

        Args:
            key: The key of the check.
            verified: The answer.
            source: The source that the decision names.
            at: When it is cached, in seconds since the epoch.
            seconds: How long.
            again: Seconds after which it is due for renewal; None for the configured fraction of its lifetime.
        """
        now = self._now()
        if again is None:
            # A refusal is not renewed before its end.
            again = seconds * self._refresh_ahead if verified.allowed else seconds
        entries, others = (self.allowed, self._refused) if verified.allowed else (self._refused, self.allowed)
        others.pop(key, None)
        entries[key] = Entry(
            decision=verified.decision(source, at, seconds),
            verified=verified,
            refresh_at=now + again,
            ends_at=now + seconds,
        )
        entries.move_to_end(key)
        if len(entries) > self._max_size:
            entries.popitem(last=False)

    def leave_alone(self, key: Key, seconds: float) -> None:
        """Put off the renewal of an answer by some seconds, or until its end."""
        for entries in (self.allowed, self._refused):
            if (entry := entries.get(key)) is not None:
                entries[key] = attrs.evolve(entry, refresh_at=min(self._now() + seconds, entry.ends_at))

    def clear(self) -> None:
        """Drop all answers."""
        self.allowed.clear()
        self._refused.clear()
