"""How far a run is."""

from __future__ import annotations

import io

from rich.console import Console

from licensespring_async.cli.progress import progress
from licensespring_async.fleet import Outcome, Result, Summary


def summary_of(*outcomes: Outcome) -> Summary:
    summary = Summary()
    for number, outcome in enumerate(outcomes, 1):
        summary.add(Result(row=number, outcome=outcome))
    return summary


def lines(total: int | None, times: list[float]) -> list[str]:
    """What is printed off a terminal when results come at these times."""
    printed = io.StringIO()
    clock = iter([0.0, *times])
    with progress(total, Console(file=printed, width=80), lambda: next(clock)) as show:
        for number in range(1, len(times) + 1):
            show(summary_of(*[Outcome.LICENSED] * (number - 1), Outcome.ERROR))
    return printed.getvalue().splitlines()


def test_a_line_now_and_then_off_a_terminal() -> None:
    """A log gets a line every five seconds, however many results there are."""
    assert lines(40, [1.0, 4.9, 5.0, 6.0, 10.0]) == [
        "3 of 40 rows, 1/s, 1 min 2 s left: 2 licensed, 1 error",
        "5 of 40 rows, 0/s, 1 min 10 s left: 4 licensed, 1 error",
    ]


def test_lines_without_a_total() -> None:
    """Rows from a pipe are counted without saying of how many."""
    assert lines(None, [6.0]) == ["1 row, 0/s: 1 error"]


def test_a_bar_on_a_terminal() -> None:
    """A terminal sees a bar that fits into its width, with the count and the errors, and nothing of it remains."""
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, width=80, color_system=None)
    with progress(40, console) as show:
        show(summary_of(Outcome.LICENSED, Outcome.ERROR))
    text = printed.getvalue()
    assert "Checking" in text
    assert "2 of 40" in text
    assert "1 error" in text
    assert text.endswith("\x1b[2K")  # the line is erased


def test_a_bar_without_a_total() -> None:
    """Rows from a pipe are counted."""
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, width=80, color_system=None)
    with progress(None, console) as show:
        show(summary_of(Outcome.LICENSED))
    assert "1 " in printed.getvalue()
