"""A bucket of tokens that fills with time."""

from __future__ import annotations

from collections.abc import Callable

import attrs

_ROUNDED = 1e-9


@attrs.define
class TokenBucket:
    """Hold up to `burst` tokens, and add `rate` per second."""

    burst: float
    rate: float
    now: Callable[[], float]
    _tokens: float = attrs.field(init=False)
    _at: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens, self._at = self.burst, self.now()

    def is_full(self, part: float) -> bool:
        """Return whether at least this fraction of the tokens is there."""
        return self._filled() >= self.burst * part

    def wait_for(self, tokens: float) -> float:
        """Return the seconds until that many tokens are there, 0 if they are."""
        missing = min(tokens, self.burst) - self._filled()
        return missing / self.rate if missing > _ROUNDED else 0.0

    def add(self, tokens: float) -> None:
        """Add tokens, or take up to as many as there are."""
        self._tokens = min(self.burst, max(0.0, self._filled() + tokens))

    def _filled(self) -> float:
        now = self.now()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        return self._tokens
