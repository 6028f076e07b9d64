"""Render the report as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from importlib.resources import files

import jinja2
from markupsafe import Markup

from ..results.result import Outcome
from .charts import concurrency_chart, latency_chart, rate_chart
from .findings import HORIZONS, Findings
from .origin import Origin


def render(findings: Findings, *, command: str, made: datetime, origin: Origin | None = None) -> str:
    """Return the report as HTML; every value is escaped.

    Args:
        findings: The counts.
        command: The command line that made the page.
        made: When the page was made.
        origin: The run that made the results, if known.
    """
    room = files(__name__.rpartition(".")[0])
    script = (room / "search.js").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    timeline, latency = findings.timeline, findings.latency
    return environment.from_string((room / "page.html").read_text("utf-8")).render(
        found=findings,
        outcomes=list(Outcome),
        groups=sorted(findings.groups.items(), key=lambda group: (-group[1].total(), group[0])),
        horizons=HORIZONS,
        quantiles=[(name, latency.quantile(share)) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))],
        charts=[
            ("How long checks took", Markup(latency_chart(latency))),  # noqa: S704  # ours
            ("Rows per second", Markup(rate_chart(timeline))),  # noqa: S704  # ours
            ("Rows under way", Markup(concurrency_chart(timeline))),  # noqa: S704  # ours
        ],
        style=Markup((room / "page.css").read_text("utf-8")),  # noqa: S704  # ours
        script=Markup(script),  # noqa: S704  # ours
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        command=command,
        origin=origin,
        made=made,
    )
