"""Rows: which devices to check, and which values make one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID

import attrs

from ...endpoints.parameters import text
from ...errors import InvalidParameter
from ...models.json_types import is_text
from ...redaction import fingerprint

COLUMNS: Final = ("product", "hardware_id", "license_key", "username", "feature", "license_id", "bundle_code")

_LARGEST_ID = 2**63


def _masked(value: str | None) -> str:
    return "None" if value is None else fingerprint(value)


@attrs.frozen(kw_only=True)
class Row:
    """One device to check: a feature of its license, or its bundle when `feature` is None.

    Attributes:
        row: Number of the row, unique in its input.
        line: Line of the file that the row starts on, or None if it came from no file.
        product: Short code of the product or bundle.
        hardware_id: Unique id of the device.
        license_key: The key; exactly one of `license_key` and `username`.
        username: The user.
        feature: Feature code, or None for a bundle check.
        license_id: Picks one license when the user has several, or None.
        bundle_code: Short code of the bundle that the license of a feature check is in, or None.
    """

    row: int
    product: str
    hardware_id: str = attrs.field(repr=_masked)
    license_key: str | None = attrs.field(default=None, repr=_masked)
    username: str | None = attrs.field(default=None, repr=_masked)
    feature: str | None = None
    license_id: int | None = None
    bundle_code: str | None = None
    line: int | None = None


@attrs.frozen(kw_only=True)
class InvalidRow:
    """A row that cannot be checked, and why; it becomes a result like any other.

    Attributes:
        reason: What is wrong with it; never a value from it.
    """

    row: int
    reason: str
    line: int | None = None


def row_from(fields: Mapping[str, object], *, row: int, line: int | None = None) -> Row | InvalidRow:
    """Return the row that a mapping of column names to values stands for; "", None and a missing column are the same.

    Args:
        fields: The columns' values: text, or where the source knows types whole numbers and UUIDs; others are ignored.
        row: Number of the row, unique in its input.
        line: Line of the file that the row starts on.
    """
    values: dict[str, str] = {}
    for column in COLUMNS:
        value = fields.get(column)
        sent = value.strip() if isinstance(value, str) else _text(value)
        if sent is None:
            kind = type(value).__name__
            return InvalidRow(row=row, line=line, reason=f"{column}: must be text or a whole number, not {kind}")
        values[column] = sent
    problem = _problem(values)
    if problem is not None:
        return InvalidRow(row=row, line=line, reason=problem)
    return Row(
        row=row,
        line=line,
        product=values["product"],
        hardware_id=values["hardware_id"],
        license_key=values["license_key"] or None,
        username=values["username"] or None,
        feature=values["feature"] or None,
        license_id=int(values["license_id"]) if values["license_id"] else None,
        bundle_code=values["bundle_code"] or None,
    )


def rows_from(mappings: Iterable[Mapping[str, object]]) -> Iterator[Row | InvalidRow]:
    """Return the rows that mappings stand for, numbered from 1."""
    return (row_from(fields, row=number) for number, fields in enumerate(mappings, 1))


def _text(value: object) -> str | None:
    """Return a value as it is sent, or None of one that means no text: 1.0 or true is nobody's serial number."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | UUID) and not isinstance(value, bool) else None


def _problem(values: Mapping[str, str]) -> str | None:
    if not (values["product"] and values["hardware_id"]):
        missing = [column for column in ("product", "hardware_id") if not values[column]]
        return f"{' and '.join(missing)} is missing" if len(missing) == 1 else f"{' and '.join(missing)} are missing"
    if not values["license_key"] and not values["username"]:
        return "license_key and username are both missing; give one of them"
    if values["license_key"] and values["username"]:
        return "license_key and username are both given; give one of them"
    if spoilt := _spoilt(values):
        return spoilt
    if values["bundle_code"] and not values["feature"]:
        return (
            "bundle_code is for feature checks, and feature is missing; a bundle check names the bundle as its product"
        )
    return None if not values["license_id"] or _is_id(values["license_id"]) else "license_id: must be a whole number"


def _spoilt(values: Mapping[str, str]) -> str | None:
    """Return which value no request may carry: found now, it is told before the run and not by it."""
    if not is_text("".join(values.values())):
        spoilt = [column for column, value in values.items() if not is_text(value)]
        return f"{' and '.join(spoilt)}: not UTF-8 text"
    try:
        for column, value in values.items():
            if value:
                text(column, value)
    except InvalidParameter as e:
        return f"{e.parameter}: {e.problem}"
    return None


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 20 and int(value) < _LARGEST_ID
