"""Rows: which devices to check, from a CSV file or from anywhere else."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

import attrs

from ..errors import ConfigurationError
from ..redaction import excerpt, fingerprint, is_text

COLUMNS: Final = ("product", "hardware_id", "license_key", "username", "feature")
STDIN: Final = "-"

_LONGEST_LIST = 8


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
    """

    row: int
    product: str
    hardware_id: str = attrs.field(repr=_masked)
    license_key: str | None = attrs.field(default=None, repr=_masked)
    username: str | None = attrs.field(default=None, repr=_masked)
    feature: str | None = None
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


def read_rows(path: str | Path, *, columns: Mapping[str, str] | None = None) -> Iterator[Row | InvalidRow]:
    """Read the rows of a CSV or TSV file, one at a time, however long it is.

    The first line names the columns, in any order: `product`, `hardware_id`, `license_key` and/or `username`, and
    `feature`. Other columns are ignored, blank lines are skipped, spaces around a value are removed. A row that cannot
    be used is an `InvalidRow`; the rest of the file is still read.

    Args:
        path: The file, UTF-8 with or without a byte order mark; `-` for the standard input. A name in `.tsv` has tabs
            between its values, one in `.gz` is gzip.
        columns: What the file calls a column, by this package's name for it: `{"hardware_id": "serial"}`.

    Raises:
        ConfigurationError: The file cannot be read, or its first line does not name the columns.
    """
    name = "the standard input" if str(path) == STDIN else str(path)
    try:
        with _open(path) as lines:
            yield from _parse(lines, name, {} if columns is None else columns)
    except OSError as e:
        raise ConfigurationError(f"{name}: cannot be read: {e.strerror or e}") from e
    except (EOFError, zlib.error) as e:
        raise ConfigurationError(f"{name}: cannot be read: the gzip data is damaged or cut off") from e


def row_from(fields: Mapping[str, str], *, row: int, line: int | None = None) -> Row | InvalidRow:
    """Return the row that a mapping of column names to values stands for; "" and a missing column are the same.

    Args:
        fields: The columns' values; others are ignored.
        row: Number of the row, unique in its input.
        line: Line of the file that the row starts on.
    """
    values = {column: fields.get(column, "").strip() for column in COLUMNS}
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
    )


def rows_from(mappings: Iterable[Mapping[str, str]]) -> Iterator[Row | InvalidRow]:
    """Return the rows that mappings stand for, numbered from 1."""
    return (row_from(fields, row=number) for number, fields in enumerate(mappings, 1))


def _open(path: str | Path) -> TextIO:
    # The standard input is opened anew: a thread that still reads at exit would hold the lock of sys.stdin, and the
    # interpreter aborts when it cannot take that.
    is_stdin = str(path) == STDIN
    if str(path).lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    # newline="" leaves line ends inside quotes to the csv module. Bytes that are no UTF-8 become surrogates, so that
    # they spoil their own row and not the run.
    return open(
        0 if is_stdin else path, encoding="utf-8-sig", errors="surrogateescape", newline="", closefd=not is_stdin
    )


def _parse(lines: Iterable[str], name: str, mapping: Mapping[str, str]) -> Iterator[Row | InvalidRow]:
    # strict: a quote out of place is an error of its row, where the default would read on to the next quote and swallow
    # the rows between them.
    reader = csv.reader(lines, strict=True, delimiter=_delimiter(name))
    columns = _header(reader, name, mapping)
    row = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as e:
            row += 1
            yield InvalidRow(row=row, line=line, reason=_unreadable(line, reader.line_num, e))
            continue
        if cells is None:
            return
        if not cells:
            continue
        row += 1
        yield _from_cells(cells, columns, row, line)


def _delimiter(name: str) -> str:
    return "\t" if name.lower().removesuffix(".gz").endswith(".tsv") else ","


def _unreadable(first: int, last: int, error: csv.Error) -> str:
    if last <= first:
        return f"cannot be read as CSV: {error}"
    return f"cannot be read as CSV up to line {last}: {error}; look for a quote that is not closed"


def _from_cells(cells: list[str], columns: list[str], row: int, line: int) -> Row | InvalidRow:
    if len(cells) < len(columns):
        problem = f"has {len(cells)} values where the first line names {len(columns)} columns"
    elif any(each.strip() for each in cells[len(columns) :]):
        problem = f"has {len(cells)} values where the first line names {len(columns)} columns; quote commas in values"
    else:
        return row_from(dict(zip(columns, cells, strict=False)), row=row, line=line)
    return InvalidRow(row=row, line=line, reason=problem)


def _problem(values: Mapping[str, str]) -> str | None:
    missing = [column for column in ("product", "hardware_id") if not values[column]]
    if missing:
        return f"{' and '.join(missing)} is missing" if len(missing) == 1 else f"{' and '.join(missing)} are missing"
    if not values["license_key"] and not values["username"]:
        return "license_key and username are both missing; give one of them"
    if values["license_key"] and values["username"]:
        return "license_key and username are both given; give one of them"
    spoilt = [column for column, value in values.items() if not is_text(value)]
    return f"{' and '.join(spoilt)}: not UTF-8 text" if spoilt else None


def _header(reader: Iterator[list[str]], name: str, mapping: Mapping[str, str]) -> list[str]:
    try:
        cells = next(reader, None)
    except csv.Error as e:
        raise ConfigurationError(f"{name}: the first line cannot be read as CSV: {e}") from e
    if cells is None:
        raise ConfigurationError(f"{name}: is empty; the first line must name the columns: {', '.join(COLUMNS)}")
    if not all(is_text(each) and "\0" not in each for each in cells):
        raise ConfigurationError(f'{name}: is not UTF-8 text; save it as UTF-8 (Excel calls it "CSV UTF-8")')
    columns = _renamed([each.strip().lower() for each in cells], name, mapping)
    twice = sorted({each for each in columns if each in COLUMNS and columns.count(each) > 1})
    if twice:
        raise ConfigurationError(f"{name}: the first line names {' and '.join(twice)} more than once")
    missing = [each for each in ("product", "hardware_id") if each not in columns]
    if "license_key" not in columns and "username" not in columns:
        missing.append("license_key or username")
    if missing:
        raise ConfigurationError(
            f"{name}: no column {', '.join(missing)}. The first line must name the columns, separated by commas: "
            f"{', '.join(COLUMNS)}. It names: {_shown(cells)}"
        )
    return columns


def _renamed(columns: list[str], name: str, mapping: Mapping[str, str]) -> list[str]:
    names = {given.strip().lower(): ours for ours, given in mapping.items()}
    unknown = sorted(set(mapping) - set(COLUMNS))
    if unknown:
        raise ConfigurationError(f"no column {', '.join(unknown)} can be mapped; the columns are {', '.join(COLUMNS)}")
    missing = sorted(names.keys() - set(columns))
    if missing:
        raise ConfigurationError(f"{name}: has no column {', '.join(missing)}, which is mapped")
    # A column of ours that another one stands for is no longer meant.
    return [names.get(each, "" if each in mapping else each) for each in columns]


def _shown(cells: list[str]) -> str:
    more = f" and {len(cells) - _LONGEST_LIST} more" if len(cells) > _LONGEST_LIST else ""
    return excerpt(", ".join(cells[:_LONGEST_LIST])) + more
