"""What tracing and metrics need of a client: to be around its calls and attempts, where a hook hears of what is over.

The client knows these protocols alone; `services.telemetry` implements them for OpenTelemetry.
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
    """State that copies of a client share, readable at any moment from any thread.

    Attributes:
        base_url: The service's origin.
        max_concurrency: Requests that may be in flight.
        monotonic: The client's clock, in seconds.
        circuit: The breaker, or None.
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
    """Is around the calls and attempts of one client. Its context managers must not raise, nor swallow what passes."""

    def call(self, request: Request, history: History) -> AbstractContextManager[object, None]:
        """Return what is entered when a call begins and left, with its error, when it ends."""
        ...

    def attempt(self, request: Request, history: History) -> AbstractContextManager[object, None]:
        """Return the same for one HTTP request; `history.status` is that of its answer once it ends."""
        ...

    def event(self, event: LicenseEvent | DoubtEvent) -> None:
        """Hear of what a license session has noticed."""
        ...


async def observed(around: AbstractContextManager[object, None], doing: Awaitable[T]) -> T:
    """Do something with an observer around it."""
    with around:
        return await doing


class Telemetry(Protocol):
    """Makes the observers of clients."""

    def observe(self, vitals: Vitals) -> Observer:
        """Return what observes a client."""
        ...
