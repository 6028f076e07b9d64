"""A gate that answers license checks from memory."""

from __future__ import annotations

import logging
import random as random_module
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio
import attrs
from anyio.abc import TaskGroup

from ...checks import FeatureCheck, Key
from ...client import LicenseSpring
from ...errors import ConfigurationError, FloatingNotAvailable, LicenseRefused, LicenseSpringError, TransportError
from ...errors.codes import OK
from ...models import LicenseFeature
from ...models.expiry import TimeFloor
from ...transport import Clock
from ...transport.clock import is_number
from ...transport.loops import running
from .decisions import Decision, GateOverloaded, Source
from .grace import Grace, StoredAnswers, Verified
from .token_bucket import TokenBucket

_log = logging.getLogger("licensespring_async.services")
# A seat may come free at any moment.
_BUSY_SECONDS = 5.0
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
        refused_ttl: Seconds that a no is kept (5 at most when all slots are taken).
        jitter: Part of `ttl` that is taken off at random, so that answers do not all end together.
        refresh_ahead: Part of an answer's life after which it is renewed in the background.
        floating_part: Part of the floating time-out that a floating answer is kept for at most.
        max_size: Answers kept, refusals apart: as many again. The least recently used goes first.
        miss_burst: Unknown checks that may be refused in a row before further ones raise `GateOverloaded`.
        miss_rate: How many more of them, a second.
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
        self._stored = None if grace is None else StoredAnswers(grace)
        self._now = clock.monotonic
        self._misses = TokenBucket(miss_burst, miss_rate, clock.monotonic)
        # Apart, so that an enumeration of wrong keys pushes no good answer out.
        self._allowed: OrderedDict[Key, _Entry] = OrderedDict()
        self._refused: OrderedDict[Key, _Entry] = OrderedDict()
        self._flights: dict[Key, _Flight] = {}
        self._tasks: TaskGroup | None = None
        self._loop: object | None = None
        self._clock = clock
        # The later of local time and what the service has proved; while the program runs it never goes back.
        self._latest = TimeFloor.of(clock.time(), clock.monotonic)

    async def allows(self, check: FeatureCheck) -> Decision:
        """Return whether a feature may be used.

        Args:
            check: Which feature, on which device, by which license.

        Raises:
            LicenseSpringError: Undecided: the service could not be asked, and no grace stands. Never a refusal.
            GateOverloaded: Undecided: too many unknown checks were refused lately.

        Cost: some microseconds from memory; otherwise one feature check, which takes a slot if the feature floats.
        """
        key = check.key
        decision = self.known(key)
        if decision is not None:
            return decision
        entry, now = self._allowed.get(key) or self._refused.get(key), self._now()
        if entry is None or now >= entry.ends_at:
            # A refusal that ended is asked for like a new check, or known wrong keys would cost calls without end.
            return await self._ask(check, known=entry is not None and entry.decision.allowed)
        # A refusal is not renewed ahead: nobody waits for a second no.
        if entry.decision.allowed and now >= entry.refresh_at and self._tasks is not None:
            self._flight(check, known=True)
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

    async def _ask(self, check: FeatureCheck, *, known: bool) -> Decision:
        flight = self._flight(check, known=known)
        await flight.done.wait()
        if isinstance(flight.outcome, Exception):
            # Many raise the one error: each gets its own traceback and none grows for ever.
            raise flight.outcome.with_traceback(None)
        if flight.outcome is None:
            raise ConfigurationError("the gate was closed while the service was asked")
        return flight.outcome

    def _flight(self, check: FeatureCheck, *, known: bool) -> _Flight:
        if self._tasks is None:
            raise ConfigurationError("the gate is not open; use it in `async with`")
        if running() is not self._loop:
            raise ConfigurationError("the gate was opened in another event loop; make one gate and client for each")
        flight = self._flights.get(check.key)
        if flight is not None:
            return flight
        wait = 0.0 if known else self._misses.take()
        if wait:
            raise GateOverloaded(wait)
        flight = self._flights[check.key] = _Flight()
        self._tasks.start_soon(self._fly, check, flight, known)
        return flight

    async def _fly(self, check: FeatureCheck, flight: _Flight, known: bool) -> None:
        try:
            flight.outcome = await self._decide(check)
            if flight.outcome and not known:
                self._misses.give_back()
        except Exception as error:  # noqa: BLE001  # it is for those who wait; in the group it would end the application
            flight.outcome = error
            if not isinstance(error, LicenseSpringError):
                _log.error("a feature check failed unexpectedly: %s", type(error).__name__)
            if isinstance(error, TransportError | ConfigurationError) and not known:
                self._misses.give_back()
            entry = self._allowed.get(check.key)
            if entry is not None:
                # A service that fails is not asked again by each request of the rest of an answer's life.
                again = min(self._now() + _AGAIN_SECONDS, entry.ends_at)
                self._allowed[check.key] = attrs.evolve(entry, refresh_at=again)
        finally:
            self._flights.pop(check.key, None)
            flight.done.set()

    async def _decide(self, check: FeatureCheck) -> Decision:
        try:
            feature = (await self._client.perform(check.call())).value
        except LicenseRefused as refusal:
            seconds = _BUSY_SECONDS if isinstance(refusal, FloatingNotAvailable) else self._refused_ttl
            return self._learn(check, refusal.code, min(seconds, self._refused_ttl))
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
                return self._learn(check, "feature_expired", self._refused_ttl)
            seconds = min(seconds, left)
        # While nobody answers, a slot is surely ours for its time-out and no longer.
        longest = min(each for each in (slot, left, float("inf")) if each is not None)
        return self._learn(check, OK, seconds, floating=floating, longest=longest)

    def _learn(
        self, check: FeatureCheck, code: str, seconds: float, *, floating: bool = False, longest: float = float("inf")
    ) -> Decision:
        at = self._time()
        grace = 0.0 if self._stored is None else self._stored.seconds
        verified = Verified(
            allowed=code == OK, code=code, floating=floating, at=at, until=at + min(grace, longest), seen=at
        )
        self._keep(check.key, verified, "memory", at, seconds)
        self._remember(check, verified)
        return verified.decision("service", at, seconds)

    def _remember(self, check: FeatureCheck, verified: Verified) -> None:
        # Beside the answer: a store that is slow, or locked, keeps nobody waiting.
        if self._stored is not None and self._tasks is not None:
            self._tasks.start_soon(self._stored.remember, check, verified)

    async def _stand(self, check: FeatureCheck, stored: StoredAnswers) -> Decision | None:
        """Return the last verified answer if it still stands."""
        entry = self._allowed.get(check.key) or self._refused.get(check.key)
        verified = await stored.recall(check) if entry is None else entry.verified
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

    def _keep(self, key: Key, verified: Verified, source: Source, now: float, seconds: float) -> None:
        at = self._now()
        entry = _Entry(
            decision=verified.decision(source, now, seconds),
            verified=verified,
            refresh_at=at + seconds * self._refresh_ahead,
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
