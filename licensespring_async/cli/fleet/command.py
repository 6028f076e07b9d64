"""`fleet check`: many devices. `fleet retry`: those of them that have no answer yet."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import attrs
import typer

from ...configuration import checked_timeout
from ...fleet import Survey
from ...redaction import SALT_VARIABLE, salted
from ..commands import Group, command
from ..connection import Connection
from ..console import ERR, OUT, say, speak_json
from ..exits import Code
from ..file_names import file_name, refuse_overwriting
from ..saving import STDOUT
from .checkers import Service
from .ends import Ends
from .output import files_of_run, refuse_format
from .pacing import Pace
from .preflight import Slots, complaints, outlook
from .progress import Shown
from .run import Job, perform
from .source import Rows, warnings_told
from .summary_file import command_of

_AFTER_THE_DEMO: Final = (
    "Next: keep the results with --output results.jsonl, and view them with `licensespring-async fleet report "
    "results.jsonl`. For your own devices, start with `licensespring-async fleet check devices.csv --dry-run`."
)


@attrs.frozen(kw_only=True)
class Fleet(Group):
    """Options of a check and of a retry: what to check, how, and where the results go."""

    rows: Rows
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Check against a sandbox on this machine; without FILE, check its demo fleet."),
    ] = False
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the results to a .csv or .parquet file, or as JSONL to any other; - for stdout. A journal and "
            "a summary are written beside the file.",
            metavar="FILE",
            parser=file_name,
        ),
    ] = None
    shown: Annotated[
        Shown,
        typer.Option("--progress", help="Progress on stderr; auto is a bar on a terminal and plain lines elsewhere."),
    ] = Shown.AUTO
    salt: Annotated[
        str | None,
        typer.Option(
            help="Secret text that makes fingerprints comparable between runs. Default: random, stored in the journal.",
            metavar="TEXT",
            envvar=SALT_VARIABLE,
        ),
    ] = None
    pace: Pace
    ends: Ends
    slots: Slots
    connection: Connection

    @property
    def is_first_look(self) -> bool:
        """Whether this checks the demo without an output."""
        return self.sandbox and self.rows.file is None and self.rows.sql is None and self.output is None

    def service(self) -> Service:
        """Return the service to ask.

        Raises:
            ConfigurationError, typer.BadParameter: Options contradict each other, or the output cannot be written.
        """
        if self.sandbox:
            self.connection.refuse_beside_sandbox()
        checked_timeout(self.pace.timeout)
        refuse_format(self.output)
        if self.output not in (None, STDOUT):
            read = self.rows.files() | self.connection.files()
            refuse_overwriting(str(self.output), files_of_run(Path(str(self.output))), read)
        return Service(is_sandbox=self.sandbox, connection=self.connection, pace=self.pace, release=self.slots.release)

    def about(self, service: Service) -> dict[str, object]:
        """Return the options for the summary file."""
        limits, ends = service.limits, self.ends
        return {
            "service": service.name,
            "verify_signatures": not self.connection.unverified,
            "release": self.slots.release,
            "keep": list(self.rows.kept),
            "concurrency": self.pace.bounds.most,
            "rate_limits": None if limits is None else [[each.limit, each.seconds] for each in limits.windows],
            "timeout": self.pace.timeout,
            "retries": ends.retries,
            "max_errors": ends.max_errors,
            "max_error_rate": ends.max_error_rate,
        }

    def identity(self, service: Service) -> dict[str, str]:
        """Return the options that must not change when a run resumes from its journal."""
        kept = self.rows.kept
        return {
            "service": service.name,
            "signatures": "not verified" if self.connection.unverified else "verified",
            "slots": "released" if self.slots.release else "kept",
            **({"columns": ", ".join(kept)} if kept else {}),
        }


@command
def check(
    *,
    context: typer.Context,
    fleet: Fleet,
    force: Annotated[
        bool, typer.Option("--force", help="Start over: replace an existing output file and its journal.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be checked, and send nothing.")] = False,
) -> None:
    """Check many devices. A device takes a slot of each floating feature or license: this TAKES SLOTS.

    FILE has the columns product, hardware_id, license_key or username, feature, and if needed license_id and
    bundle_code. CSV and TSV name them in the first line; JSONL has one object per line. A row without a feature is a
    bundle check, unless a column named check says "license". Other columns are ignored. Duplicate rows are checked
    once.

    With --output, the same command resumes a run that was interrupted or killed. Ctrl-C finishes the rows under way
    first; a second Ctrl-C ends at once.

    Exits with 0 when all rows were checked, whatever the answers; 1 when some ended in an error, or --dry-run found
    invalid rows; 2 for wrong usage; 3 when --max-errors or --max-error-rate ended the run; 4 for refused credentials or
    a wrong signature, which end it at once; 5 for a no with --fail-on not_licensed; 130 when interrupted.
    """
    _run(context, fleet, force=force, dry_run=dry_run)


@command
def retry(*, context: typer.Context, fleet: Fleet) -> None:
    """Check again the rows that ended in an error. Give the same FILE, --output and options as for the check.

    Rows that the check did not reach are checked too. The output then has the new results beside the other rows. This
    TAKES SLOTS as a check does, and exits with the same codes.
    """
    _run(context, fleet, is_retry=True)


def _run(
    context: typer.Context, fleet: Fleet, *, force: bool = False, dry_run: bool = False, is_retry: bool = False
) -> None:
    if fleet.shown is Shown.JSON:
        speak_json()
    service = fleet.service()
    limits = service.limits
    with ExitStack() as stack:
        if fleet.salt:
            stack.enter_context(salted(fleet.salt))
        stack.enter_context(warnings_told())
        source = stack.enter_context(fleet.rows.opened(has_demo=fleet.sandbox))
        if dry_run and source.is_stream:
            raise typer.BadParameter("--dry-run reads the rows, but a stream can be read only once; name a file")
        survey = None if source.is_stream else stack.enter_context(Survey(source.rows))
        if survey is not None:
            for line in [outlook(survey, limits, release=service.release), *complaints(survey)]:
                say(OUT if dry_run else ERR, line)
        if dry_run:
            raise typer.Exit(Code.ERRORS if survey is not None and survey.invalid else Code.OK)
        if fleet.output is None:
            say(ERR, "Without --output, only the counts are kept.")
        checker = service.checker()
        if not fleet.sandbox:
            fleet.slots.agree(survey)
        perform(
            Job(
                checker=checker,
                source=source,
                survey=survey,
                identity=fleet.identity(service),
                output=fleet.output,
                force=force,
                is_retry=is_retry,
                has_own_salt=bool(fleet.salt),
                ends=fleet.ends,
                shown=fleet.shown,
                about={"command": command_of(context), "output": fleet.output, "options": fleet.about(service)},
                kept=fleet.rows.kept,
                next_step=_AFTER_THE_DEMO if fleet.is_first_look else "",
            )
        )
