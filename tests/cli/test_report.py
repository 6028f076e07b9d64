"""The summary of a run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from licensespring_async.cli.fleet.closing_table import Report
from licensespring_async.fleet import Outcome, Result, Summary


def printed(
    results: list[Result],
    seconds: float = 2.0,
    *,
    output: str | None = None,
    is_complete: bool = True,
    width: int = 80,
) -> str:
    """What a run of that many seconds prints."""
    clock = iter([0.0, seconds])
    summary, text = Summary(), io.StringIO()
    for result in results:
        summary.add(result)
    report = Report(Console(file=text, width=width), summary, len(results), output, clock=lambda: next(clock))
    report.print(is_complete=is_complete)
    return text.getvalue()


def test_the_closing_line_counts_the_outcomes() -> None:
    """Rows, time, rate, outcomes, and where the results are."""
    results = [
        Result(row=1, outcome=Outcome.LICENSED),
        Result(row=2, outcome=Outcome.LICENSED),
        Result(row=3, outcome=Outcome.ERROR, code="x", message="y"),
    ]
    assert printed(results, output="out.jsonl").splitlines()[-1] == (
        "3 rows checked in 2.0 s (1.5/s): 2 licensed, 0 not licensed, 1 error. Results: out.jsonl"
    )


def test_skipped_rows_are_no_checks() -> None:
    """The rate counts checks only."""
    results = [Result(row=1, outcome=Outcome.LICENSED), Result(row=2, outcome=Outcome.SKIPPED, code="aborted")]
    assert printed(results).splitlines()[-1] == (
        "1 row checked in 2.0 s (0.5/s): 1 licensed, 0 not licensed, 0 errors, 1 skipped."
    )


@pytest.mark.parametrize(
    ("seconds", "expected"), [(59.94, "59.9 s"), (61.2, "1 min 1 s"), (3600.0 * 13 + 54 * 60, "13 h 54 min")]
)
def test_long_runs_are_told_in_minutes_and_hours(seconds: float, expected: str) -> None:
    """Nobody has to divide by 3,600."""
    assert f"checked in {expected} (" in printed([Result(row=1, outcome=Outcome.LICENSED)], seconds)


def test_each_error_has_an_example() -> None:
    """The first row of each code tells what happened; an answer's text cannot steer the terminal or the markup."""
    results = [Result(row=7, line=9, outcome=Outcome.ERROR, code="odd", message="[red]\x1b[31mno")]
    assert "odd: first in row 7 (line 9): [red] [31mno" in printed(results)


def test_a_run_that_never_began_prints_nothing() -> None:
    """An error before the first row speaks for itself."""
    assert printed([], is_complete=False) == ""


def test_the_table_fits_a_narrow_terminal() -> None:
    """At 60 columns the longest code of the service is whole, and the last line says what it sums up."""
    code = "license_not_enough_consumptions"
    results = [Result(row=row, outcome=Outcome.NOT_LICENSED, code=code) for row in range(1, 1001)]
    lines = [line.split() for line in printed(results, width=60).splitlines()]
    assert ["not_licensed", code, "1,000", "100.0%"] in lines
    assert ["Total", "1,000"] in lines
