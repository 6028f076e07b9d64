"""Divide rate windows over workers that come and go. Pure.

A share is lowered at once. The freed part goes to other workers only after a whole window: requests sent under the old
share count until then. The same holds for the share of a worker that is gone. So at no moment do the shares together
let more through than the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from ...transport import RateLimits, Window

Grant = tuple[int, ...]
"""Requests that a worker may send in each of its windows."""


@attrs.frozen(kw_only=True)
class Limits:
    """Rate windows by who shares them.

    Attributes:
        company: All workers together.
        address: The workers of one host: the service counts by the source address of requests.
    """

    company: tuple[Window, ...] = ()
    address: tuple[Window, ...] = ()


class _Division:
    """A window that several workers share."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.granted: dict[str, int] = {}
        self._reserved: list[tuple[float, int]] = []

    def target(self, worker: str) -> int:
        """Return the share that a worker should have; the remainder goes to the first workers."""
        base, rest = divmod(self.window.limit, len(self.granted))
        return base + (list(self.granted).index(worker) < rest)

    def free(self, now: float) -> int:
        """Return what may be given away now."""
        self._reserved = [each for each in self._reserved if each[0] > now]
        return self.window.limit - sum(self.granted.values()) - sum(amount for _, amount in self._reserved)

    def set(self, worker: str, amount: int, now: float) -> None:
        """Note a worker's new share."""
        self._reserve(self.granted[worker] - amount, now + self.window.seconds)
        self.granted[worker] = amount

    def leave(self, worker: str, until: float) -> None:
        """Note that a worker is gone, and that its requests may arrive until some moment."""
        self._reserve(self.granted.pop(worker), until + self.window.seconds)

    def _reserve(self, amount: int, until: float) -> None:
        if amount > 0:
            self._reserved.append((until, amount))


class Shares:
    """The share of each worker.

    Args:
        limits: The rate windows to divide.
        linger: Seconds for which a worker that seems gone may still send.
    """

    def __init__(self, limits: Limits, *, linger: float) -> None:
        self._limits = limits
        self._linger = linger
        self._company = [_Division(window) for window in limits.company]
        self._addresses: dict[str, list[_Division]] = {}
        self._of: dict[str, list[_Division]] = {}

    @property
    def workers(self) -> Sequence[str]:
        """The workers, in the order in which they came."""
        return list(self._of)

    def join(self, worker: str, host: str) -> None:
        """Add a worker; its share starts at 0."""
        address = self._addresses.setdefault(host, [_Division(window) for window in self._limits.address])
        self._of[worker] = [*self._company, *address]
        for division in self._of[worker]:
            division.granted[worker] = 0

    def leave(self, worker: str, now: float) -> None:
        """Remove a worker."""
        for division in self._of.pop(worker):
            division.leave(worker, now + self._linger)

    def of(self, worker: str) -> Grant:
        """Return a worker's share."""
        return tuple(division.granted[worker] for division in self._of[worker])

    def limits(self, worker: str, grant: Grant) -> RateLimits | None:
        """Return a share as the rate windows of a worker, None for no limit."""
        divisions = self._of[worker]
        windows = [(amount, each.window.seconds) for amount, each in zip(grant, divisions, strict=True)]
        return RateLimits(*windows) if windows else None

    def lowered(self) -> Mapping[str, Grant]:
        """Return lower shares where they are too large for the number of workers; `accept` each after telling it."""
        return self._changed(
            {
                worker: tuple(min(division.granted[worker], division.target(worker)) for division in divisions)
                for worker, divisions in self._of.items()
            }
        )

    def raised(self, now: float) -> Mapping[str, Grant]:
        """Return higher shares where something is free; `accept` each before telling its worker."""
        free = {id(division): division.free(now) for division in self._divisions()}
        grants: dict[str, Grant] = {}
        for worker, divisions in self._of.items():
            grant: list[int] = []
            for division in divisions:
                more = min(division.target(worker) - division.granted[worker], free[id(division)])
                free[id(division)] -= max(0, more)
                grant.append(division.granted[worker] + max(0, more))
            grants[worker] = tuple(grant)
        return self._changed(grants)

    def accept(self, worker: str, grant: Grant, now: float) -> None:
        """Note a worker's new share."""
        for division, amount in zip(self._of[worker], grant, strict=True):
            division.set(worker, amount, now)

    def _changed(self, grants: Mapping[str, Grant]) -> Mapping[str, Grant]:
        return {worker: grant for worker, grant in grants.items() if grant != self.of(worker)}

    def _divisions(self) -> Iterable[_Division]:
        yield from self._company
        for divisions in self._addresses.values():
            yield from divisions
