"""Run `fleet check` or `fleet retry`: from a job to results, journal and exit code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import attrs
import typer

from ...errors import ConfigurationError, LicenseSpringError
from ...file_writing import remove_leftovers
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
from ...fleet.checking.verdicts import ABORTED, INVALID_ROW
from ...fleet.rows.supply import Rows
from ...redaction import current_salt, salted
from ..console import ERR, OUT, complain, say
from ..exits import Code, run
from ..saving import STDOUT
from ..wording import counted
from .closing_table import Report
from .ends import Ends
from .feed import feed
from .meter import Meter
from .output import journal_of, open_output, refuse_loss
from .parquet_output import Write
from .progress import Show, Shown, progress
from .source import Source
from .summary_file import Record, State

_TO_RETRY = "`licensespring-async fleet retry` with the same arguments checks the rows with an error again."
_TICK = 0.1  # seconds; `progress` decides how often it shows something


@attrs.frozen(kw_only=True)
class Job:
    """What to run.

    Attributes:
        survey: The survey of the rows, or None for a stream.
        identity: Options that must not change when the run resumes; the rows are added.
        is_retry: Whether to check again the rows that ended in an error.
        has_own_salt: Whether the user gave the salt of fingerprints.
        shown: How to show progress.
        about: More fields for the summary file.
        kept: Columns of the input that the results have.
        next_step: Advice to print at the end.
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

    def rows(self, finished: Finished) -> Iterator[Row | InvalidRow]:
        """Read the rows to check."""
        rows = self.source.rows if self.survey is None else self.survey.distinct()
        return (row for row in rows if row.row not in finished) if finished else rows


def perform(job: Job) -> None:
    """Run a job, print its summary, and exit with its code.

    Raises:
        LicenseSpringError: It cannot be run, or an error ended it.
        KeyboardInterrupt: A signal ended it.
        typer.Exit: It ended; this carries its exit code.
    """
    with ExitStack() as stack:
        current = _Run(job, _open_journal(job, stack))
        current.check()
    if current.abort:
        complain(f"{current.abort}; the remaining rows were not checked.")
    raise typer.Exit(current.code())


def _open_journal(job: Job, stack: ExitStack) -> Journal | None:
    path = journal_of(job.output)
    if job.is_retry and (job.survey is None or path is None or not path.exists()):
        raise ConfigurationError("fleet retry: there is no journal; give the FILE and the --output of the check")
    if path is not None and job.force:
        Journal.discard(path)
    if path is None or job.survey is None:
        return None
    if not job.force and not path.exists():
        refuse_loss(str(job.output))
    identity = {"rows": f"{job.survey.rows:,}", "content": job.survey.fingerprint} | job.identity
    journal = stack.enter_context(Journal(path, identity))
    salt = journal.salt(current_salt())
    if job.has_own_salt and salt != current_salt():
        raise ConfigurationError(
            f"--salt: the fingerprints in {path} have another salt; leave --salt out to keep that one, or start over "
            "with --force"
        )
    stack.enter_context(salted(salt))
    with suppress(OSError):  # a directory that cannot be listed
        remove_leftovers(Path(str(job.output)))
    return journal


class _Ledger:
    """Copies a result to the duplicates of its row, and writes them all to the journal."""

    def __init__(self, survey: Survey | None, journal: Journal | None) -> None:
        self._survey = survey
        self._writer = None if journal is None else Writer(journal)

    async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
        results = [result] if self._survey is None else self._survey.with_copies(result)
        if not is_final:
            # The error that ended the run belongs to one row; its duplicates were not checked.
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
        self._finished = Finished() if journal is None else journal.finished(except_errors=job.is_retry)
        self._is_resumed = job.is_retry or len(self._finished) > 0
        self._earlier = len(self._finished)

    def check(self) -> None:
        """Check the rows that have no result yet, and print the summary of all."""
        job, summary, earlier = self._job, self._summary, self._earlier
        total = None if job.survey is None else job.survey.rows
        # If results go to stdout, nothing else may go there.
        is_clear = job.output != STDOUT or job.shown is not Shown.JSON
        report = Report(ERR if job.output == STDOUT else OUT, summary, total, job.output, earlier=earlier)
        meter = Meter(summary, total=total, pace=self._pace, earlier=earlier, clock=time.monotonic)
        record = Record(job.output, job.about, summary, meter, is_resumed=self._is_resumed)
        with ExitStack() as stack:
            write = stack.enter_context(self._written())
            # Only once the output is ours; and around its closing, which may fail too.
            with record.kept(self._ends), stack.pop_all():
                if self._finished and not job.is_retry:
                    say(ERR, f"Resuming: {earlier:,} of {total or 0:,} rows already have a result.")
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
            if self._journal is not None and self._may_be_retried:
                say(ERR, _TO_RETRY)

    @property
    def _may_be_retried(self) -> bool:
        tallies = self._summary.tallies()
        return any(each.outcome is Outcome.ERROR and each.code != INVALID_ROW for each in tallies)

    def code(self) -> Code:
        """Return the run's exit code."""
        if self.abort:
            return Code.ABORTED
        if self._summary.of(Outcome.ERROR):
            return Code.ERRORS
        is_refused = self._summary.of(Outcome.NOT_LICENSED) > 0
        return Code.NOT_LICENSED if is_refused and self._job.ends.fails_on_no else Code.OK

    @contextmanager
    def _written(self) -> Generator[Write]:
        job, journal = self._job, self._journal
        opened = partial(open_output, job.output, force=job.force or journal is not None, kept=job.kept)
        earlier = self._restored()
        if not job.is_retry or journal is None:
            with opened(earlier=earlier) as write:
                yield write
            return
        for _ in earlier:
            pass
        try:
            yield lambda _: None
        finally:
            # Rows whose retry did not happen keep their old error: write everything that the journal has.
            with opened(earlier=journal.results()):
                pass

    def _restored(self) -> Iterator[Result]:
        """Yield the results of the earlier run as they are counted."""
        if self._journal is not None:
            for result in self._journal.results(except_errors=self._job.is_retry):
                self._summary.add(result)
                yield result

    def _ends(self) -> tuple[State, str, Code]:
        return State.ABORTED if self.abort else State.COMPLETE, self.abort, self.code()

    def _pace(self) -> Pace | None:
        return None if self._checks is None else self._checks.pace

    def _drain(self) -> bool:
        """Finish the rows under way and end; return false if this was asked for before."""
        if self._is_draining:
            return False
        self._is_draining = True
        if self._checks is not None:
            self._checks.stop()
            if under_way := self._checks.pace.under_way:
                say(ERR, f"Finishing the {counted(under_way, 'row')} under way; press Ctrl-C again to end at once.")
        return True

    async def _check(self, write: Write, show: Show) -> None:
        job, summary = self._job, self._summary
        async with job.checker as checker, _supplied(job, self._finished) as rows:
            ledger = _Ledger(job.survey, self._journal)
            self._checks = check_with(checker, rows, retries=job.ends.retries, ledger=ledger)
            if self._is_draining:
                self._checks.stop()
            errors_before = summary.of(Outcome.ERROR)
            async with self._checks as results:
                with _repeated(show):
                    async for result in results:
                        batch = [result, *results.at_hand()]
                        write(batch)
                        for each in batch:
                            summary.add(each)
                            if each.outcome is Outcome.ERROR and not self.abort:
                                self._judge(summary.of(Outcome.ERROR) - errors_before, summary.rows - self._earlier)

    def _judge(self, errors: int, rows: int) -> None:
        self.abort = self._job.ends.broken_by(errors, rows)
        if self.abort and self._checks is not None:
            self._checks.skip(f"not checked: {self.abort}")


@contextmanager
def _told(report: Report, *, is_clear: bool, goes_on: bool) -> Generator[None]:
    """Print the summary when the run ends early."""
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
            say(ERR, "Run the same command again to resume.")
        raise


@contextmanager
def _repeated(show: Show) -> Generator[None]:
    """Show the progress throughout the block, even while no result comes: a pause may last an hour."""
    # A timer instead of a task: a task group would wrap the errors of the block.
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
async def _supplied(job: Job, finished: Finished) -> AsyncGenerator[Rows]:
    rows = job.rows(finished)
    if not job.source.is_stream:
        yield rows
        return
    async with feed(rows) as fed:
        yield fed
