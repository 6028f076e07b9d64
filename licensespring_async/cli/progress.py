"""How far a run is: a bar on a terminal, a line now and then elsewhere, or lines of JSON. On stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..fleet import Outcome
from .console import ERR, emit, say
from .status import Meter, Status
from .wording import counted, duration

_BAR_EVERY: Final = 0.1
_LINE_EVERY: Final = 5.0

Show = Callable[[], None]


class Shown(StrEnum):
    """How progress is shown: `auto` is a bar on a terminal and plain lines elsewhere."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


@contextmanager
def progress(
    meter: Meter,
    shown: Shown = Shown.AUTO,
    console: Console = ERR,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Show]:
    """Give a function to call after each result.

    Args:
        meter: Tells how far the run is.
        shown: How.
        console: Where; JSON always goes to stderr.
        clock: Seconds that never go back.
    """
    if shown is Shown.NONE:
        yield lambda: None
    elif shown is Shown.JSON:
        try:
            yield _now_and_then(lambda: emit("progress", **meter.read().to_fields()), _LINE_EVERY, clock)
        finally:
            emit("end", **meter.read().to_fields())
    elif shown is Shown.PLAIN or not console.is_terminal:
        yield _now_and_then(lambda: say(console, _line(meter.read())), _LINE_EVERY, clock)
    else:
        with _bar(console) as bar:
            status = meter.read()
            task = bar.add_task("", total=status.total, completed=status.rows, tells="", errors="")

            def update() -> None:
                status = meter.read()
                errors = status.outcomes[Outcome.ERROR]
                bar.update(
                    task,
                    completed=status.rows,
                    tells=f"{_rows(status)}  {status.rate:,.0f}/s{_left(status)}{_throttled(status)}",
                    errors=f"[red]{counted(errors, 'error')}" if errors else "",
                )

            yield _now_and_then(update, _BAR_EVERY, clock)


def _now_and_then(show: Show, every: float, clock: Callable[[], float]) -> Show:
    last = clock()

    def shows() -> None:
        nonlocal last
        now = clock()
        if now - last >= every:
            last = now
            show()

    return shows


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("Checking"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[tells]}"),
        TextColumn("{task.fields[errors]}"),
        console=console,
        expand=True,
        # The summary says it all; the bar leaves no trace.
        transient=True,
    )


def _line(status: Status) -> str:
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in status.outcomes.items() if count)
    times = f", p50 {_short(status.p50)}, p95 {_short(status.p95)}" if status.p50 and status.p95 else ""
    return f"{_rows(status)}, {status.rate:,.1f}/s{_left(status)}: {counts or 'none done'}{times}{_throttled(status)}"


def _rows(status: Status) -> str:
    return counted(status.rows, "row") if status.total is None else f"{status.rows:,} of {status.total:,} rows"


def _left(status: Status) -> str:
    return f", {duration(status.eta)} left" if status.eta else ""


def _throttled(status: Status) -> str:
    return f", {status.throttled:,} throttled" if status.throttled else ""


def _short(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else duration(seconds)
