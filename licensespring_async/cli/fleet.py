"""`fleet check`: many devices."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from ..client import LicenseSpring
from ..errors import LicenseSpringError
from ..fleet import DEFAULT_CONCURRENCY, Outcome, Result, Summary, check_many
from . import options
from .connection import connect, embedded
from .console import ERR, OUT
from .exits import Code, reported, run
from .output import open_output, refuse_input
from .progress import progress
from .report import Report
from .source import Source, open_source


def check(
    *,
    file: Annotated[
        str | None, typer.Argument(help="CSV file; - for the standard input.", metavar="FILE", show_default=False)
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Check against a sandbox on this machine; without FILE, its demo fleet.")
    ] = False,
    output: Annotated[
        str | None, typer.Option(help="Write one JSON object a line to this file; - for stdout.", metavar="FILE")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an output file that holds something.")] = False,
    concurrency: Annotated[int, typer.Option(help="Rows under way at once.", metavar="NUMBER", min=1)] = (
        DEFAULT_CONCURRENCY
    ),
    base_url: options.BaseUrl = None,
    public_key: options.PublicKey = None,
    unverified: options.Unverified = False,
    timeout: options.Timeout = 30.0,
) -> None:
    """Check many devices. A feature that floats gives each device a slot: this TAKES SLOTS.

    The first line of FILE names its columns: product, hardware_id, license_key and/or username, feature. A row without
    a feature is a bundle check. Other columns are ignored.

    Exits with 0 when all rows were checked, whatever the answers; 1 when some ended in an error; 2 for wrong usage; 4
    for refused credentials or a wrong signature, which ends the run at once; 130 when interrupted.
    """
    with reported():
        if sandbox and (base_url is not None or public_key is not None or unverified):
            raise typer.BadParameter("--sandbox brings its own address and key; leave the connection options out")
        refuse_input(output, file)
        source = open_source(file, demo=sandbox)
        service = (
            embedded(timeout=timeout, concurrency=concurrency)
            if sandbox
            else connect(
                base_url=base_url,
                public_key=public_key,
                verify=not unverified,
                timeout=timeout,
                concurrency=concurrency,
            )
        )
        _run(service, source, output, force=force, concurrency=concurrency)


def _run(
    service: AbstractAsyncContextManager[LicenseSpring],
    source: Source,
    output: str | None,
    *,
    force: bool,
    concurrency: int,
) -> None:
    """Check the rows, print what came of it, and exit with its code."""
    summary = Summary()
    # What stdout is for when it takes the results, nothing else may go there.
    report = Report(ERR if output == "-" else OUT, summary, source.total, output)
    try:
        with open_output(output, force=force) as write, progress(source.total) as show:

            def take(result: Result) -> None:
                write(result)
                summary.add(result)
                show(summary)

            run(_check, service, source, concurrency, take)
    except LicenseSpringError:
        report.print(is_complete=False)
        raise
    except KeyboardInterrupt:
        report.print(is_complete=False)
        report.print_interrupted()
        raise
    report.print(is_complete=True)
    if summary.of(Outcome.ERROR):
        raise typer.Exit(Code.ERRORS)


async def _check(
    service: AbstractAsyncContextManager[LicenseSpring],
    source: Source,
    concurrency: int,
    take: Callable[[Result], None],
) -> None:
    async with (
        service as client,
        source.rows as rows,
        check_many(client, rows, concurrency=concurrency) as results,
    ):
        async for result in results:
            take(result)
