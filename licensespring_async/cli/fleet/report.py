"""`fleet report`: the results of a run as an HTML page."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ...extras import needs_extra
from ...fleet.report import Findings, Origin, read_records
from ..commands import command
from ..console import say
from ..file_names import file_name, refuse_overwriting
from ..saving import STDOUT, save
from ..wording import counted
from .output import JOURNAL_SUFFIX, files_of_run, refuse_loss


@command
def report(
    *,
    results: Annotated[
        str,
        typer.Argument(
            help="What `fleet check --output` wrote: JSONL, CSV or Parquet, or its journal.",
            metavar="RESULTS",
            parser=file_name,
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", help="HTML file to write; - for stdout.", metavar="FILE", parser=file_name)
    ] = "report.html",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output file.")] = False,
) -> None:
    """Turn a run's results into one HTML file that opens from disk and needs no network.

    Exits with 0 when it is written, and with 2 when RESULTS cannot be read or FILE cannot be written.
    """
    with needs_extra("report"):
        from ...fleet.report.page import render  # noqa: PLC0415  # an extra
    if output != STDOUT:
        # A link leads to the results of a run, and its journal is beside them.
        runs = [Path(each.removesuffix(JOURNAL_SUFFIX)) for each in (results, os.path.realpath(results))]
        read = {path: "a file of the results" for each in runs for path in files_of_run(each)}
        refuse_overwriting(output, {Path(output): "is"}, {**read, Path(results): "the input file"})
        if not force:
            refuse_loss(output)
    now = datetime.now(UTC)
    findings = Findings(now)
    for record in read_records(Path(results)):
        findings.add(record)
    command = ["licensespring-async", "fleet", "report", results, "--output", output, *["--force"][: int(force)]]
    page = render(findings, command=shlex.join(command), made=now, origin=Origin.of(Path(results)))
    console = save(page, output)
    where = "" if output == STDOUT else f" Report: {output}"
    say(console, f"{counted(findings.rows, 'row')} reported.{where}")
