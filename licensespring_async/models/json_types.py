"""JSON as it is before and after the models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

JsonObject: TypeAlias = Mapping[str, object]
JsonScalar: TypeAlias = str | int | float | bool | None


def in_utc(moment: datetime) -> str:
    """Return an aware moment as the service writes it: ISO 8601 in UTC, to the millisecond where that is exact."""
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def is_text(value: str) -> bool:
    """Return whether a string can be sent and stored: lone surrogates, which undecodable input leaves, cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
