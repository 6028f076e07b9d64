"""Checks many devices: reads rows, checks them concurrently, counts what came of it."""

from .check import check_row
from .checker import Checker, LocalChecker
from .checks import Checks, check_many, check_with
from .inputs import Format, read_query, read_rows
from .journal import Finished, Journal, JournalMismatch, Writer
from .pace import Concurrency, Pace
from .results import Outcome, Result, Verdict
from .rows import COLUMNS, InvalidRow, Row, row_from, rows_from
from .spool import Spool
from .summary import Summary, Tally
from .survey import Survey
from .work import Ledger

__all__ = [
    "COLUMNS",
    "Checker",
    "Checks",
    "Concurrency",
    "Finished",
    "Format",
    "InvalidRow",
    "Journal",
    "JournalMismatch",
    "Ledger",
    "LocalChecker",
    "Outcome",
    "Pace",
    "Result",
    "Row",
    "Spool",
    "Summary",
    "Survey",
    "Tally",
    "Verdict",
    "Writer",
    "check_many",
    "check_row",
    "check_with",
    "read_query",
    "read_rows",
    "row_from",
    "rows_from",
]
