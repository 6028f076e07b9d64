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

# A slot may become free at any time. After this, "all slots are taken" is renewed in the background.
BUSY_SECONDS = 5.0
# How long a grace answer is used before the service is tried again.
_GRACE_SECONDS = 30.0
# How long the gate waits after a failed renewal.
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
        memory: Where they are cached.
        stored: The last verified answers; None without a grace.
        flights: Stores them in the background.
        faults: Records failures.
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
        # The later of local time and what the service has proved; it goes back only when an answer proves the time.
        self._latest = TimeFloor.of(clock.time(), clock.monotonic)

    async def decide(self, check: Check) -> Decision:
        """Ask the service and return its decision; raise the error that leaves it undecided."""
        try:
            return await self._decide(check)
        except Exception:
            # Without this, every further check would ask the failing service again.
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
        if self._client.newest_date is not None:
            # The local clock may have been ahead before.
            self._latest = TimeFloor(self._clock.monotonic)
        now = datetime.fromtimestamp(self._time(), UTC)
        if (no := refusal_in(answer, now)) is not None:
            return self._learn_no(check, no)
        return self._learn_yes(check, usable_parts(answer, now), now)

    def _learn_yes(self, check: Check, parts: tuple[Part, ...], now: datetime) -> Decision:
        """Cache a yes until the last usable part ends, but no longer than the first slot lasts."""
        terms = self._terms
        slots = [each for each in (_slot_seconds(part, now) for part in parts) if each is not None]
        left = max(_seconds_left(part, now) for part in parts)
        seconds = min(terms.ttl * (1 - terms.jitter * terms.random()), left)
        # While the service is unreachable, a slot is certain for its time-out only.
        longest = min([left, *slots])
        seconds = min([seconds, *(each * terms.floating_part for each in slots)])
        return self._learn(check, OK, seconds, floating=bool(slots), longest=longest)

    def _learn_no(self, check: Check, refusal: LicenseRefused) -> Decision:
        again = BUSY_SECONDS if isinstance(refusal, FloatingNotAvailable) else None
        # A second refusal does not extend the first: the time would show which refusals are renewed.
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
        # In the background, so that no caller waits for a slow or locked store.
        if self._stored is not None:
            self._flights.beside(self._stored.remember, check, verified)

    async def _stand(self, check: Check, stored: StoredAnswers) -> Decision | None:
        """Return the last verified answer if it still stands."""
        # Memory is not enough: another process may have stored a refusal.
        known = await stored.recall(check)
        entry = self._memory.find(check.key)
        verified = known if entry is None else max(known or entry.verified, entry.verified, key=attrgetter("order"))
        if verified is None or not verified.stands(self._time()):
            return None
        # The time is at least `seen`: setting the clock back a little gains nothing.
        self._latest.rise(verified.seen)
        now = self._time()
        # The hours of this program's grace count, not those with which the answer was stored.
        left = min(verified.until, verified.at + stored.seconds) - now
        if left <= 0:
            return None
        verified = attrs.evolve(verified, seen=now)
        # An old refusal is not cached: it would be answered faster than unknown keys are.
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
    """Return the seconds for which a floating slot is certain; None if the part does not float."""
    if not part.floats:
        return None
    # Whole minutes; if the answer does not say, the shortest possible.
    seconds = 60.0 * max(part.floating_timeout or 1, 1)
    if part.is_borrowed and part.borrowed_until is not None:
        seconds = max(seconds, (part.borrowed_until - now).total_seconds())
    return seconds
