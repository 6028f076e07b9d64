"""Rate limits for unknown checks: one for all callers, one for each source."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ...errors import ConfigurationError
from .decisions import GateOverloaded
from .token_bucket import TokenBucket

_MOST_SOURCES = 10_000
# Of its burst that a source still has when it counts as one that was not refused lately.
_FRESH = 0.9

Settle: TypeAlias = Callable[[bool], None]
"""Counts a question once it is answered, by whether it was refused."""


class Misses:
    """Counts refusals, so that trying keys out costs a bounded number of calls and keeps no other source out.

    All sources together have twice the burst of one, and its rate. A source that was refused lately leaves the last
    burst to the others, so that however many of them try keys out, one that has just come is asked for.

    Args:
        burst: Unknown checks of a source that may be refused in a row.
        rate: How many more of them, a second, and of all sources together.
        now: Gives seconds that only grow.
    """

    def __init__(self, burst: float, rate: float, now: Callable[[], float]) -> None:
        self._all = TokenBucket(2 * burst, rate, now)
        self._burst, self._rate, self._now = burst, rate, now
        self._sources: OrderedDict[str | None, TokenBucket] = OrderedDict()

    async def admit(self, source: str | None, *, is_known: bool, look: Callable[[], Awaitable[bool]]) -> Settle:
        """Let a question through, and return how it is counted.

        Args:
            source: Who asks; all of whom it is not known, None, are one.
            is_known: Whether the last answer was yes.
            look: Finds out whether an earlier answer was yes, for a source that may ask no more.

        Raises:
            GateOverloaded: It may not be asked now.
            ConfigurationError: The source is no text.
        """
        if source is not None and not isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"source: must be a string or None, not {type(source).__name__}")
        wait = 0.0 if is_known else self._take(source)
        if not is_known and not wait:
            return lambda is_refused: None if is_refused else self._add(source, 1)
        if wait and not await look():
            raise GateOverloaded(wait)
        # Room for the known. A no costs them as much: what is counted must not show what was known.
        return lambda is_refused: self._add(source, -1) if is_refused else None

    def _take(self, source: str | None) -> float:
        """Count a question as refused, and return 0; or return the seconds until it may be asked."""
        own = self._of(source)
        wait = own.wait_for(1)
        if wait:
            return wait
        wait = self._all.wait_for(1 if own.is_full(_FRESH) else 1 + self._burst)
        # A try counts for its source in any case, or waiting for the whole would make it one that has just come.
        own.add(-1)
        if not wait:
            self._all.add(-1)
        return wait

    def _add(self, source: str | None, tokens: float) -> None:
        self._all.add(tokens)
        self._of(source).add(tokens)

    def _of(self, source: str | None) -> TokenBucket:
        bucket = self._sources.pop(source, None) or TokenBucket(self._burst, self._rate, self._now)
        self._sources[source] = bucket
        if len(self._sources) > _MOST_SOURCES:
            self._sources.popitem(last=False)
        return bucket
