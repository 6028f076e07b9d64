"""Rows from CSV and TSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import IO

from ...errors import ConfigurationError
from ...redaction import is_text
from ..rows import COLUMNS, InvalidRow, Row, row_from
from .columns import our_names
from .streams import bounded

_CALLED = {",": "commas", "\t": "tabs"}


def rows_in(text: IO[str], name: str, mapping: Mapping[str, str], *, delimiter: str) -> Iterator[Row | InvalidRow]:
    """Return the rows of a text whose first line names the columns; a line that is no row is an `InvalidRow`.

    Raises:
        ConfigurationError: The first line does not name the columns.
    """
    # strict: a quote out of place is an error of its row, where the default would read on to the next quote and swallow
    # the rows between them.
    reader = csv.reader((line for line, _ in bounded(text)), strict=True, delimiter=delimiter)
    columns = _header(reader, name, mapping, delimiter)
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


def _header(reader: Iterator[list[str]], name: str, mapping: Mapping[str, str], delimiter: str) -> list[str]:
    try:
        cells = next(reader, None)
    except csv.Error as e:
        raise ConfigurationError(f"{name}: the first line cannot be read as CSV: {e}") from e
    if cells is None:
        raise ConfigurationError(f"{name}: is empty; the first line must name the columns: {', '.join(COLUMNS)}")
    if not all(is_text(each) and "\0" not in each for each in cells):
        raise ConfigurationError(f'{name}: is not UTF-8 text; save it as UTF-8 (Excel calls it "CSV UTF-8")')
    advice = f"The first line must name the columns, separated by {_CALLED[delimiter]}"
    return our_names(cells, mapping, source=name, advice=advice)
