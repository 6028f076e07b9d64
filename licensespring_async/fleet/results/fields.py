"""Kinds of fields of a result: how each is written and read in JSON, CSV cells and Parquet."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from ...redaction import excerpt, fingerprint

LARGEST: Final = 2**63 - 1
"""The largest number in a column of whole numbers. A larger number of the service is cut to it."""

_FIRST_MOMENT, _LAST_MOMENT = (each.replace(tzinfo=UTC) for each in (datetime.min, datetime.max))
_LONGEST: Final = 1e8  # seconds: three years
_FINGERPRINT: Final = re.compile(r"(#[0-9a-f]{8,64})?")


@attrs.frozen(kw_only=True, eq=False)
class Kind:
    """The kind of a field.

    Attributes:
        to_json: Returns a value as what prints as its JSON.
        read: Returns the value of a JSON value or of a cell's text; raises ValueError if it has none.
        column: Type of the Parquet column: the name of a pyarrow function, and its arguments.
        to_column: Returns a value for a column.
        to_show: Returns a value from an untrusted file for a report: not too large, and no secret.
    """

    to_json: Callable[[Any], object]
    read: Callable[[Any], Any]
    column: tuple[str, ...]
    to_column: Callable[[Any], object] = attrs.field(default=lambda value: value)
    to_show: Callable[[Any], Any] = attrs.field(default=lambda value: value)


encode: Final = json.encoder.encode_basestring_ascii
"""Returns a text as JSON; what `json.dumps` calls in the end."""


def bounded(number: int | None) -> int | None:
    """Return a whole number within the range of a column."""
    return None if number is None else max(-LARGEST, min(number, LARGEST))


def as_utc(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC, cut to the first or last that Python can represent."""
    try:
        return None if moment is None else moment.astimezone(UTC)
    except OverflowError:
        return _FIRST_MOMENT if moment is not None and moment.year == 1 else _LAST_MOMENT


def _whole(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    number = _number(value)
    if not number.is_integer():
        raise ValueError("must be a whole number")
    return int(number)


def _count(value: object) -> int:
    number = _whole(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")  # noqa: TRY004  # the value is from a file, like all here
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError("must be a number") from None
    if not math.isfinite(number):
        raise ValueError("is out of range")
    return number


def _seconds(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= _LONGEST:
        raise ValueError("is out of range")
    return number


def _time(value: object) -> datetime:
    try:
        number = _number(value)
    except ValueError:
        return _moment(value)
    # Seconds since the epoch, as an earlier version wrote it.
    try:
        return datetime.fromtimestamp(number, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError("is out of range") from None


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError("must be an ISO 8601 date-time")  # noqa: TRY004
    return as_utc(value if value.tzinfo else value.replace(tzinfo=UTC)) or value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004
    return value


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be true or false")


def _as_fingerprint(text: str) -> str:
    # An untrusted file may hold the secret itself in place of a fingerprint.
    return text if _FINGERPRINT.fullmatch(text) else fingerprint(text)


def _or_null(value: int | None) -> int | str:
    return "null" if value is None else value


_WHOLE_COLUMN: Final = ("int64",)

COUNT: Final = Kind(to_json=_or_null, read=_count, column=_WHOLE_COLUMN, to_column=bounded)
"""A whole number of this package, at least 0."""

FIGURE: Final = Kind(to_json=_or_null, read=_whole, column=_WHOLE_COLUMN, to_column=bounded, to_show=bounded)
"""Any whole number from the service; -1 and 2**63-1 mean "no limit"."""

SECONDS: Final = Kind(to_json=lambda value: value and round(value, 4), read=_seconds, column=("float64",))
"""A duration in seconds, to a tenth of a millisecond."""

TIME: Final = Kind(
    to_json=lambda value: "null" if value is None else f'"{value.isoformat("T", "milliseconds")}"',
    read=_time,
    column=("timestamp", "us", "UTC"),
    to_column=as_utc,
)
"""A moment of this machine's clock, in ISO 8601, to a millisecond."""

MOMENT: Final = Kind(
    to_json=lambda value: "null" if value is None else encode(value.isoformat()),
    read=_moment,
    column=("timestamp", "us", "UTC"),
    to_column=as_utc,
)
"""A moment, in ISO 8601."""

FLAG: Final = Kind(to_json={False: "false", True: "true"}.__getitem__, read=_flag, column=("bool_",))
"""Yes or no."""

TEXT: Final = Kind(
    to_json=encode,
    read=_text,
    column=("string",),
    to_column=lambda value: value.encode("utf-8", "backslashreplace").decode(),  # a message may hold what is no text
    to_show=excerpt,
)
"""Text, which may come from outside."""

NAME: Final = attrs.evolve(TEXT, to_show=_as_fingerprint)
"""A fingerprint in place of a secret."""
