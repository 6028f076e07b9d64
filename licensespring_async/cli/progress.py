"""How far a run is: a bar on a terminal, a line now and then elsewhere. On stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..fleet import Outcome, Summary
from .console import ERR, say
from .wording import counted, duration

_EVERY = 5.0

Show = Callable[[Summary], None]


@contextmanager
def progress(
    total: int | None,
    console: Console = ERR,
    clock: Callable[[], float] = time.monotonic,
    *,
    earlier: int = 0,
) -> Generator[Show]:
    """Give a function to call with the summary after each result.

    Args:
        total: Rows to come, or None when nobody knows.
        console: Where to show it.
        clock: Seconds that never go back; for the lines.
        earlier: Rows that were done before this run began.
    """
    if not console.is_terminal:
        yield _lines(total, console, clock, earlier)
        return
    bar = Progress(
        TextColumn("Checking"),
        BarColumn(bar_width=None),
        _Count(),
        _Rate(),
        TimeRemainingColumn(compact=True),
        _Errors(),
        console=console,
        expand=True,
        # The summary says it all; the bar leaves no trace.
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=total, completed=earlier, errors=0)
        yield lambda summary: bar.update(task, completed=summary.rows, errors=summary.of(Outcome.ERROR))


def _lines(total: int | None, console: Console, clock: Callable[[], float], earlier: int) -> Show:
    started = shown = clock()

    def show(summary: Summary) -> None:
        nonlocal shown
        now = clock()
        if now - shown >= _EVERY:
            shown = now
            rows = counted(summary.rows, "row") if total is None else f"{summary.rows:,} of {total:,} rows"
            rate = (summary.rows - earlier) / (now - started)
            left = 0 if total is None or not rate else (total - summary.rows) / rate
            eta = f", {duration(left)} left" if left else ""
            counts = ", ".join(f"{summary.of(outcome):,} {outcome}" for outcome in Outcome if summary.of(outcome))
            say(console, f"{rows}, {rate:,.0f}/s{eta}: {counts}")

    return show


class _Count(ProgressColumn):
    def render(self, task: Task) -> Text:
        of = "" if task.total is None else f" of {task.total:,.0f}"
        return Text(f"{task.completed:,.0f}{of}")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", "dim")


class _Errors(ProgressColumn):
    def render(self, task: Task) -> Text:
        errors = task.fields["errors"]
        return Text(counted(errors, "error"), "red" if errors else "dim")
