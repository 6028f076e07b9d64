"""A gate that answers license checks from memory."""

from __future__ import annotations

import logging
import random as random_module
from collections import OrderedDict
from collections.abc import Callable
from operator import attrgetter
from types import TracebackType
from typing import Self

import anyio
import attrs
from anyio.abc import TaskGroup

from ...checks import FeatureCheck, Key
from ...client import LicenseSpring
from ...errors import (
    ConfigurationError,
    FeatureExpired,
    FloatingNotAvailable,
    InvalidParameter,
    LicenseRefused,
    LicenseSpringError,
    TransportError,
)
from ...errors.codes import OK
from ...models import LicenseFeature
from ...models.expiry import TimeFloor
from ...transport import Clock
from ...transport.clock import is_number
from ...transport.loops import running
from ..asking import Asking
from .decisions import Decision, Source
from .grace import Grace, StoredAnswers, Verified
from .misses import Misses, Settle

_log = logging.getLogger("licensespring_async.services")
# A seat may come free at any moment: after this time a no for want of one is asked for again, beside the answer.
_BUSY_SECONDS = 5.0
# How long who is over the limit waits for what the store knows.
_LOOK_SECONDS = 1.0
# How long a failed renewal is left alone.
_AGAIN_SECONDS = 5.0
# How long a grace answer is given before the service is tried again.
_GRACE_SECONDS = 30.0


@attrs.frozen(kw_only=True)
class _Entry:
    """An answer in memory; `refresh_at` and `ends_at` are monotonic seconds."""

    decision: Decision
    verified: Verified
    refresh_at: float
    ends_at: float


@attrs.define
class _Flight:
    """One question to the service, and all who wait for its answer."""

    done: anyio.Event = attrs.field(factory=anyio.Event)
    outcome: Decision | Exception | None = None


class LicenseGate:
    """Answer `allows(check)` from memory, and ask the service once for all who wait; use it in `async with`.

    Questions run in the gate's own task group, so that a caller who is cancelled takes nobody along, and all
    end with the gate. An answer near its end is renewed in the background by the next caller who asks. Errors are never
    kept. A check of a floating feature takes a slot: its answer is kept for at most `floating_part` of the floating
    time-out, so that the slot is renewed as long as somebody asks; the gate releases no slots.

    Args:
        client: Asks the service; the gate does not close it.
        ttl: Seconds that a yes is kept, a grace's too; never past the feature's expiry.
        refused_ttl: Seconds that a no is kept, whatever its reason: one that is kept longer would be told apart. Where
            all slots are taken, asking after 5 s has the service asked again in the background.
        jitter: Part of `ttl` that is taken off at random, so that answers do not all end together.
        refresh_ahead: Part of an answer's life after which it is renewed in the background.
        floating_part: Part of the floating time-out that a floating answer is kept for at most.
        max_size: Answers kept, refusals apart: as many again. The least recently used goes first.
        miss_burst: Unknown checks of a source that may be refused in a row before further ones raise `GateOverloaded`;
            of all sources together twice as many.
        miss_rate: How many more of them, a second, of a source and of all together.
        grace: What happens while the service cannot be reached; None raises its error.
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
        _check_positive(ttl=ttl, refused_ttl=refused_ttl, max_size=max_size, miss_burst=miss_burst, miss_rate=miss_rate)
        _check_parts(jitter=jitter, refresh_ahead=refresh_ahead, floating_part=floating_part)
        self._client = client
        self._ttl, self._refused_ttl, self._jitter = ttl, refused_ttl, jitter
        self._refresh_ahead, self._floating_part, self._max_size = refresh_ahead, floating_part, max_size
        self._random = random
        self._stored = None if grace is None else StoredAnswers(grace, client.service)
        self._now = clock.monotonic
        self._misses = Misses(miss_burst, miss_rate, clock.monotonic)
        # Apart, so that an enumeration of wrong keys pushes no good answer out.
        self._allowed: OrderedDict[Key, _Entry] = OrderedDict()
        self._refused: OrderedDict[Key, _Entry] = OrderedDict()
        self._flights: dict[Key, _Flight] = {}
        self._tasks: TaskGroup | None = None
        self._loop: object | None = None
        self._clock = clock
        # The later of local time and what the service has proved; while the program runs it never goes back.
        self._latest = TimeFloor.of(clock.time(), clock.monotonic)

    def allows(self, check: FeatureCheck, *, source: str | None = None) -> Asking[Decision]:
        """Return whether a feature may be used; as a condition it has to be awaited, and says so.

        Args:
            check: Which feature, on which device, by which license.
            source: Who asks, as far as that is known: the address of a client, for example. Refusals count by source,
                so that one who tries keys out keeps no other one out. All that come without one count as one.

        Raises:
            InvalidParameter: The check asks for a license or a bundle; a gate answers for features.
            LicenseSpringError: Undecided: the service could not be asked, and no grace stands. Never a refusal.
            GateOverloaded: Undecided: too many unknown checks were refused lately. A check that was allowed before,
                by what is in memory or stored, is asked for all the same.

        Cost: some microseconds from memory; otherwise one feature check, which takes a slot if the feature floats.
        """
        return Asking(self._allows(check, source), "gate.allows(check)")

    async def _allows(self, check: FeatureCheck, source: str | None) -> Decision:
        if not isinstance(check, FeatureCheck):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidParameter("check", f"must be a FeatureCheck, not {type(check).__name__}")
        key = check.key
        decision = self.known(key)
        if decision is not None:
            return decision
        entry, now = self._allowed.get(key) or self._refused.get(key), self._now()
        if entry is None or now >= entry.ends_at:
            # A refusal that ended is asked for like a new check, or known wrong keys would cost calls without end.
            return await self._ask(check, source, known=entry is not None and entry.decision.allowed)
        if now >= entry.refresh_at and self._tasks is not None:
            self._flight(check, lambda _: None)
        return entry.decision

    def known(self, key: Key) -> Decision | None:
        """Return a yes that is not due for renewal, or None: then `allows` finds out. Asks nobody."""
        try:
            entry = self._allowed.get(key)
        except TypeError:
            # A list, say, in place of a text: making the `FeatureCheck` says what is wrong.
            return None
        if entry is None or self._now() >= entry.refresh_at:
            return None
        self._allowed.move_to_end(key)
        return entry.decision

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise ConfigurationError("the gate is open already; make a second one")
        self._loop = running()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        tasks, self._tasks = self._tasks, None
        assert tasks is not None  # noqa: S101
        tasks.cancel_scope.cancel()
        if isinstance(exc, Exception):
            # An error of the body leaves as it is, not in a group.
            exc_type = exc = traceback = None
        try:
            await tasks.__aexit__(exc_type, exc, traceback)
        finally:
            # A task that was cancelled before its first step never came to tell those who wait.
            for flight in self._flights.values():
                flight.done.set()
            self._flights.clear()
            self._allowed.clear()
            self._refused.clear()

    async def _ask(self, check: FeatureCheck, source: str | None, *, known: bool) -> Decision:
        flight = self._flights.get(check.key)
        if flight is None:
            settle = await self._misses.admit(source, is_known=known, look=lambda: self._is_stored(check))
            flight = self._flight(check, settle)
        await flight.done.wait()
        if isinstance(flight.outcome, Exception):
            # Many raise the one error: each gets its own traceback and none grows for ever.
            raise flight.outcome.with_traceback(None)
        if flight.outcome is None:
            raise ConfigurationError("the gate was closed while the service was asked")
        return flight.outcome

    async def _is_stored(self, check: FeatureCheck) -> bool:
        """Return whether the store has a yes, of before this process, or of before memory was full."""
        with anyio.move_on_after(_LOOK_SECONDS):
            stored = None if self._stored is None else await self._stored.recall(check)
            return stored is not None and stored.allowed
        return False

    def _flight(self, check: FeatureCheck, settle: Settle) -> _Flight:
        if self._tasks is None:
            raise ConfigurationError("the gate is not open; use it in `async with`")
        if running() is not self._loop:
            raise ConfigurationError("the gate was opened in another event loop; make one gate and client for each")
        flight = self._flights.get(check.key)
        if flight is not None:
            settle(False)
            return flight
        flight = self._flights[check.key] = _Flight()
        self._tasks.start_soon(self._fly, check, flight, settle)
        return flight

    async def _fly(self, check: FeatureCheck, flight: _Flight, settle: Settle) -> None:
        try:
            flight.outcome = await self._decide(check)
            settle(not flight.outcome.allowed)
        except Exception as error:  # noqa: BLE001  # it is for those who wait; in the group it would end the application
            flight.outcome = error
            if not isinstance(error, LicenseSpringError):
                _log.error("a feature check failed unexpectedly: %s", type(error).__name__)
            if isinstance(error, TransportError | ConfigurationError):
                settle(False)
            for entries in (self._allowed, self._refused):
                if (entry := entries.get(check.key)) is not None:
                    # A service that fails is not asked again by each request of the rest of an answer's life.
                    again = min(self._now() + _AGAIN_SECONDS, entry.ends_at)
                    entries[check.key] = attrs.evolve(entry, refresh_at=again)
        finally:
            self._flights.pop(check.key, None)
            flight.done.set()

    async def _decide(self, check: FeatureCheck) -> Decision:
        try:
            feature = (await self._client.perform(check.call())).value
        except LicenseRefused as refusal:
            again = _BUSY_SECONDS if isinstance(refusal, FloatingNotAvailable) else None
            return self._learn(check, refusal.code, self._refused_ttl, again=again)
        except LicenseSpringError as error:
            entry = self._allowed.get(check.key)
            is_alive = entry is not None and self._now() < entry.ends_at
            if self._stored is None or not error.is_undecided or is_alive:
                raise
            decision = await self._stand(check, self._stored)
            if decision is None:
                raise
            return decision
        return self._learn_feature(check, feature)

    def _learn_feature(self, check: FeatureCheck, feature: LicenseFeature) -> Decision:
        seconds = self._ttl * (1 - self._jitter * self._random())
        floating = feature.is_floating_cloud or feature.is_floating
        slot: float | None = None
        if floating:
            # Whole minutes: when the answer does not say, the shortest there is.
            slot = 60.0 * (feature.floating_timeout or 1)
            seconds = min(seconds, slot * self._floating_part)
        left: float | None = None
        if feature.expiry_date is not None:
            left = feature.expiry_date.timestamp() - self._time()
            if left <= 0:
                return self._learn(check, FeatureExpired.kind, self._refused_ttl)
            seconds = min(seconds, left)
        # While nobody answers, a slot is surely ours for its time-out and no longer.
        longest = min(each for each in (slot, left, float("inf")) if each is not None)
        return self._learn(check, OK, seconds, floating=floating, longest=longest)

    def _learn(
        self,
        check: FeatureCheck,
        code: str,
        seconds: float,
        *,
        floating: bool = False,
        longest: float = float("inf"),
        again: float | None = None,
    ) -> Decision:
        at = self._time()
        kept = self._refused.get(check.key)
        if code != OK and kept is not None and self._now() < kept.ends_at:
            # A second no makes none of them longer: the time shows which are asked for again.
            seconds = kept.ends_at - self._now()
        grace = 0.0 if self._stored is None else self._stored.seconds
        verified = Verified(
            allowed=code == OK, code=code, floating=floating, at=at, until=at + min(grace, longest), seen=at
        )
        self._keep(check.key, verified, "memory", at, seconds, again=again)
        self._remember(check, verified)
        return verified.decision("service", at, seconds)

    def _remember(self, check: FeatureCheck, verified: Verified) -> None:
        # Beside the answer: a store that is slow, or locked, keeps nobody waiting.
        if self._stored is not None and self._tasks is not None:
            self._tasks.start_soon(self._stored.remember, check, verified)

    async def _stand(self, check: FeatureCheck, stored: StoredAnswers) -> Decision | None:
        """Return the last verified answer if it still stands."""
        # The store before memory: another process may have been told no.
        known = await stored.recall(check)
        entry = self._allowed.get(check.key) or self._refused.get(check.key)
        verified = known if entry is None else max(known or entry.verified, entry.verified, key=attrgetter("order"))
        if verified is None or not verified.stands(self._time()):
            return None
        # It has been as late before: a clock that is set back a little gains nothing.
        self._latest.rise(verified.seen)
        now = self._time()
        # The hours that this program allows now, whatever was allowed when the answer was stored.
        left = min(verified.until, verified.at + stored.seconds) - now
        if left <= 0:
            return None
        verified = attrs.evolve(verified, seen=now)
        seconds = min(left, _GRACE_SECONDS, self._ttl if verified.allowed else self._refused_ttl)
        self._keep(check.key, verified, "grace", now, seconds)
        self._remember(check, verified)
        return verified.decision("grace", now, seconds)

    def _time(self) -> float:
        proved = self._client.newest_date
        self._latest.rise(max(self._clock.time(), 0.0 if proved is None else proved.timestamp()))
        return self._latest.seconds or 0.0

    def _keep(
        self, key: Key, verified: Verified, source: Source, now: float, seconds: float, *, again: float | None = None
    ) -> None:
        at = self._now()
        if again is None:
            # Nobody waits for a second no.
            again = seconds * self._refresh_ahead if verified.allowed else seconds
        entry = _Entry(
            decision=verified.decision(source, now, seconds),
            verified=verified,
            refresh_at=at + again,
            ends_at=at + seconds,
        )
        entries, others = (self._allowed, self._refused) if verified.allowed else (self._refused, self._allowed)
        others.pop(key, None)
        entries[key] = entry
        entries.move_to_end(key)
        if len(entries) > self._max_size:
            entries.popitem(last=False)


def _check_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not is_number(number) or number <= 0:
            raise ConfigurationError(f"{name}: must be a number above 0, not {number!r}")


def _check_parts(**parts: float) -> None:
    for name, part in parts.items():
        if not is_number(part) or not 0 <= part <= 1:
            raise ConfigurationError(f"{name}: must be from 0 to 1, not {part!r}")
