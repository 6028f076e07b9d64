"""Questions of time that several models answer the same way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..errors import ConfigurationError


def moment(now: datetime | None) -> datetime:
    """Return `now`, or the current time when it is None; a naive `now` is refused rather than guessed at."""
    if now is None:
        return datetime.now(UTC)
    if not isinstance(now, datetime) or now.tzinfo is None:
        raise ConfigurationError("now: must be a datetime with a time zone, as datetime.now(UTC)")
    return now


def time_left(expiry: datetime | None, now: datetime | None) -> timedelta | None:
    """Return the time until `expiry` (negative once past), or None when it never comes."""
    at = moment(now)
    return None if expiry is None else expiry - at
