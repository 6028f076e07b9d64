"""What is known of a license, and what follows from it at a moment."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

import attrs

from ...errors import (
    FeatureExpired,
    InvalidLicenseFeatureCode,
    LicenseNotActive,
    LicenseSpringError,
)
from ...judging import code_of
from ...models import License
from ...models.resources.licenses import InvalidReason
from ..gate.decisions import Decision


class State(StrEnum):
    """The state of a license."""

    ONLINE = "online"
    """The service said yes."""
    GRACE = "grace"
    """The service cannot be asked; its last yes still stands."""
    BORROWED = "borrowed"
    """The service cannot be asked; the slot was borrowed for this time."""
    OFFLINE = "offline"
    """The license comes from an offline file or an air-gap confirmation."""
    LAPSED = "lapsed"
    """The service could not be asked for longer than its last yes stands."""
    EXPIRED = "expired"
    """The license has ended."""
    REFUSED = "refused"
    """The service said no, or the license itself does."""
    DEACTIVATED = "deactivated"
    """The program has deactivated the license."""

    @property
    def is_usable(self) -> bool:
        """Whether the license may be used."""
        return self in (State.ONLINE, State.GRACE, State.BORROWED, State.OFFLINE)

    def __bool__(self) -> bool:
        """As `is_usable`: `if await session.check():` must not be true for a refusal."""
        return self.is_usable


class LicenseUnusable(LicenseSpringError):
    """The license cannot be used, as the service or the license itself says.

    Attributes:
        state: Its state.
        reason: The code of the reason.
    """

    exit_code = 5

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(state, reason)
        self.state = state
        self.reason = reason

    def __str__(self) -> str:
        return f"the license is {self.state}: {self.reason}"


@attrs.frozen(kw_only=True)
class Change:
    """A change in the state of a license, or of a held feature.

    Attributes:
        feature: Code of the feature; None for the license.
        before: The state before; None if the session has just opened.
        state: The state now.
        reason: "ok", or the code of what is wrong, such as "license_expired" or the service's own.
        at: When it was noticed: seconds since the epoch.
    """

    before: State | None
    state: State
    reason: str
    at: float
    feature: str | None = None


@attrs.frozen(kw_only=True)
class Standing:
    """What is known of a license. Moments are seconds since the epoch.

    Attributes:
        license: As the service last gave it.
        came_at: When that was.
        stands_until: Until when it stands without another check.
        fresh_until: Until when it stands without a grace.
        is_offline: Whether it comes from an offline file or an air-gap confirmation.
        refusal: The code of a later refusal, or None.
        is_deactivated: Whether the program has deactivated it.
    """

    license: License
    came_at: float
    stands_until: float = math.inf
    fresh_until: float = math.inf
    is_offline: bool = False
    refusal: str | None = None
    is_deactivated: bool = False

    @classmethod
    def of_answer(cls, license: License, came_at: float, *, fresh: float, grace: float) -> Self:
        """Return the standing after an answer.

        Args:
            license: The answer.
            came_at: When it came, in seconds since the epoch.
            fresh: Seconds for which it stands without a grace.
            grace: Seconds for which it may stand while the service cannot be asked.
        """
        longest = max(fresh, grace)
        until = license.borrowed_until if license.is_borrowed else None
        if until is not None and until.timestamp() > came_at:
            # The service lent the slot for this time, whatever grace the program allows.
            longest = until.timestamp() - came_at
        elif license.is_floating_cloud:
            # Without a check, the slot is certain for its time-out only.
            longest = min(longest, slot_seconds(license))
        return cls(
            license=license,
            came_at=came_at,
            stands_until=came_at + longest,
            fresh_until=came_at + min(fresh, longest),
        )

    def at(self, now: float) -> tuple[State, str]:
        """Return the state at a moment, and "ok" or the code of what is wrong."""
        if self.is_deactivated:
            return State.DEACTIVATED, LicenseNotActive.kind
        if self.refusal is not None:
            return State.REFUSED, self.refusal
        reason = self.license.is_valid(datetime.fromtimestamp(now, UTC)).reason
        if reason is not None:
            return State.EXPIRED if reason is InvalidReason.EXPIRED else State.REFUSED, code_of(reason)
        if not self.is_offline and now >= self.stands_until:
            return State.LAPSED, "grace_over"
        return self._usable(now), "ok"

    def _usable(self, now: float) -> State:
        if self.is_offline:
            return State.OFFLINE
        if now < self.fresh_until:
            return State.ONLINE
        return State.BORROWED if self.license.is_borrowed else State.GRACE

    def turns_at(self, now: float) -> float:
        """Return the next moment at which the state may change without a new answer."""
        ends = self.license.ends_at
        turns = (self.stands_until, self.fresh_until, math.inf if ends is None else ends.timestamp())
        return min((each for each in turns if each > now), default=math.inf)

    def decision(self, feature: str | None, now: float) -> Decision:
        """Return whether a feature, or with None the license, may be used at a moment."""
        state, code = self.at(now)
        ends = [self.stands_until, self.turns_at(now)]
        floating = self.license.floats
        if state.is_usable and feature is not None:
            found = self.license.feature(feature)
            if found is None:
                code = InvalidLicenseFeatureCode.kind
            elif found.is_expired(datetime.fromtimestamp(now, UTC)):
                code = FeatureExpired.kind
            else:
                floating = found.floats
                ends += [] if found.expiry_date is None else [found.expiry_date.timestamp()]
        return Decision(
            allowed=code == "ok",
            code=code,
            source="grace" if state in (State.GRACE, State.BORROWED) else "memory",
            checked_at=self.came_at,
            expires_at=min(ends),
            floating=floating,
        )


def slot_seconds(license: License) -> float:
    """Return how long the slot of a floating license lasts without a check."""
    # Whole minutes; if the answer does not say, the shortest possible.
    return 60.0 * max(license.floating_timeout or 1, 1)
