"""Date-times in the service's format, and a validator for time zones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...errors import ConfigurationError

if TYPE_CHECKING:
    import attrs


def iso(moment: datetime | None) -> str | None:
    """Format a date-time in UTC with milliseconds and Z, as in 2026-06-18T00:00:00.000Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def aware(_: object, attribute: attrs.Attribute[datetime | None], value: datetime | None) -> None:
    """Refuse a naive datetime, because it cannot be compared with the sandbox's clock."""
    if value is not None and not isinstance(value, datetime):
        raise ConfigurationError(f"{attribute.name}: expected a datetime with a time zone, not {value!r:.100}")
    if value is not None and value.tzinfo is None:
        raise ConfigurationError(f"{attribute.name} needs a time zone; the service's times are UTC")
    try:
        iso(value)
    except OverflowError:
        raise ConfigurationError(f"{attribute.name}: {value} is beyond the first or last date in UTC") from None
