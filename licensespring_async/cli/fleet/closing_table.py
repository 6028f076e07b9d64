"""The summary of a run, for people."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich import box
from rich.console import Console
from rich.table import Table

from ...fleet import Outcome, Result, Summary
from ...redaction import excerpt
from ..console import ERR, say, text
from ..spoken import spoken
from ..wording import counted, duration, rate

_STYLES = {
    Outcome.LICENSED: "green",
    Outcome.NOT_LICENSED: "yellow",
    Outcome.ERROR: "bold red",
    Outcome.SKIPPED: "dim",
}
_EXAMPLES = 5


class Report:
    """Prints the summary of a run; the run begins when this object is made.

    Args:
        console: Where to print.
        summary: The counts.
        total: Rows to check, or None if unknown.
        output: Name of the output file, or None.
        earlier: Rows in the summary that an earlier run checked.
        clock: Monotonic clock in seconds.
    """

    def __init__(
        self,
        console: Console,
        summary: Summary,
        total: int | None,
        output: str | None,
        *,
        earlier: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._summary = summary
        self._total = total
        self._output = output
        self._earlier = earlier
        self._clock = clock
        self._started = clock()

    def print(self, *, is_complete: bool) -> None:
        """Print the counts, an example of each error, and a closing line; print nothing if the run never began."""
        if not self._summary.rows and not is_complete:
            return
        seconds = self._clock() - self._started
        if self._summary.rows:
            self._console.print(self._table())
        for tally in [each for each in self._summary.tallies() if each.outcome is Outcome.ERROR][:_EXAMPLES]:
            message = excerpt(spoken(tally.first.message))
            say(self._console, (f"{tally.code}: ", "bold red"), f"{_where(tally.first)}: {message}")
        say(self._console, self._closing(seconds))

    def print_interrupted(self) -> None:
        """Print how many rows were done."""
        rows = self._summary.rows
        done = f"{counted(rows, 'row')} done" if self._total is None else f"{rows:,} of {self._total:,} rows done"
        say(ERR, ("Interrupted: ", "bold yellow"), f"{done}.")

    def _table(self) -> Table:
        rows = self._summary.rows
        table = Table(box=box.SIMPLE_HEAD, show_footer=True, show_edge=False, pad_edge=False, collapse_padding=True)
        table.add_column("Outcome", footer="Total")
        table.add_column("Code", overflow="fold")
        table.add_column("Rows", footer=f"{rows:,}", justify="right")
        table.add_column("Share", justify="right")
        for tally in self._summary.tallies():
            table.add_row(
                text(tally.outcome, _STYLES[tally.outcome]),
                text(tally.code),
                f"{tally.rows:,}",
                f"{tally.rows / rows:.1%}",
            )
        return table

    def _closing(self, seconds: float) -> str:
        licensed, refused, errors, skipped = (self._summary.of(outcome) for outcome in Outcome)
        checked = self._summary.rows - skipped - self._earlier
        pace = f" ({rate(checked / seconds)})" if checked and seconds > 0 else ""
        counts = f"{licensed:,} licensed, {refused:,} not licensed, {counted(errors, 'error')}"
        unchecked = f", {skipped:,} skipped" if skipped else ""
        where = "" if self._output in (None, "-") else f" Results: {self._output}"
        before = f", {self._earlier:,} by an earlier run" if self._earlier else ""
        done = f"{counted(checked, 'row')} checked in {duration(seconds)}{pace}{before}"
        return f"{done}: {counts}{unchecked}.{where}"


def _where(result: Result) -> str:
    line = "" if result.line is None else f" (line {result.line:,})"
    return f"first in row {result.row:,}{line}"
