"""`fleet check`: many devices. `fleet retry`: those of them that ended in an error."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, Any, get_type_hints

import typer

from ...fleet import Concurrency, Format, Survey
from ...redaction import SALT_VARIABLE, salted
from .. import options
from ..connection import origin_of
from ..console import ERR, OUT, say, speaking_json
from ..exits import reported
from .checkers import Service, here, on_dask
from .output import refuse_input
from .pacing import by_sharer, limits_from
from .preflight import ask_for_slots, complaints, outlook
from .progress import Shown
from .run import Job, Rules, perform
from .source import open_source
from .summary_file import command_of

_ROWS = "Rows"
_PACE = "Pace"
_ENDS = "When it ends early"
_SLOTS = "Floating slots"


def check(
    context: typer.Context,
    *,
    file: Annotated[
        str | None,
        typer.Argument(
            help="CSV, .tsv, .jsonl or .parquet file, packed (.gz, .zst) or not; - for the standard input.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(help="Check the rows of a query instead of FILE.", metavar="QUERY", rich_help_panel=_ROWS),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="SQLAlchemy URL of its database. The variable keeps a password out of the list of processes.",
            metavar="URL",
            envvar="LICENSESPRING_DATABASE",
            rich_help_panel=_ROWS,
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="What FILE is; by default its name tells, CSV without one.", rich_help_panel=_ROWS),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="What FILE or QUERY calls a column: hardware_id=serial; may be repeated.",
            metavar="COLUMN=NAME",
            rich_help_panel=_ROWS,
        ),
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Check against a sandbox on this machine; without FILE, its demo fleet.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            help="Write the results: JSONL, CSV to a .csv, Parquet to a .parquet; - for stdout. A journal and a "
            "summary are written beside it.",
            metavar="FILE",
        ),
    ] = None,
    shown: Annotated[
        Shown,
        typer.Option("--progress", help="A bar on a terminal and plain lines elsewhere, or one of them; on stderr."),
    ] = Shown.AUTO,
    salt: Annotated[
        str | None,
        typer.Option(
            help="Any secret text: results of all runs with it name a key or device by the same fingerprint. Default: "
            "random, and kept in the journal.",
            metavar="TEXT",
            envvar=SALT_VARIABLE,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Start anew: replace an output file that holds something, and its journal.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be checked, and send nothing.")] = False,
    concurrency: Annotated[
        int | None,
        typer.Option(
            help="Most rows under way at once. Default: found, from 16 to 128.",
            metavar="NUMBER",
            min=1,
            rich_help_panel=_PACE,
        ),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(
            help="Keep to a plan's rate: free, business-starter, business-plus, enterprise.",
            metavar="NAME",
            rich_help_panel=_PACE,
        ),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep to this rate; may be repeated. Default: 200/10 and 50/1, which hold on every plan.",
            metavar="NUMBER/SECONDS",
            rich_help_panel=_PACE,
        ),
    ] = None,
    unlimited: Annotated[
        bool, typer.Option("--unlimited", help="No rate, for a server of one's own.", rich_help_panel=_PACE)
    ] = False,
    retries: Annotated[
        int,
        typer.Option(
            help="How often a row whose error may pass is tried again, behind all others.",
            metavar="NUMBER",
            min=0,
            rich_help_panel=_ENDS,
        ),
    ] = 1,
    max_errors: Annotated[
        int | None, typer.Option(help="End when more rows fail.", metavar="NUMBER", min=0, rich_help_panel=_ENDS)
    ] = None,
    max_error_rate: Annotated[
        float | None,
        typer.Option(
            help="End when a greater share of rows fails, of 100 or more.",
            metavar="SHARE",
            min=0.0,
            max=1.0,
            rich_help_panel=_ENDS,
        ),
    ] = None,
    fail_on: options.FailOn = None,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            help="Check on the workers of a Dask cluster, whose rates are divided: a scheduler's address, or local for "
            "processes of this machine (local:4 for four). Workers take the credentials from their own environment.",
            metavar="SCHEDULER",
            rich_help_panel=_PACE,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Agree to take floating slots.", rich_help_panel=_SLOTS)
    ] = False,
    release: Annotated[
        bool,
        typer.Option(
            "--release",
            help="Give each feature's floating slot back after its check, also one that the device held before; those "
            "that bundle checks take are kept.",
            rich_help_panel=_SLOTS,
        ),
    ] = False,
    base_url: options.BaseUrl = None,
    public_key: options.PublicKey = None,
    unverified: options.Unverified = False,
    timeout: Annotated[
        float,
        typer.Option(
            help="Time for one row, retries included; waiting for the rate does not count.",
            metavar="SECONDS",
            rich_help_panel=_PACE,
        ),
    ] = 30.0,
    is_retry: Annotated[bool, typer.Option("--retry-errors", hidden=True)] = False,
) -> None:
    """Check many devices. What floats, a feature or a bundle's licenses, gives each device a slot: this TAKES SLOTS.

    FILE has the columns product, hardware_id, license_key and/or username, feature, and where they are needed
    license_id and bundle_code; CSV and TSV name them in the first line, JSONL has an object a line. A row without a
    feature is a bundle check. Other columns are ignored. Rows that ask the same are checked once.

    With --output, a run that was interrupted or killed goes on where it was when the same command is given again.
    Ctrl-C once finishes the rows under way, twice ends at once.

    Exits with 0 when all rows were checked, whatever the answers; 1 when some ended in an error; 2 for wrong usage; 3
    when --max-errors or --max-error-rate ended the run; 4 for refused credentials or a wrong signature, which ends it
    at once; 5 for a no with --fail-on not_licensed; 130 when interrupted.
    """
    with speaking_json(shown is Shown.JSON), reported(), ExitStack() as stack:
        if sandbox and (base_url is not None or public_key is not None or unverified):
            raise typer.BadParameter("--sandbox brings its own address and key; leave the connection options out")
        refuse_input(output, file)
        if salt:
            stack.enter_context(salted(salt))
        limits = limits_from(plan=plan, rates=rate or (), unlimited=unlimited, is_embedded=sandbox)
        source = stack.enter_context(
            open_source(file, sql=sql, database=database, demo=sandbox, columns=mapping or (), format=format)
        )
        if dry_run and source.is_stream:
            raise typer.BadParameter("--dry-run reads the rows, and a stream can be read only once; name a file")
        survey = None if source.is_stream else stack.enter_context(Survey(source.read()))
        if survey is not None:
            for line in [outlook(survey, limits, release=release), *complaints(survey)]:
                say(OUT if dry_run else ERR, line)
        if dry_run:
            return
        bounds = Concurrency() if concurrency is None else Concurrency.upto(concurrency)
        service = Service(
            is_sandbox=sandbox,
            base_url=base_url,
            public_key=public_key,
            verify=not unverified,
            timeout=timeout,
            bounds=bounds,
            release=release,
            limits=limits,
            shared=by_sharer(limits, has_own_rates=bool(rate) and plan is None),
        )
        checker = here(service) if dask is None else on_dask(dask, service)
        if not sandbox:
            ask_for_slots(survey, release=release, yes=yes)
        about = {
            "command": command_of(context),
            "output": output,
            "options": {
                "service": "a sandbox of its own" if sandbox else origin_of(base_url).rstrip("/"),
                "verify_signatures": not unverified,
                "release": release,
                "concurrency": bounds.most,
                "rate_limits": None if limits is None else [[each.limit, each.seconds] for each in limits.windows],
                "timeout": timeout,
                "retries": retries,
                "max_errors": max_errors,
                "max_error_rate": max_error_rate,
            },
        }
        perform(
            Job(
                checker=checker,
                source=source,
                survey=survey,
                identity={
                    "service": "a sandbox of its own" if sandbox else origin_of(base_url).rstrip("/"),
                    "signatures": "not verified" if unverified else "verified",
                    "slots": "released" if release else "kept",
                },
                output=output,
                force=force,
                is_retry=is_retry,
                retries=retries,
                has_own_salt=bool(salt),
                shown=shown,
                about=about,
                rules=Rules(max_errors=max_errors, max_error_rate=max_error_rate, fail_on=fail_on),
            )
        )


def _retrying(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the same options, except for those that only a first run has."""
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    kept = [
        each.replace(annotation=hints[name])
        for name, each in signature.parameters.items()
        if name not in ("is_retry", "force", "dry_run")
    ]

    @functools.wraps(command)
    def retry(**given: Any) -> None:
        command(**given, is_retry=True, force=False, dry_run=False)

    del retry.__wrapped__  # typer would look behind it
    retry.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    retry.__annotations__ = {each.name: hints[each.name] for each in kept} | {"return": None}
    retry.__name__ = "retry"
    retry.__doc__ = (
        "Check the rows again that ended in an error: give the FILE, --output and options of the check.\n\n"
        "The output then has the new results of these rows beside the others. This TAKES SLOTS as a check does, and "
        "exits with the same codes."
    )
    return retry


retry = _retrying(check)
