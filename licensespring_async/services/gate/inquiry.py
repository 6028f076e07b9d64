"""Ask the service about a check, and decide how long its answer is cached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter

import attrs

from ...checks import Check
from ...client import LicenseSpring
from ...errors import FloatingNotAvailable, LicenseRefused, LicenseSpringError
from ...errors.codes import OK
from ...judging import Checked, Part, refusal_in, usable_parts
from ...models.expiry import TimeFloor
from ...transport import Clock
from ...transport.values import Call
from .decisions import Decision
from .faults import Faults
from .flights import Flights
from .grace import StoredAnswers, Verified
from .memory import Memory

# A seat may come free at any moment: after this time a no for want of one is asked for again, beside the answer.
BUSY_SECONDS = 5.0
# How long a grace answer is given before the service is tried again.
_GRACE_SECONDS = 30.0
# How long a failed renewal is left alone.
_AGAIN_SECONDS = 5.0


@attrs.frozen(kw_only=True)
class Terms:
    """How long answers are cached; `LicenseGate` explains each field."""

    ttl: float
    refused_ttl: float
    jitter: float
    floating_part: float
    random: Callable[[], float]


class Inquiry:
    """Ask the service and cache its answer; use the last one while it cannot be asked.

    Args:
        client: Sends the requests.
        terms: How long answers are cached.
        memory: Where.
        stored: The last answers that were verified; None for no grace.
        flights: What stores them beside the answer.
        faults: Is told of failures.
        clock: Where time comes from.
    """

    def __init__(
        self,
        client: LicenseSpring,
        terms: Terms,
        *,
        memory: Memory,
        stored: StoredAnswers | None,
        flights: Flights,
        faults: Faults,
        clock: Clock,
    ) -> None:
        self._client, self._terms, self._memory, self._flights = client, terms, memory, flights
        self._stored, self._faults, self._clock = stored, faults, clock
        # The later of local time and what the service has proved; while the program runs it never goes back.
        self._latest = TimeFloor.of(clock.time(), clock.monotonic)

    async def decide(self, check: Check) -> Decision:
        """Ask, and return what that decides; raise what leaves it undecided."""
        try:
            return await self._decide(check)
        except Exception:
            # A service that fails is not asked again by each request of the rest of an answer's life.
            self._memory.leave_alone(check.key, _AGAIN_SECONDS)
            raise

    async def _decide(self, check: Check) -> Decision:
        call: Call[Checked] = check.call()
        try:
            answer = (await self._client.perform(call)).value
        except LicenseRefused as refusal:
            self._faults.refused(check, refusal)
            return self._learn_no(check, refusal)
        except Exception as error:
            self._faults.failed(check, error)
            is_undecided = isinstance(error, LicenseSpringError) and error.is_undecided
            if self._stored is None or not is_undecided or self._memory.is_allowed(check.key):
                raise
            decision = await self._stand(check, self._stored)
            if decision is None:
                raise
            return decision
        self._faults.allowed(check)
        now = datetime.fromtimestamp(self._time(), UTC)
        if (no := refusal_in(answer, now)) is not None:
            return self._learn_no(check, no)
        return self._learn_yes(check, usable_parts(answer, now), now)

    def _learn_yes(self, check: Check, parts: tuple[Part, ...], now: datetime) -> Decision:
        """Keep a yes: until the last of what may be used ends, and no longer than the first of its slots is ours."""
        terms = self._terms
        slots = [each for each in (_slot_seconds(part, now) for part in parts) if each is not None]
        left = max(_seconds_left(part, now) for part in parts)
        seconds = min(terms.ttl * (1 - terms.jitter * terms.random()), left)
        # While nobody answers, a slot is surely ours for its time-out and no longer.
        longest = min([left, *slots])
        seconds = min([seconds, *(each * terms.floating_part for each in slots)])
        return self._learn(check, OK, seconds, floating=bool(slots), longest=longest)

    def _learn_no(self, check: Check, refusal: LicenseRefused) -> Decision:
        again = BUSY_SECONDS if isinstance(refusal, FloatingNotAvailable) else None
        # A second no makes none of them longer: the time shows which are asked for again.
        seconds = self._memory.refused_for(check.key) or self._terms.refused_ttl
        return self._learn(check, refusal.code, seconds, again=again)

    def _learn(
        self,
        check: Check,
        code: str,
        seconds: float,
        *,
        floating: bool = False,
        longest: float = float("inf"),
        again: float | None = None,
    ) -> Decision:
        at = self._time()
        grace = 0.0 if self._stored is None else self._stored.seconds
        verified = Verified(
            allowed=code == OK, code=code, floating=floating, at=at, until=at + min(grace, longest), seen=at
        )
        self._memory.keep(check.key, verified, "memory", at=at, seconds=seconds, again=again)
        self._remember(check, verified)
        return verified.decision("service", at, seconds)

    def _remember(self, check: Check, verified: Verified) -> None:
        # Beside the answer: a store that is slow, or locked, keeps nobody waiting.
        if self._stored is not None:
            self._flights.beside(self._stored.remember, check, verified)

    async def _stand(self, check: Check, stored: StoredAnswers) -> Decision | None:
        """Return the last verified answer if it still stands."""
        # The store before memory: another process may have been told no.
        known = await stored.recall(check)
        entry = self._memory.find(check.key)
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
        # An old no is found out each time: one from memory would be quicker than what is said of unknown keys.
        seconds = min(left, _GRACE_SECONDS, self._terms.ttl) if verified.allowed else 0.0
        self._memory.keep(check.key, verified, "grace", at=now, seconds=seconds)
        self._remember(check, verified)
        return verified.decision("grace", now, seconds)

    def _time(self) -> float:
        proved = self._client.newest_date
        self._latest.rise(max(self._clock.time(), 0.0 if proved is None else proved.timestamp()))
        return self._latest.seconds or 0.0


def _seconds_left(part: Part, now: datetime) -> float:
    """Return the seconds until a feature or a license ends."""
    left = part.expires_in(now)
    return float("inf") if left is None else left.total_seconds()


def _slot_seconds(part: Part, now: datetime) -> float | None:
    """Return how long the slot of what floats is surely this device's; None when it does not float."""
    if not part.floats:
        return None
    # Whole minutes: when the answer does not say, the shortest there is.
    seconds = 60.0 * max(part.floating_timeout or 1, 1)
    if part.is_borrowed and part.borrowed_until is not None:
        seconds = max(seconds, (part.borrowed_until - now).total_seconds())
    return seconds
