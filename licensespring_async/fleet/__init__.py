"""Check many devices: read rows, check them concurrently, count the results."""

from ..redaction import fingerprint, salted
from .checking.local import Checker, LocalChecker
from .checking.one_row import check_row
from .checking.pace import Concurrency, Pace
from .results.journal import Finished, Journal, JournalMismatch, Writer
from .results.result import Outcome, Result, Verdict
from .results.summary import Summary, Tally
from .rows.files import Format, read_query, read_rows
from .rows.files.columns import IgnoredColumn
from .rows.row import COLUMNS, InvalidRow, Row, row_from, rows_from
from .rows.survey import Survey
from .running.check_many import Checks, check_many, check_with
from .running.work import Ledger

__all__ = [
    "COLUMNS",
    "Checker",
    "Checks",
    "Concurrency",
    "Finished",
    "Format",
    "IgnoredColumn",
    "InvalidRow",
    "Journal",
    "JournalMismatch",
    "Ledger",
    "LocalChecker",
    "Outcome",
    "Pace",
    "Result",
    "Row",
    "Summary",
    "Survey",
    "Tally",
    "Verdict",
    "Writer",
    "check_many",
    "check_row",
    "check_with",
    "fingerprint",
    "read_query",
    "read_rows",
    "row_from",
    "rows_from",
    "salted",
]
