"""JSON types, dates and texts, as the service writes and compares them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

JsonObject: TypeAlias = Mapping[str, object]
JsonScalar: TypeAlias = str | int | float | bool | None

OptionalDate: TypeAlias = Annotated[datetime | None, 'or ""']
"""A moment that decides nothing; `""` reads as None."""

RecordedAt: TypeAlias = Annotated[datetime | None, "or milliseconds"]
"""When the service recorded something; it writes ISO 8601 in one answer and milliseconds since 1970 in another."""


def in_utc(moment: datetime) -> str:
    """Return an aware moment as the service writes it: ISO 8601 in UTC, to the millisecond where that is exact."""
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def ascii_lower(text: str) -> str:
    """Return a text with A to Z in lower case, as the service compares texts, and any other character as it is.

    Unicode pairs more characters than the service does: a Kelvin sign with k, ß with SS.
    """
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def is_same(one: str, other: str) -> bool:
    """Return whether two texts are the same to the service, which ignores the case of A to Z."""
    return one == other or ascii_lower(one) == ascii_lower(other)


def exact(value: str) -> str:
    """Return a string as an exact `str`: an enum's member would print, and hash, as its name."""
    return value if type(value) is str else str.__str__(value)


def is_text(value: str) -> bool:
    """Return whether a string can be sent and stored. Lone surrogates, left by undecodable input, cannot."""
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
