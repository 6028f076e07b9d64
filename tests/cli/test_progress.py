"""How far a run is."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from licensespring_async.cli.fleet.meter import Meter
from licensespring_async.cli.fleet.progress import Shown, progress
from licensespring_async.fleet import Outcome, Pace, Result, Summary


class Run:
    """A run whose clock stands still between results."""

    def __init__(self, total: int | None, earlier: int = 0, throttled: int = 0) -> None:
        self.now = 0.0
        self.summary = Summary()
        self.throttled = throttled
        self.meter = Meter(self.summary, total=total, pace=self.pace, earlier=earlier, clock=self.clock)

    def clock(self) -> float:
        return self.now

    def pace(self) -> Pace:
        return Pace(limit=16, most=128, under_way=3, throttled=self.throttled)

    def done(self, outcome: Outcome = Outcome.LICENSED, seconds: float = 0.25) -> None:
        self.summary.add(Result(row=self.summary.rows + 1, outcome=outcome, attempts=1, seconds=seconds))


def lines(run: Run, times: list[float], shown: Shown = Shown.AUTO) -> list[str]:
    """What is printed off a terminal when results come at these times."""
    printed = io.StringIO()
    with progress(run.meter, shown, Console(file=printed, width=80), run.clock) as show:
        for number, run.now in enumerate(times):
            run.done(Outcome.LICENSED if number % 3 else Outcome.ERROR)
            show()
    return printed.getvalue().splitlines()


def test_a_line_now_and_then_off_a_terminal() -> None:
    """A log gets a line every five seconds, however many results there are."""
    assert lines(Run(40), [1.0, 4.9, 5.0, 6.0, 10.0]) == [
        "3 of 40 rows, 0.6/s, 1 min 2 s left: 2 licensed, 1 error, p50 252 ms, p95 252 ms",
        "5 of 40 rows, 0.5/s, 1 min 10 s left: 3 licensed, 2 error, p50 252 ms, p95 252 ms",
    ]


def test_lines_tell_of_throttling() -> None:
    """Requests that the service throttled are counted."""
    assert lines(Run(None, throttled=1_200), [6.0])[0].endswith(", 1,200 throttled")


def test_lines_without_a_total() -> None:
    """Rows from a pipe are counted without saying of how many."""
    assert lines(Run(None), [6.0]) == ["1 row, 0.2/s: 1 error, p50 252 ms, p95 252 ms"]


def test_nothing_is_shown_when_nothing_is_wanted() -> None:
    """A job whose log should stay empty says so."""
    assert lines(Run(40), [6.0, 12.0], Shown.NONE) == []


def test_the_rate_is_that_of_the_last_minute() -> None:
    """A run that was slow for hours tells how fast it is now, and how long that takes."""
    run = Run(10_000)
    for second in range(0, 3600, 5):
        run.now = float(second)
        run.done()
        run.meter.read()
    for second in range(3600, 3720, 5):
        run.now = float(second)
        for _ in range(50):
            run.done()
        run.meter.read()
    status = run.meter.read()
    assert status.rate == pytest.approx(10, 0.1)
    assert status.eta == pytest.approx((10_000 - status.rows) / 10, 0.1)


def test_rows_of_an_earlier_run_are_not_this_ones_speed() -> None:
    """A resumed run has its own rate."""
    run = Run(100, earlier=50)
    for _ in range(50):
        run.done()
    run.now = 10.0
    run.done()
    assert run.meter.read().rate == pytest.approx(0.1)


def test_json_has_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A program finds the same fields in every line, and the last one says that it is."""
    run = Run(2, throttled=7)
    lines(run, [5.0, 10.0], Shown.JSON)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [each["event"] for each in events] == ["progress", "progress", "end"]
    assert events[-1] == {
        "event": "end",
        "rows": 2,
        "total": 2,
        "earlier": 0,
        "elapsed": 10.0,
        "rate": 0.2,
        "eta": 0.0,
        "p50": pytest.approx(0.25, 0.01),
        "p95": pytest.approx(0.25, 0.01),
        "throttled": 7,
        "under_way": 3,
        "concurrency": 16,
        "outcomes": {"licensed": 1, "not_licensed": 0, "error": 1, "skipped": 0},
    }


@pytest.mark.parametrize("total", [40, None])
def test_a_bar_on_a_terminal(total: int | None) -> None:
    """A terminal sees a bar that fits into its width, what came of the rows under it, and nothing of both remains."""
    run = Run(total)
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, width=80, color_system=None)
    with progress(run.meter, Shown.AUTO, console, run.clock) as show:
        run.now = 1.0
        run.done()
        run.done(Outcome.ERROR)
        show()
    text = printed.getvalue()
    assert "Checking" in text
    assert "2 rows" in text if total is None else "2 of 40 rows" in text
    assert "1 error" in text
    assert "2.0/s" in text
    assert "p50 252 ms" in text
    assert text.endswith("\x1b[2K")  # the lines are erased
