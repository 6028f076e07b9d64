"""Text in CSV cells: a spreadsheet must not run any of it as a formula.

A formula begins with one of four characters, or a wide or small form of one, after blanks and invisible characters. It
may also begin in the middle of a text: where the comma is the decimal separator, a spreadsheet splits cells at
semicolons, even in quotes. Each such place gets an apostrophe.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

_MINUS: Final = "\u2212"
_pieces: Final = re.compile(r"([;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029])").split
_may_begin: Final = re.compile(r"[-=+@]|\A'*[;|\t-\r\x1c-\x1e]").search


def csv_line(values: Iterable[object]) -> str:
    """Return a line of CSV with its end; None is an empty cell."""
    line = io.StringIO()
    # With \r\n as its line end, the writer quotes texts with either character: a reader could take it for a line end.
    csv.writer(line, lineterminator="\r\n").writerow(
        to_cell(each) if isinstance(each, str) else each for each in values
    )
    return line.getvalue().removesuffix("\r\n") + "\n"


def to_cell(text: str) -> str:
    """Return a text as it is written into a cell."""
    if text.isascii() and not _may_begin(text):
        return text
    return _changed(text, lambda piece: f"'{piece}")


def from_cell(cell: str) -> str:
    """Return the text that was written into a cell."""
    return _changed(cell, lambda piece: piece.removeprefix("'"))


def _changed(text: str, change: Callable[[str], str]) -> str:
    first, *more = _pieces(text)
    # A text that begins with a tab or a line end is dangerous as a whole: some programs drop that character.
    is_split = bool(more) and not first.strip("'")
    first = change(first) if is_split or _is_formula(first) else first
    return first + "".join(change(each) if _is_formula(each) else each for each in more)


def _is_formula(piece: str) -> bool:
    for each in piece.lstrip("'"):
        if each.isprintable() and each not in ' "':
            return each == _MINUS or unicodedata.normalize("NFKC", each).startswith(("=", "+", "-", "@"))
    return False
