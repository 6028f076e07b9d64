"""A run of `fleet check` or `fleet retry`: from what was asked for to results, journal and exit code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager

import attrs
import typer

from ...errors import ConfigurationError, LicenseSpringError
from ...fleet import (
    Checker,
    Checks,
    Finished,
    InvalidRow,
    Journal,
    Outcome,
    Pace,
    Result,
    Row,
    Summary,
    Survey,
    Writer,
    check_with,
)
from ...fleet.checking.verdicts import ABORTED
from ...fleet.rows.supply import Rows
from ...redaction import current_salt, salted
from ..console import ERR, OUT, complain, say
from ..exits import Code, run
from ..wording import counted
from .closing_table import Report
from .ends import Ends
from .feed import feed
from .meter import Meter
from .output import STDOUT, journal_of, open_output, refuse_loss
from .progress import Show, Shown, progress
from .source import Source
from .summary_file import Record, State

_TICK = 0.1  # seconds; how often something is shown is up to what shows it


@attrs.frozen(kw_only=True)
class Job:
    """What to run.

    Attributes:
        survey: What is known of the rows, or None of a stream.
        identity: Options that make another run of it; the rows are added.
        is_retry: Whether only rows that ended in an error are checked.
        has_own_salt: Whether the user says what fingerprints are salted with.
        shown: How progress is shown.
        about: What the summary says of it beside what came of it.
        kept: Columns of the input that the results have.
        next_step: What people are told at its end.
    """

    checker: AbstractAsyncContextManager[Checker]
    source: Source
    survey: Survey | None
    identity: dict[str, str]
    output: str | None
    force: bool
    is_retry: bool
    has_own_salt: bool
    ends: Ends
    shown: Shown
    about: Mapping[str, object]
    kept: Sequence[str] = ()
    next_step: str = ""

    def rows(self, finished: Finished, wanted: Finished | None) -> Iterator[Row | InvalidRow]:
        """Read the rows that are to be checked."""
        given = self.source.read()
        rows = given if self.survey is None else self.survey.distinct(given)
        return (row for row in rows if row.row not in finished and (wanted is None or row.row in wanted))


def perform(job: Job) -> None:
    """Run a job, print what came of it, and exit with its code.

    Raises:
        LicenseSpringError: It cannot be run, or ended early.
        KeyboardInterrupt: A signal ended it.
        typer.Exit: It ended otherwise than in success.
    """
    with ExitStack() as stack:
        current = _Run(job, _open_journal(job, stack))
        current.check()
    if current.abort:
        complain(f"{current.abort}; the rows that are left were not checked.")
    raise typer.Exit(current.code())


def _open_journal(job: Job, stack: ExitStack) -> Journal | None:
    path = None if job.survey is None else journal_of(job.output)
    if job.is_retry and (path is None or not path.exists()):
        raise ConfigurationError("fleet retry: there is no journal; give the FILE and the --output of the check")
    if path is None or job.survey is None:
        return None
    if job.force:
        Journal.discard(path)
    elif not path.exists():
        refuse_loss(str(job.output))
    identity = {"rows": f"{job.survey.rows:,}", "content": job.survey.fingerprint} | job.identity
    journal = stack.enter_context(Journal(path, identity))
    salt = journal.salt(current_salt())
    if job.has_own_salt and salt != current_salt():
        raise ConfigurationError(
            f"--salt: the results in {path} were named with another one; leave it out to go on with that, or start "
            "anew with --force"
        )
    stack.enter_context(salted(salt))
    return journal


class _Ledger:
    """Copies a result to the duplicates of its row, and keeps all of them in the journal."""

    def __init__(self, survey: Survey | None, journal: Journal | None) -> None:
        self._survey = survey
        self._writer = None if journal is None else Writer(journal)

    async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
        results = [result] if self._survey is None else self._survey.with_copies(result)
        if not is_final:
            # The error that ended the run happened to one row; its duplicates were not checked.
            why = "not checked: the run had ended"
            copies = [attrs.evolve(each, outcome=Outcome.SKIPPED, code=ABORTED, message=why) for each in results[1:]]
            return [result, *copies]
        if self._writer is not None:
            await self._writer.write(results)
        return results


class _Run:
    def __init__(self, job: Job, journal: Journal | None) -> None:
        self._job = job
        self._journal = journal
        self._summary = Summary()
        self._checks: Checks | None = None
        self._is_draining = False
        self.abort = ""
        done = Finished() if journal is None else journal.finished()
        self._wanted = journal.finished(only=Outcome.ERROR) if journal is not None and job.is_retry else None
        self._finished = done if self._wanted is None else Finished()
        self._is_resumed = len(done) > 0
        self._earlier = len(done) - len(self._wanted or ())

    def check(self) -> None:
        """Check the rows that have no result yet, and print what came of all."""
        job, summary, earlier = self._job, self._summary, self._earlier
        total = None if job.survey is None else job.survey.rows
        # What stdout is for when it takes the results, nothing else may go there.
        is_clear = job.output != STDOUT or job.shown is not Shown.JSON
        report = Report(ERR if job.output == STDOUT else OUT, summary, total, job.output, earlier=earlier)
        meter = Meter(summary, total=total, pace=self._pace, earlier=earlier, clock=time.monotonic)
        record = Record(job.output, job.about, summary, meter, is_resumed=self._is_resumed)
        with ExitStack() as stack:
            write = stack.enter_context(self._written())
            # Not before the output is known to be ours, and with its end, which may fail as well.
            with record.kept(self._ends), stack.pop_all():
                if self._journal is not None:
                    for result in self._journal.results(except_errors=job.is_retry):
                        write(result)
                        summary.add(result)
                if self._finished:
                    say(ERR, f"Resuming: {earlier:,} of {total or 0:,} rows have their result already.")
                with (
                    _told(report, is_clear=is_clear, goes_on=self._journal is not None),
                    progress(meter, job.shown) as show,
                ):
                    run(self._check, write, show, drain=self._drain)
                    if self._is_draining:
                        raise KeyboardInterrupt
        if is_clear:
            report.print(is_complete=True)
            if self._job.next_step:
                say(ERR, self._job.next_step)

    def code(self) -> Code:
        """Return what the run's exit code says."""
        if self.abort:
            return Code.ABORTED
        if self._summary.of(Outcome.ERROR):
            return Code.ERRORS
        is_refused = self._summary.of(Outcome.NOT_LICENSED) > 0
        return Code.NOT_LICENSED if is_refused and self._job.ends.fails_on_no else Code.OK

    @contextmanager
    def _written(self) -> Generator[Callable[[Result], None]]:
        job = self._job
        if not job.is_retry:
            with open_output(job.output, force=job.force or self._journal is not None, kept=job.kept) as write:
                yield write
            return
        try:
            yield lambda _: None
        finally:
            # Errors that were not retried are still results: the journal has them all.
            with open_output(job.output, force=True, kept=job.kept) as write:
                for result in self._journal.results() if self._journal is not None else ():
                    write(result)

    def _ends(self) -> tuple[State, str, Code]:
        return State.ABORTED if self.abort else State.COMPLETE, self.abort, self.code()

    def _pace(self) -> Pace | None:
        return None if self._checks is None else self._checks.pace

    def _drain(self) -> bool:
        """End the run in order; false when that was asked for before."""
        if self._is_draining:
            return False
        self._is_draining = True
        if self._checks is not None:
            self._checks.stop()
            if under_way := self._checks.pace.under_way:
                say(ERR, f"Ending with the {counted(under_way, 'row')} under way; Ctrl-C again ends at once.")
        return True

    async def _check(self, write: Callable[[Result], None], show: Show) -> None:
        job, summary = self._job, self._summary
        async with job.checker as checker, _supplied(job, self._finished, self._wanted) as rows:
            ledger = _Ledger(job.survey, self._journal)
            self._checks = check_with(checker, rows, retries=job.ends.retries, ledger=ledger)
            if self._is_draining:
                self._checks.stop()
            errors_before = summary.of(Outcome.ERROR)
            async with self._checks as results:
                with _repeated(show):
                    async for result in results:
                        write(result)
                        summary.add(result)
                        if result.outcome is Outcome.ERROR and not self.abort:
                            self._judge(summary.of(Outcome.ERROR) - errors_before, summary.rows - self._earlier)

    def _judge(self, errors: int, rows: int) -> None:
        self.abort = self._job.ends.broken_by(errors, rows)
        if self.abort and self._checks is not None:
            self._checks.skip(f"not checked: {self.abort}")


@contextmanager
def _told(report: Report, *, is_clear: bool, goes_on: bool) -> Generator[None]:
    """Print how far a run came when it does not come to its end."""
    try:
        yield
    except LicenseSpringError:
        if is_clear:
            report.print(is_complete=False)
        raise
    except KeyboardInterrupt:
        if is_clear:
            report.print(is_complete=False)
        report.print_interrupted()
        if goes_on:
            say(ERR, "The same command goes on from here.")
        raise


@contextmanager
def _repeated(show: Show) -> Generator[None]:
    """Show how far the run is all through the block, also while no result comes: a pause may last an hour."""
    # A timer and no task: a group would wrap the errors of the block.
    loop = asyncio.get_running_loop()

    def again() -> None:
        show()
        timers[0] = loop.call_later(_TICK, again)

    timers = [loop.call_later(_TICK, again)]
    try:
        yield
    finally:
        timers[0].cancel()


@asynccontextmanager
async def _supplied(job: Job, finished: Finished, wanted: Finished | None) -> AsyncGenerator[Rows]:
    rows = job.rows(finished, wanted)
    if not job.source.is_stream:
        yield rows
        return
    async with feed(rows) as fed:
        yield fed
