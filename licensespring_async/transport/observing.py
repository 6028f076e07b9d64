"""Protocols for tracing and metrics. An observer wraps calls and attempts, while a hook hears of them afterwards.

The client knows only these protocols; `services.telemetry` implements them for OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import anyio
import attrs

from .events import DoubtEvent, LicenseEvent
from .history import History
from .loops import InLoop
from .policies.circuit import Circuit
from .policies.retry import RetryBudget
from .values import Request

T = TypeVar("T")


def _permits(vitals: Vitals) -> InLoop[anyio.Semaphore]:
    def make() -> anyio.Semaphore:
        if vitals.circuit is not None:
            vitals.circuit.give_up()
        return anyio.Semaphore(vitals.max_concurrency)

    return InLoop(make)


@attrs.frozen(kw_only=True, eq=False)
class Vitals:
    """The state that copies of a client share; readable at any moment and from any thread.

    Attributes:
        base_url: The service's origin.
        max_concurrency: Requests that may be in flight.
        monotonic: The client's clock, in seconds.
        circuit: The circuit breaker, or None.
        budget: The retry budget.
        permits: One for each request that may be in flight.
    """

    base_url: str
    max_concurrency: int
    monotonic: Callable[[], float]
    circuit: Circuit | None
    budget: RetryBudget = attrs.field(factory=RetryBudget, init=False)
    permits: InLoop[anyio.Semaphore] = attrs.field(init=False, default=attrs.Factory(_permits, takes_self=True))

    @property
    def in_flight(self) -> int:
        """Permits that are in use."""
        permits = self.permits.latest
        return 0 if permits is None else self.max_concurrency - permits.value


class Observer(Protocol):
    """Wraps the calls and attempts of one client. Its context managers must neither raise nor swallow errors."""

    def call(self, request: Request, history: History) -> AbstractContextManager[object, None]:
        """Return a context manager that is entered when a call begins and left, with its error, when it ends."""
        ...

    def attempt(self, request: Request, history: History) -> AbstractContextManager[object, None]:
        """Return the same for one HTTP request; `history.status` is that of its answer once it ends."""
        ...

    def event(self, event: LicenseEvent | DoubtEvent) -> None:
        """Receive an event of a license session."""
        ...


async def observed(around: AbstractContextManager[object, None], doing: Awaitable[T]) -> T:
    """Await something inside an observer's context manager."""
    with around:
        return await doing


class Telemetry(Protocol):
    """Makes the observers of clients."""

    def observe(self, vitals: Vitals) -> Observer:
        """Return the observer of a client."""
        ...
