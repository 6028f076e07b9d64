"""Where rows come from: files of several formats, and databases, each read in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from ....errors import ConfigurationError
from ....extras import needs_extra
from ..row import InvalidRow, Row
from . import delimited, json_lines, parquet
from .streams import STDIN, Text, open_text, suffix_of

__all__ = ["STDIN", "Format", "read_query", "read_rows"]


class Format(StrEnum):
    """What a file of rows is."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_BY_SUFFIX = {
    ".tsv": Format.TSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}


def read_rows(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    format: Format | None = None,
    delimiter: str | None = None,
    keep: Sequence[str] = (),
) -> Iterator[Row | InvalidRow]:
    """Read the rows of a file, one at a time, however long it is.

    Columns may come in any order: `product`, `hardware_id`, `license_key` and/or `username`, `feature` and, where they
    are needed, `license_id`, `bundle_code` and `check` ("license", "feature" or "bundle"; without it a row with a
    feature is a feature check, and any other is a bundle check). `License Key` is `license_key`. Others are ignored,
    blank lines are skipped, spaces around a value are removed. A row that cannot be used is an `InvalidRow`, and the
    rest of the file is still read. Where packed data is cut off, the last row is an `InvalidRow` that says so.

    CSV and TSV name the columns in their first line, JSONL has one object a line; they are UTF-8 with or without a byte
    order mark, and may be packed with gzip or zstd (extra: `zstd`). Parquet needs the extra `parquet`.

    Args:
        path: The file; `-` for the standard input.
        columns: What the file calls a column, by this package's name for it: `{"hardware_id": "serial"}`.
        format: What the file is; None goes by its name (`.tsv`, `.jsonl`, `.parquet`, behind them `.gz` or `.zst`), and
            is CSV without one of those.
        delimiter: The character between the columns of CSV; None is a comma, and a tab in TSV.
        keep: Columns of the file that the results are to have as they are.

    Raises:
        ConfigurationError: The file cannot be read, does not name the columns, or needs an extra that is not installed.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ConfigurationError("--delimiter: must be one character, such as ; or |, or tab")
    mapping: Mapping[str, str] = {} if columns is None else columns
    kind = _BY_SUFFIX.get(suffix_of(path), Format.CSV) if format is None else format
    name = "the standard input" if str(path) == STDIN else str(path)
    try:
        if kind is Format.PARQUET:
            if str(path) == STDIN:
                raise ConfigurationError("Parquet is read from its end, which a stream does not have; name a file")
            yield from parquet.rows_of(path, mapping, keep=keep)
            return
        with open_text(path) as text:
            yield from _until_damage(text, name, _rows_in(text, kind, name, mapping, delimiter, keep))
    except OSError as e:
        raise ConfigurationError(f"{name}: cannot be read: {e.strerror or e}") from e


def read_query(
    query: str, database: str, *, columns: Mapping[str, str] | None = None, keep: Sequence[str] = ()
) -> Iterator[Row | InvalidRow]:
    """Read the rows of an SQL query, a batch at a time; it needs the extra `sql` and the database's driver.

    The query is sent as it is written, and nothing is committed. Where rows are read more than once, it has to give
    them in the same order: write an `ORDER BY`.

    Args:
        query: A SELECT whose columns are named as those of a file are.
        database: An SQLAlchemy URL; no error shows its password.
        columns: What the query calls a column, by this package's name for it.
        keep: Columns of the query that the results are to have as they are.

    Raises:
        ConfigurationError: The database cannot be used, the query does not name the columns, or an extra is missing.
    """
    with needs_extra("sql"):
        from .sql import rows_of  # noqa: PLC0415  # an extra
    return rows_of(query, database, {} if columns is None else columns, keep=keep)


def _rows_in(  # noqa: PLR0917  # those of its caller
    text: Text, kind: Format, name: str, mapping: Mapping[str, str], delimiter: str | None, keep: Sequence[str]
) -> Iterator[Row | InvalidRow]:
    if kind is Format.JSONL:
        return json_lines.rows_in(text.lines, name, mapping, keep=keep)
    usual = "\t" if kind is Format.TSV else ","
    return delimited.rows_in(text.lines, name, mapping, delimiter=delimiter or usual, keep=keep)


def _until_damage(text: Text, name: str, rows: Iterator[Row | InvalidRow]) -> Iterator[Row | InvalidRow]:
    last: Row | InvalidRow | None = None
    try:
        for last in rows:
            yield last
    except EOFError as e:
        problem = f"the {text.packing} data is cut off"
        if last is None:
            raise ConfigurationError(f"{name}: cannot be read: {problem}") from e
        yield InvalidRow(row=last.row + 1, reason=f"{problem} behind row {last.row:,}; its rest is missing")
    except text.damage as e:
        # Unlike that of one cut off, its beginning may be wrong as well: checksums come last.
        raise ConfigurationError(f"{name}: cannot be read: the {text.packing} data is damaged") from e
