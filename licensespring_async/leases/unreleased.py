"""Report slots that could not be released, in one log line for all leases that end together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

import attrs

from ..transport import Clock

# How long a report is put off while leases keep ending.
_TOGETHER_SECONDS = 10.0

_log = logging.getLogger("licensespring_async.services")


@attrs.define(kw_only=True)
class Unreleased:
    """Count slots that were not released, and log them together once no other lease is ending."""

    clock: Clock
    _ending: int = attrs.field(default=0, init=False)
    _why: Counter[str] = attrs.field(factory=Counter[str], init=False)
    _first: str = attrs.field(default="", init=False)
    _since: float = attrs.field(default=0.0, init=False)

    @contextmanager
    def gathered(self) -> Generator[None]:
        """Report failures in the block together with those of other leases that end meanwhile."""
        self._ending += 1
        try:
            yield
        finally:
            self._ending -= 1
            if self._why and (not self._ending or self.clock.monotonic() >= self._since + _TOGETHER_SECONDS):
                self._tell()

    def note(self, name: str, why: str) -> None:
        """Count a slot that was not released."""
        if not self._why:
            self._first, self._since = name, self.clock.monotonic()
        self._why[why] += 1

    def _tell(self) -> None:
        count = self._why.total()
        if count == 1:
            (reason,) = self._why
            _log.warning("the slot of %s was not released (%s); it lapses by itself", self._first, reason)
        else:
            why = ", ".join(f"{each}: {number}" for each, number in self._why.most_common())
            _log.warning("%d slots were not released (%s); they lapse by themselves", count, why)
        self._why.clear()
