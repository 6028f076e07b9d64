"""Show progress on stderr: a bar on a terminal, a line now and then elsewhere, or lines of JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn

from ..console import ERR, emit, say, text
from ..wording import counted, duration, rate
from .meter import Meter, Status

_BAR_EVERY: Final = 0.1
_LINE_EVERY: Final = 5.0

Show = Callable[[], None]


class Shown(StrEnum):
    """How to show progress: `auto` is a bar on a terminal and plain lines elsewhere."""

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
    """Yield a function to call often; it shows the progress now and then.

    Args:
        meter: Measures the progress.
        shown: How to show it.
        console: Where to show it; JSON always goes to stderr.
        clock: Monotonic clock in seconds.
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
        with _Bar(console) as bar:
            bar.show(meter.read())
            yield _now_and_then(lambda: bar.show(meter.read()), _BAR_EVERY, clock)


def _now_and_then(show: Show, every: float, clock: Callable[[], float]) -> Show:
    last = clock()

    def shows() -> None:
        nonlocal last
        now = clock()
        if now - last >= every:
            last = now
            show()

    return shows


class _Bar(Progress):
    """The bar, and the counts below it."""

    def __init__(self, console: Console) -> None:
        self._details = ""
        columns = (TextColumn("Checking"), BarColumn(bar_width=None), TextColumn("{task.fields[tells]}"))
        # The bar is removed at the end; the summary replaces it.
        super().__init__(*columns, console=console, expand=True, transient=True)
        self._task = self.add_task("", total=None, tells="")

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bar and the line below it."""
        yield from super().get_renderables()
        details = text(self._details, "dim")
        details.no_wrap, details.overflow = True, "ellipsis"
        yield details

    def show(self, status: Status) -> None:
        """Show the progress."""
        self._details = f"{_counts(status)}{_times(status)}{_throttled(status)}"
        tells = f"{_rows(status)}  {rate(status.rate)}{_left(status)}"
        self.update(self._task, total=status.total, completed=status.rows, tells=tells)


def _line(status: Status) -> str:
    tells = f"{_counts(status)}{_times(status)}{_throttled(status)}"
    return f"{_rows(status)}, {rate(status.rate)}{_left(status)}: {tells}"


def _counts(status: Status) -> str:
    counts = [f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in status.outcomes.items() if count]
    return ", ".join(counts) or "none done"


def _times(status: Status) -> str:
    return f", p50 {_short(status.p50)}, p95 {_short(status.p95)}" if status.p50 and status.p95 else ""


def _rows(status: Status) -> str:
    return counted(status.rows, "row") if status.total is None else f"{status.rows:,} of {status.total:,} rows"


def _left(status: Status) -> str:
    return f", {duration(status.eta)} left" if status.eta else ""


def _throttled(status: Status) -> str:
    return f", {status.throttled:,} throttled" if status.throttled else ""


def _short(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else duration(seconds)
