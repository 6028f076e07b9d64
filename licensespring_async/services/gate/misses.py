"""Rate limits for unknown checks: one for all callers, one for each source."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ...errors import ConfigurationError
from .decisions import GateOverloaded
from .token_bucket import TokenBucket

_MOST_SOURCES = 10_000
# A source with this fraction of its burst left counts as not refused recently.
_FRESH = 0.9

Settle: TypeAlias = Callable[[bool], None]
"""Counts a check once it is answered, by whether it was refused."""


class Misses:
    """Count refusals, so that guessing keys costs a bounded number of calls and locks out no other source.

    All sources together have twice the burst of one, and the same rate. A source that was refused recently leaves the
    last burst to the others. So the checks of a new source are sent, however many other sources guess keys.

    Args:
        burst: Number of unknown checks of one source that may be refused in a row.
        rate: How many more per second, for each source and for all together.
        now: Gives monotonic seconds.
    """

    def __init__(self, burst: float, rate: float, now: Callable[[], float]) -> None:
        self._all = TokenBucket(2 * burst, rate, now)
        self._burst, self._rate, self._now = burst, rate, now
        self._sources: OrderedDict[str | None, TokenBucket] = OrderedDict()

    async def admit(self, source: str | None, *, is_known: bool, look: Callable[[], Awaitable[bool]]) -> Settle:
        """Admit a check, and return the function that counts its answer.

        Args:
            source: Where it comes from; None for all unknown sources together.
            is_known: Whether the last answer was yes.
            look: Finds out whether an earlier answer was yes, for a source over its limit.

        Raises:
            GateOverloaded: The check may not be sent now.
            ConfigurationError: The source is not a string.
        """
        if source is not None and not isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"source: must be a string or None, not {type(source).__name__}")
        wait = 0.0 if is_known else self._take(source)
        if not is_known and not wait:
            return lambda is_refused: None if is_refused else self._add(source, 1)
        if wait and not await look():
            raise GateOverloaded(wait)
        # Known checks are always admitted. A refusal counts all the same, or the count would reveal what was known.
        return lambda is_refused: self._add(source, -1) if is_refused else None

    def _take(self, source: str | None) -> float:
        """Count a check as refused and return 0, or return the seconds until it may be sent."""
        own = self._of(source)
        wait = own.wait_for(1)
        if wait:
            return wait
        wait = self._all.wait_for(1 if own.is_full(_FRESH) else 1 + self._burst)
        # Every attempt counts for its source. Otherwise a source that waits for the common limit would look new.
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
