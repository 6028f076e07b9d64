"""A bucket of tokens that fills with time."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.define
class TokenBucket:
    """Hold up to `burst` tokens, `rate` new ones a second."""

    burst: float
    rate: float
    now: Callable[[], float]
    _tokens: float = attrs.field(init=False)
    _at: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens, self._at = self.burst, self.now()

    def take(self) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        now = self.now()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0

    def give_back(self) -> None:
        """Return a token that was not used up."""
        self._tokens = min(self.burst, self._tokens + 1)
