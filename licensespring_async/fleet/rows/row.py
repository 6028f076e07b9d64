"""Rows: the devices to check, and how column values become a row."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Final
from uuid import UUID

import attrs

from ...checks import BundleCheck, Check, FeatureCheck, LicenseCheck
from ...endpoints.parameters import LONGEST_TEXT
from ...errors import ConfigurationError, InvalidParameter
from ...models.json_types import is_text
from ...redaction import Unpickled

COLUMNS: Final = ("product", "hardware_id", "license_key", "username", "feature", "license_id", "bundle_code", "check")

CHECKS: Final[Mapping[str, type[Check]]] = {"feature": FeatureCheck, "license": LicenseCheck, "bundle": BundleCheck}
"""By the value of the column `check`."""

_NAMES: Final = {kind: name for name, kind in CHECKS.items()}

_LONGEST_ID = 20  # digits; int() of a long text is slow
_TOO_LARGE = 2**53  # from here on, a float may have been another whole number
_MISSING = frozenset({"NAType", "NaTType"})  # of pandas, which is not imported for it


@attrs.frozen(kw_only=True, slots=False)
class Row(Unpickled):
    """One device to check.

    Attributes:
        row: Number of the row, unique in its input.
        check: The check to make.
        line: Line of the file where the row starts, or None if it did not come from a file.
        kept: Columns of the input to copy into its result, name to text.
    """

    row: int
    check: Check
    line: int | None = None
    kept: Mapping[str, str] = attrs.field(factory=dict[str, str], hash=False)


@attrs.frozen(kw_only=True)
class InvalidRow:
    """A row that cannot be checked, and why; it gets a result like any other row.

    Attributes:
        reason: What is wrong with it; never quotes a value of the row.
    """

    row: int
    reason: str
    line: int | None = None
    kept: Mapping[str, str] = attrs.field(factory=dict[str, str], hash=False)


def row_from(fields: Mapping[str, object], *, row: int, line: int | None = None) -> Row | InvalidRow:
    """Turn a mapping of column names to values into a row; "", None and a missing column are the same.

    Args:
        fields: Values of the columns: text, whole numbers or UUIDs. Other columns are ignored.
        row: Number of the row, unique in its input.
        line: Line of the file where the row starts.

    Raises:
        ConfigurationError: `fields` is no mapping.
    """
    if not isinstance(fields, Mapping):
        raise ConfigurationError(f"fields: must be a mapping of columns to values, not {type(fields).__name__}")
    texts: dict[str, str] = {}
    for column in COLUMNS:
        value = fields.get(column)
        text = value.strip() if isinstance(value, str) else _text(value)
        if text is None:
            kind = type(value).__name__
            return InvalidRow(row=row, line=line, reason=f"{column}: must be text or a whole number, not {kind}")
        texts[column] = text
    return row_of_texts(texts, row=row, line=line)


def row_of_texts(texts: Mapping[str, str], *, row: int, line: int | None = None) -> Row | InvalidRow:
    """Turn a mapping of column names to texts without spaces around them into a row.

    Args:
        texts: The texts of our columns; "" is no value. The name "" stands for other columns.
        row: As in `row_from`, like `line`.
        line: Line of the file.
    """
    given = {column: text for column, text in texts.items() if text and column}
    problem = _too_long(given)  # before anything looks at all of it
    kind = given.pop("check", "").lower() or ("feature" if "feature" in given else "bundle")
    problem = problem or _unknown(kind) or _missing(given) or _superfluous(kind, given)
    if problem is not None:
        return InvalidRow(row=row, line=line, reason=problem)
    try:
        return Row(row=row, line=line, check=_check(kind, given))
    except InvalidParameter as e:
        return InvalidRow(row=row, line=line, reason=f"{e.parameter}: {e.problem}")


def _check(kind: str, given: dict[str, str]) -> Check:
    # The columns' names are the checks' fields.
    arguments: dict[str, Any] = given
    if "license_id" in given:
        arguments["license_id"] = _id(given["license_id"])
    return CHECKS[kind](**arguments)


def kind_of(check: Check) -> str:
    """Return the value of the column `check` for a check."""
    return _NAMES[type(check)]


def packed(row: Row | InvalidRow) -> list[object]:
    """Return a row as a JSON-ready list; `unpacked` makes it of this."""
    kept = dict(row.kept)
    if isinstance(row, InvalidRow):
        return [row.row, row.line, kept, row.reason]
    return [row.row, row.line, kept, kind_of(row.check), row.check.arguments]


def unpacked(fields: Sequence[Any]) -> Row | InvalidRow:
    """Return the row from the list that `packed` made of it."""
    row, line, kept, what, *checked = fields
    if not checked:
        return InvalidRow(row=row, line=line, kept=kept, reason=what)
    return Row(row=row, line=line, kept=kept, check=CHECKS[what].of_valid(*checked))


def rows_from(mappings: Iterable[Mapping[str, object]], *, keep: Sequence[str] = ()) -> Iterator[Row | InvalidRow]:
    """Turn mappings into rows, numbered from 1.

    Args:
        mappings: Mappings of column names to values.
        keep: Columns to copy into the results.

    Raises:
        ConfigurationError: An item is no mapping, or `keep` no sequence of texts.
    """
    check_keep(keep)
    for number, fields in enumerate(mappings, 1):
        yield keeping(row_from(fields, row=number), {name: fields.get(name) for name in keep})


def check_keep(keep: Sequence[str]) -> None:
    """Refuse what is no sequence of texts; a single text would be taken for its letters."""
    is_list = isinstance(keep, Collection) and not isinstance(keep, str)
    if not (is_list and all(isinstance(each, str) for each in keep)):
        raise ConfigurationError("keep: must be a list of names of columns")


def keeping(row: Row | InvalidRow, values: Mapping[str, object]) -> Row | InvalidRow:
    """Return a row with values of its input to copy into its result, as text."""
    return attrs.evolve(row, kept={name: _kept(value) for name, value in values.items()}) if values else row


def _kept(value: object) -> str:
    if isinstance(value, str):
        # Many programs refuse a whole file for one lone surrogate.
        return value if is_text(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _text(value)
    if text is not None:
        return text
    return json.dumps(value) if isinstance(value, bool | float | list | dict) else str(value)


def _text(value: object) -> str | None:
    """Return a value as it is sent, or None for a value that cannot be an id, such as 1.5 or true."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral | Decimal):
        return _exactly(Decimal(int(value)) if isinstance(value, Integral) else value)
    if isinstance(value, Real):
        return _whole(float(value))
    if type(value).__name__ in _MISSING:
        return ""
    return str(value) if isinstance(value, UUID) else None


def _exactly(number: Decimal) -> str | None:
    if number.is_nan():
        return ""
    # 1E+999999999 would have a billion digits.
    is_short = number.is_finite() and number.adjusted() <= LONGEST_TEXT
    return str(int(number)) if is_short and number == number.to_integral_value() else None


def _whole(number: float) -> str | None:
    """Return a whole number that came as a float: pandas makes floats of the numbers in a column with gaps."""
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < _TOO_LARGE else None


def _missing(given: Mapping[str, str]) -> str | None:
    """Return which columns are missing or contradict each other."""
    missing = [column for column in ("product", "hardware_id") if column not in given]
    if missing:
        return f"{' and '.join(missing)} is missing" if len(missing) == 1 else f"{' and '.join(missing)} are missing"
    if "license_key" not in given and "username" not in given:
        return "license_key and username are both missing; give one of them"
    if "license_key" in given and "username" in given:
        return "license_key and username are both given; give one of them"
    if not is_text("".join(given.values())):
        spoilt = [column for column, value in given.items() if not is_text(value)]
        return f"{' and '.join(spoilt)}: not UTF-8 text"
    return None


def _too_long(given: Mapping[str, str]) -> str | None:
    if max(map(len, given.values()), default=0) <= LONGEST_TEXT:
        return None
    column, size = next((column, len(text)) for column, text in given.items() if len(text) > LONGEST_TEXT)
    return f"{column}: has {size:,} characters; at most {LONGEST_TEXT:,} can be sent"


def _unknown(kind: str) -> str | None:
    return None if kind in CHECKS else f"check: must be {', '.join(CHECKS)} or empty"


def _superfluous(kind: str, given: Mapping[str, str]) -> str | None:
    """Return which column does not go with the kind of check."""
    if kind == "feature" and "feature" not in given:
        return "check is feature, and feature is missing"
    if kind != "feature" and "feature" in given:
        return f"feature is for feature checks, and check is {kind}"
    if kind == "bundle" and "bundle_code" in given:
        return (
            "bundle_code is for feature and license checks; this is a bundle check, which names the bundle as its "
            "product"
        )
    return None


def _id(value: str) -> int:
    value = value.removesuffix(".0")  # as pandas writes it
    if not (value.isascii() and value.isdigit() and len(value) < _LONGEST_ID):
        raise InvalidParameter("license_id", "must be a whole number")
    return int(value)
