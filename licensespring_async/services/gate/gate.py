"""A gate that answers license checks from memory."""

from __future__ import annotations

import random as random_module
from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio

from ...autocomplete import Public
from ...checks import Check, Key
from ...client import LicenseSpring
from ...errors import ConfigurationError, InvalidParameter, TransportError
from ...transport import Clock
from ...transport.clock import is_number
from ..asking import Asking
from .decisions import Decision
from .faults import Faults
from .flights import Flight, Flights
from .grace import Grace, StoredAnswers, checked_grace
from .inquiry import Inquiry, Terms
from .memory import Memory
from .misses import Misses, Settle

# How long a caller over the limit waits for the store.
_LOOK_SECONDS = 1.0


class LicenseGate(Public):
    """Answer `allows(check)` from memory, with one request for all waiting callers; use it in `async with`.

    Calls to the service run in the gate's own task group: a cancelled caller does not cancel the others, and all calls
    end with the gate. A check near the end of its answer renews the answer in the background. Errors are never cached.
    A check of a floating license or feature takes a slot. Its answer is cached for at most `floating_part` of the
    floating time-out, so the slot is renewed while callers keep checking. The gate releases no slots.

    Args:
        client: Asks the service; the gate does not close it.
        ttl: Seconds for which a yes is cached, in a grace period too; never past the end of the feature or license.
        refused_ttl: Seconds for which a refusal is cached, whatever its reason, so that the time does not reveal the
            reason. If all slots are taken, a check after 5 s makes the gate ask the service again in the background.
        jitter: Fraction of `ttl` that is subtracted at random, so that answers do not all expire together.
        refresh_ahead: Fraction of an answer's lifetime after which the gate renews it in the background.
        floating_part: Fraction of the floating time-out for which a floating answer is cached at most.
        max_size: Number of answers to cache, and of refusals beside them. The least recently used is dropped first.
        miss_burst: Number of unknown checks of one source that may be refused in a row before further ones raise
            `GateOverloaded`; twice as many for all sources together.
        miss_rate: How many more per second, for each source and for all together.
        grace: Which answers stand while the service cannot be reached; None raises the error of the call.
        clock: Where time comes from; for tests.
        random: Gives numbers from [0, 1); for tests.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        client: LicenseSpring,
        *,
        ttl: float = 300.0,
        refused_ttl: float = 60.0,
        jitter: float = 0.1,
        refresh_ahead: float = 0.8,
        floating_part: float = 0.5,
        max_size: int = 10_000,
        miss_burst: int = 200,
        miss_rate: float = 10.0,
        grace: Grace | None = None,
        clock: Clock = Clock(),  # noqa: B008  # frozen
        random: Callable[[], float] = random_module.random,
    ) -> None:
        if not isinstance(client, LicenseSpring):
            raise ConfigurationError("client: must be a LicenseSpring object, such as `LicenseSpring()`")
        _check_positive(ttl=ttl, refused_ttl=refused_ttl, max_size=max_size, miss_burst=miss_burst, miss_rate=miss_rate)
        _check_parts(jitter=jitter, refresh_ahead=refresh_ahead, floating_part=floating_part)
        grace = checked_grace(grace)
        self._memory = Memory(max_size, refresh_ahead, clock.monotonic)
        self._flights, self._faults = Flights(), Faults()
        self._stored = None if grace is None else StoredAnswers(grace, client.service)
        terms = Terms(ttl=ttl, refused_ttl=refused_ttl, jitter=jitter, floating_part=floating_part, random=random)
        self._inquiry = Inquiry(
            client,
            terms,
            memory=self._memory,
            stored=self._stored,
            flights=self._flights,
            faults=self._faults,
            clock=clock,
        )
        self._misses = Misses(miss_burst, miss_rate, clock.monotonic)
        self._now = clock.monotonic
        # Saves a call when a cached yes is looked up.
        self._allowed = self._memory.allowed

    def allows(self, check: Check, *, source: str | None = None) -> Asking[Decision]:
        """Return whether a feature or a license may be used; as a condition without `await`, it raises.

        Args:
            check: The feature, license or bundle, and the device. A bundle needs one valid license.
            source: Where the check comes from, such as the address of a client. Refusals are counted by source, so
                that a source that guesses keys does not lock out the others. Checks without a source share one count.

        Raises:
            InvalidParameter: `check` is not a check.
            LicenseSpringError: Undecided: the service could not be asked, and no grace stands. Never a refusal.
            GateOverloaded: Undecided: too many unknown checks were refused recently. A check that was allowed before,
                according to memory or the store, is still sent.

        Cost: a few microseconds from memory; otherwise one call, which takes a slot if the license or feature floats.
        """
        return Asking(self._allows(check, source), "gate.allows(check)")

    async def _allows(self, check: Check, source: str | None) -> Decision:
        if not isinstance(check, Check):
            raise InvalidParameter(
                "check", f"must be a FeatureCheck, a LicenseCheck or a BundleCheck, not {type(check).__name__}"
            )
        key = check.key
        decision = self.known(key)
        if decision is not None:
            return decision
        entry, now = self._memory.find(key), self._now()
        if entry is None or now >= entry.ends_at:
            # An expired refusal counts as unknown. Otherwise known wrong keys would cost calls without end.
            return await self._ask(check, source, known=entry is not None and entry.decision.allowed)
        if now >= entry.refresh_at and self._flights.is_open and self._flights.under_way(key) is None:
            self._start(check, lambda _: None)
        return entry.decision

    def known(self, key: Key) -> Decision | None:
        """Return a cached yes that is not due for renewal, or None. Sends nothing."""
        try:
            entry = self._allowed.get(key)
        except TypeError:
            # Not hashable, such as a list in place of a text. Making the check then says what is wrong.
            return None
        if entry is None or self._now() >= entry.refresh_at:
            return None
        self._allowed.move_to_end(key)
        return entry.decision

    def doubts(self, check: Check) -> bool:
        """Return whether the service seems not to know the product or the feature of a check.

        Then a refusal is about the program rather than the license. A product is doubted until the service gives any
        other answer about it. A license without a feature gets the same answer as a misspelled feature, so a feature
        is doubted until some license has it. Each is logged once, at ERROR.
        """
        return self._faults.doubts(check)

    @property
    def retry_after(self) -> float | None:
        """Seconds that an unreachable service last asked the client to wait; None if it did not say."""
        return self._faults.retry_after

    async def __aenter__(self) -> Self:
        await self._flights.open()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._flights.close(exc_type, exc, traceback)
        finally:
            self._memory.clear()

    async def _ask(self, check: Check, source: str | None, *, known: bool) -> Decision:
        flight = self._flights.under_way(check.key)
        if flight is None:
            settle = await self._misses.admit(source, is_known=known, look=lambda: self._is_stored(check))
            # Another caller may have started it meanwhile.
            flight = self._flights.under_way(check.key)
            if flight is None:
                flight = self._start(check, settle)
            else:
                settle(False)
        return await flight.landed()

    async def _is_stored(self, check: Check) -> bool:
        """Return whether the store has a yes: from an earlier process, or dropped from full memory."""
        with anyio.move_on_after(_LOOK_SECONDS):
            stored = None if self._stored is None else await self._stored.recall(check)
            return stored is not None and stored.allowed
        return False

    def _start(self, check: Check, settle: Settle) -> Flight:
        async def ask() -> Decision:
            try:
                decision = await self._inquiry.decide(check)
            except (TransportError, ConfigurationError):
                settle(False)
                raise
            # An old refusal does not count: other wrong keys are not refused either while the service is unreachable.
            settle(not decision.allowed and decision.source != "grace")
            return decision

        return self._flights.start(check.key, ask)


def _check_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not is_number(number) or number <= 0:
            raise ConfigurationError(f"{name}: must be a number above 0, not {number!r}")


def _check_parts(**parts: float) -> None:
    for name, part in parts.items():
        if not is_number(part) or not 0 <= part <= 1:
            raise ConfigurationError(f"{name}: must be from 0 to 1, not {part!r}")
