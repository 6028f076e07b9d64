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
    """Keep answers for their time, refusals apart: an enumeration of wrong keys pushes no good answer out.

    Args:
        max_size: Answers kept, and refusals as many again. The least recently used goes first.
        refresh_ahead: Part of a yes's life after which it is due for renewal.
        now: Gives seconds that only grow.

    Attributes:
        allowed: The answers that were yes.
    """

    def __init__(self, max_size: int, refresh_ahead: float, now: Callable[[], float]) -> None:
        self.allowed: OrderedDict[Key, Entry] = OrderedDict()
        self._refused: OrderedDict[Key, Entry] = OrderedDict()
        self._max_size, self._refresh_ahead, self._now = max_size, refresh_ahead, now

    def find(self, key: Key) -> Entry | None:
        """Return the last answer, which may have ended."""
        return self.allowed.get(key) or self._refused.get(key)

    def is_allowed(self, key: Key) -> bool:
        """Return whether there is a yes that has not ended."""
        entry = self.allowed.get(key)
        return entry is not None and self._now() < entry.ends_at

    def refused_for(self, key: Key) -> float:
        """Return the seconds left of a cached refusal, 0 when there is none."""
        entry = self._refused.get(key)
        return 0.0 if entry is None else max(0.0, entry.ends_at - self._now())

    def keep(
        self, key: Key, verified: Verified, source: Source, *, at: float, seconds: float, again: float | None = None
    ) -> None:
        """Keep an answer in place of the last one.

        Args:
            key: The check's.
            verified: The answer.
            source: What the decision gives as its source.
            at: When it is cached: seconds since the epoch.
            seconds: How long.
            again: Seconds after which it is due for renewal; None for the part of its life that is configured.
        """
        now = self._now()
        if again is None:
            # Nobody waits for a second no.
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
        """Have an answer be due for renewal no sooner than in some seconds, or at its end."""
        for entries in (self.allowed, self._refused):
            if (entry := entries.get(key)) is not None:
                entries[key] = attrs.evolve(entry, refresh_at=min(self._now() + seconds, entry.ends_at))

    def clear(self) -> None:
        """Forget all."""
        self.allowed.clear()
        self._refused.clear()
