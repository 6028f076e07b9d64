"""Rows from CSV and TSV."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import filterfalse
from typing import IO, Self

import attrs

from ....errors import ConfigurationError
from ..row import COLUMNS, InvalidRow, Row, keeping, row_of_texts
from .columns import folded, matched
from .streams import LONGEST_LINE, bounded, refuse_other_encoding

_CALLED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_MOST_LINES = 1000
_FEW_LINES = 16  # of a record among lines that are read again: reading a file takes no more than 16 times its length
_OPEN_QUOTE = "; look for a quote that is not closed"
_NAMES_AGAIN = "names the columns again, as where files were joined; remove the line"
_FOR_EXCEL = re.compile(r"((?i:sep)=(.))[\r\n]*")
_MARK = "\ufeff"  # byte order mark of a joined file


def rows_in(
    text: IO[str], name: str, mapping: Mapping[str, str], *, delimiter: str, keep: Sequence[str] = ()
) -> Iterator[Row | InvalidRow]:
    """Yield the rows of a text whose first line names the columns; a line that is no row becomes an `InvalidRow`.

    Raises:
        ConfigurationError: The first line does not name the columns.
    """
    # strict: a stray quote is an error of its row. By default, csv would read on to the next quote and swallow the rows
    # between.
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    header = _header(lines, reader, name, delimiter)
    advice = f"The first line must name the columns, separated by {_called(delimiter)}"
    columns, places = matched(header, mapping, keep, source=name, advice=advice)
    names = {*header, f"{_MARK}{header[0]}"}
    row = 0
    while True:
        line = lines.begin()
        try:
            cells = next(reader, None)
        except csv.Error as e:
            row += 1
            rest = lines.give_back()
            yield InvalidRow(row=row, line=line, reason=f"cannot be read as CSV: {e}{_OPEN_QUOTE if rest else ''}")
            continue
        if cells is None:
            return
        found = _from_cells(cells, columns, row + 1, line, delimiter)
        if isinstance(found, InvalidRow) and _is_blank(cells):
            continue
        row += 1
        if names.issuperset(cells):
            found = InvalidRow(row=row, line=line, reason=_NAMES_AGAIN)
        if isinstance(found, InvalidRow):
            is_clear = lines.is_quoted_throughout(cells, delimiter)
            if not is_clear and _is_swallowed(cells, columns, delimiter) and lines.give_back():
                found = attrs.evolve(found, reason=found.reason + _OPEN_QUOTE)
        if places:
            found = keeping(found, {column: cells[place] for column, place in places.items() if place < len(cells)})
        yield found


class _Lines:
    """The lines of a text; a broken record gives back all its lines but the first.

    An unclosed quote makes one record of what may be many rows, and each row needs its own result. The length of a
    record is bounded. The bound is lower among lines that were given back: each of them may open a quote as well, and
    must not read all the others again.
    """

    def __init__(self, text: IO[str]) -> None:
        self._lines = bounded(text)
        self._given_back: deque[str] = deque()
        self._record: list[str] = []
        self._size = 0
        self._number = 0
        self._most = _MOST_LINES

    def begin(self) -> int:
        """Begin a record, and return its first line's number."""
        self._record.clear()
        self._size = 0
        self._most = _FEW_LINES if self._given_back else _MOST_LINES
        return self._number + 1

    @property
    def record(self) -> str:
        """The lines of the record so far."""
        return "".join(self._record)

    def is_quoted_throughout(self, cells: list[str], delimiter: str) -> bool:
        """Return whether each of these values is in quotes: then no quote is open, whatever the values contain."""
        quoted = delimiter.join('"' + each.replace('"', '""') + '"' for each in cells)
        return self.record.rstrip("\r\n") == quoted

    def give_back(self) -> bool:
        """Give back all lines of the record but the first; return false if it has no others."""
        rest = self._record[1:]
        self._given_back.extendleft(reversed(rest))
        self._number -= len(rest)
        return bool(rest)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._record and (len(self._record) >= self._most or self._size >= LONGEST_LINE):
            raise csv.Error(f"goes on for more than {self._most:,} lines or {LONGEST_LINE:,} characters")
        line = self._given_back.popleft() if self._given_back else next(self._lines)[0]
        self._record.append(line)
        self._size += len(line)
        self._number += 1
        return line


def _is_blank(cells: list[str]) -> bool:
    """Return whether a line has no values: spreadsheets write an empty row as `,,,`."""
    return not any(map(str.strip, cells))


def _from_cells(cells: list[str], columns: list[str], row: int, line: int, delimiter: str) -> Row | InvalidRow:
    if len(cells) < len(columns):
        problem = f"has {len(cells)} values where the first line names {len(columns)} columns"
    elif len(cells) > len(columns) and any(each.strip() for each in cells[len(columns) :]):
        problem = f"has {len(cells)} values where the first line names {len(columns)} columns"
        problem += f"; quote {_called(delimiter)} in values"
    else:
        return row_of_texts(dict(zip(columns, map(str.strip, cells), strict=False)), row=row, line=line)
    return InvalidRow(row=row, line=line, reason=problem)


def _is_swallowed(cells: list[str], columns: list[str], delimiter: str) -> bool:
    """Return whether an invalid record may be several: one of its values contains the start of another record."""
    return len(cells) != len(columns) or any(
        delimiter in cell and ("\n" in cell or "\r" in cell)
        for column, cell in zip(columns, cells, strict=True)
        if column
    )


def _called(delimiter: str) -> str:
    return _CALLED.get(delimiter, repr(delimiter))


def _separated_by(line: str, delimiter: str) -> str:
    """Return another delimiter at which the first line splits into our columns, or ""."""
    for other in _CALLED:
        if other != delimiter and len({folded(each.strip(' "')) for each in line.split(other)} & {*COLUMNS}) > 1:
            return other
    return ""


def _refuse_no_csv(start: str, name: str) -> None:
    refuse_other_encoding([start], name)
    if start.lstrip("[ \r\n\t").startswith("{") or start.strip() == "[":
        raise ConfigurationError(f"{name}: is JSON and not CSV; pass format=Format.JSONL")


def _header(lines: _Lines, reader: Iterator[list[str]], name: str, delimiter: str) -> list[str]:
    try:
        cells = next(filterfalse(_is_blank, reader), None)
    except csv.Error as e:
        _refuse_no_csv(lines.record, name)
        raise ConfigurationError(f"{name}: the first line cannot be read as CSV: {e}") from e
    if cells is None:
        raise ConfigurationError(f"{name}: is empty; the first line must name the columns: {', '.join(COLUMNS)}")
    _refuse_no_csv(lines.record, name)
    if (hint := _FOR_EXCEL.fullmatch(lines.record)) is not None:
        needed = "" if hint[2] == delimiter else f", and pass delimiter={hint[2]!r}"
        raise ConfigurationError(f"{name}: its first line, {hint[1]}, is for Excel; remove it{needed}")
    if len(cells) == 1 and (other := _separated_by(cells[0], delimiter)):
        raise ConfigurationError(
            f"{name}: its columns are separated by {_CALLED[other]} and not by {_called(delimiter)}; pass "
            f"delimiter={other!r}"
        )
    return cells
