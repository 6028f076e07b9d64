"""Draw charts as SVG, with the colours and the font of the page; they contain no text of the records."""

# matplotlib leaves its keyword arguments untyped.
# mypy: disable-error-code="no-untyped-call"
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..results.latency import Latency
from .measures import Timeline

# Placeholders that no chart uses otherwise; the page's style sheet sets the real colours, for light and dark.
_INK, _FIRST, _SECOND = "#010203", "#010204", "#010205"
_COLOURS = {_INK: "currentColor", _FIRST: "var(--first)", _SECOND: "var(--second)"}
_BINS = 24
_TICKS = [digit * 10.0**power for power in range(-1, 6) for digit in (1, 3)]
_LONG = 120.0  # seconds; a longer run shows the time of day


def latency_chart(latency: Latency) -> str:
    """Return the distribution of latencies in milliseconds, on a logarithmic axis."""
    values = [(seconds * 1000, count) for seconds, count in latency.values()]
    if not values:
        return ""
    low, high = values[0][0] / 1.02, values[-1][0] * 1.02
    edges = [low * (high / low) ** (i / _BINS) for i in range(_BINS + 1)]
    ticks = [each for each in _TICKS if low <= each <= high]

    def draw(axes: Axes) -> None:
        axes.hist([value for value, _ in values], bins=edges, weights=[count for _, count in values], color=_FIRST)
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks(ticks, labels=[f"{tick:g} ms" if tick < 1000 else f"{tick / 1000:g} s" for tick in ticks])
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylabel("rows")

    return _svg("latency", draw)


def rate_chart(timeline: Timeline) -> str:
    """Return rows per second over time."""
    return _over_time("rate", timeline, 1, "rows per second", _FIRST)


def concurrency_chart(timeline: Timeline) -> str:
    """Return rows under way over time."""
    return _over_time("concurrency", timeline, 2, "rows under way", _SECOND)


def _moment(seconds: float) -> datetime:
    # On Windows, `fromtimestamp` ends with the year 3000; records may be later.
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)


def _over_time(name: str, timeline: Timeline, column: int, label: str, colour: str) -> str:
    points = timeline.points()
    if not points:
        return ""
    start = points[0][0]
    begun = _moment(start)
    is_long = points[-1][0] - start >= _LONG

    def draw(axes: Axes) -> None:
        heights = [each[column] for each in points]
        if is_long:
            moments = date2num([_moment(each[0]) for each in points])
            axes.step(moments, heights, where="post", color=colour)
            locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=7)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC, show_offset=False))
            axes.set_xlabel(f"UTC, from {begun:%Y-%m-%d %H:%M}")
        else:
            axes.step([each[0] - start for each in points], heights, where="post", color=colour)
            axes.set_xlabel(f"seconds since {begun:%Y-%m-%d %H:%M:%S} UTC")
        axes.set_ylim(bottom=0)
        axes.set_ylabel(label)

    return _svg(name, draw)


def _svg(name: str, draw: Callable[[Axes], None]) -> str:
    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10}
    settings |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK)
    with rc_context(settings):
        figure = Figure(figsize=(5, 2.8), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    svg = written.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    # Several charts share one page: each needs unique ids.
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)
