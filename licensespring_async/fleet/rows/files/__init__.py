"""Read rows from files of several formats and from databases, in bounded memory."""

from __future__ import annotations

import os
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
    """Format of a file of rows."""

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

    Columns may come in any order: `product`, `hardware_id`, `license_key` or `username`, `feature`, and if needed
    `license_id`, `bundle_code` and `check` ("license", "feature" or "bundle"). Without `check`, a row with a feature is
    a feature check, and any other is a bundle check. `License Key` is read as `license_key`. Other columns are ignored,
    blank lines and lines of empty cells are skipped, and spaces around a value are removed. A row that cannot be used
    becomes an `InvalidRow`, and the rest of the file is still read. If compressed data is cut off, the last row is an
    `InvalidRow` that says so.

    CSV and TSV name the columns in their first line. JSONL has one object per line. They are UTF-8 with or without a
    byte order mark, and may be compressed with gzip or zstd (extra: `zstd`). Parquet needs the extra `parquet`.

    Args:
        path: The file; `-` for the standard input.
        columns: The file's name for a column, by our name: `{"hardware_id": "serial"}`.
        format: The format. None goes by the name: `.tsv`, `.jsonl` or `.parquet`, perhaps with `.gz` or `.zst` behind
            it; any other name is CSV.
        delimiter: The character between the columns of CSV; None is a comma, and a tab in TSV.
        keep: Columns of the file to copy into the results.

    Warns:
        IgnoredColumn: A column that is ignored looks like one that the file lacks, such as `featrue`. For JSONL, only
            the first object is looked at.

    Raises:
        ConfigurationError: The file cannot be read, does not name the columns, or needs an extra that is not installed.
    """
    if not isinstance(path, str | os.PathLike) or "\0" in str(path):
        raise ConfigurationError("path: must be the path of a file, or '-' for the standard input")
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ConfigurationError("delimiter: must be one character, such as ';', '|' or a tab")
    mapping: Mapping[str, str] = {} if columns is None else columns
    try:
        kind = _BY_SUFFIX.get(suffix_of(path), Format.CSV) if format is None else Format(format)
    except ValueError:
        raise ConfigurationError(f"format: must be {', '.join(Format)} or None, not {format!r:.100}") from None
    name = "the standard input" if str(path) == STDIN else str(path)
    try:
        if kind is Format.PARQUET:
            if str(path) == STDIN:
                raise ConfigurationError("Parquet cannot be read from a stream; name a file")
            yield from parquet.rows_of(path, mapping, keep=keep)
            return
        with open_text(path) as text:
            yield from _until_damage(text, name, _rows_in(text, kind, name, mapping, delimiter, keep))
    except OSError as e:
        raise ConfigurationError(f"{name}: cannot be read: {e.strerror or e}") from e


def read_query(
    query: str, database: str, *, columns: Mapping[str, str] | None = None, keep: Sequence[str] = ()
) -> Iterator[Row | InvalidRow]:
    """Read the rows of an SQL query in batches; this needs the extra `sql` and the database's driver.

    The query is sent unchanged, and nothing is committed. If its rows are read more than once, they must come in the
    same order: write an `ORDER BY`.

    Args:
        query: A SELECT with the column names of `read_rows`.
        database: An SQLAlchemy URL; no error shows its password.
        columns: The query's name for a column, by our name.
        keep: Columns of the query to copy into the results.

    Warns:
        IgnoredColumn: A column that is ignored looks like one that the query lacks.

    Raises:
        ConfigurationError: The database cannot be used, the query does not name the columns, or an extra is missing.
    """
    if not isinstance(query, str):
        raise ConfigurationError(f"query: must be a string, not {type(query).__name__}")
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
        yield InvalidRow(row=last.row + 1, reason=f"{problem} after row {last.row:,}; the rest is missing")
    except text.damage as e:
        # Its beginning may be wrong too: the checksum comes last. If data is only cut off, its beginning is right.
        raise ConfigurationError(f"{name}: cannot be read: the {text.packing} data is damaged") from e
