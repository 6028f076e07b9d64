"""The file `.summary.json` beside the results of a run, for other programs and for `fleet report`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, cast

import typer

from ..._version import __version__
from ...errors import ConfigurationError, LicenseSpringError
from ...file_writing import Replacement
from ...fleet import Summary
from ...fleet.report import Origin, summary_of
from ...redaction import fingerprint
from ..console import warn
from ..exits import Code, code_of
from ..saving import STDOUT, unwritable
from ..spoken import told
from .meter import Meter

_HIDDEN: Final = "***"
_SECRET: Final = frozenset({"database", "salt"})
_USER = re.compile(r"(?<=//)[^/@]*@")


class State(StrEnum):
    """State of a run; a killed run stays `running`."""

    RUNNING = "running"
    COMPLETE = "complete"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


def command_of(context: typer.Context) -> str:
    """Return the command line, quoted for a shell; passwords are hidden, and a query becomes a fingerprint."""
    words = context.command_path.split()
    for each in context.command.params:
        name = each.name or ""
        value: object = context.params.get(name)
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        for one in cast("list[object]", value) if isinstance(value, list) else [value]:
            words += [] if each.param_type_name == "argument" else each.opts[:1]
            words += [] if isinstance(one, bool) else [_shown(name, one)]
    return shlex.join(words)


class Record:
    """The summary file of a run; it says `running` until the run has ended.

    Args:
        output: Name of the output, or None; without a regular file there is no summary.
        about: Fields known before the run: the command, the options.
        summary: The counts.
        meter: Measures the progress.
        is_resumed: Whether rows were checked before; then the start comes from the existing summary.
    """

    def __init__(
        self, output: str | None, about: Mapping[str, object], summary: Summary, meter: Meter, *, is_resumed: bool
    ) -> None:
        is_file = output not in (None, STDOUT) and (Path(str(output)).is_file() or not Path(str(output)).exists())
        self._path = summary_of(Path(str(output))) if is_file else None
        self._about = about
        self._summary = summary
        self._meter = meter
        earlier = Origin.of(Path(str(output))) if is_file and is_resumed else None
        self._began = (earlier and earlier.began) or _now()

    @contextmanager
    def kept(self, ends: Callable[[], tuple[State, str, Code]]) -> Generator[None]:
        """Write the summary before and after the block, even if an error or a signal ends it.

        Args:
            ends: Returns state, reason and exit code of a run that reached its end.

        Raises:
            ConfigurationError: It cannot be written, and the block did not raise.
        """
        self._write(State.RUNNING, "", None)
        try:
            yield
        except LicenseSpringError as error:
            self._try_to_write(State.FAILED, told(error), code_of(error))
            raise
        except KeyboardInterrupt:
            self._try_to_write(State.INTERRUPTED, "by a signal", Code.INTERRUPTED)
            raise
        self._write(*ends())

    def _try_to_write(self, state: State, reason: str, code: Code) -> None:
        try:
            self._write(state, reason, code)
        except ConfigurationError as error:  # must not hide why the run ended; both may have the same cause
            warn(str(error))

    def _write(self, state: State, reason: str, code: Code | None) -> None:
        if self._path is None:
            return
        text = json.dumps(self._fields(state, reason, code), indent=2)
        try:
            with Replacement(self._path) as new:
                new.file.write(f"{text}\n".encode())
        except OSError as e:
            raise unwritable(str(self._path), e) from e

    def _fields(self, state: State, reason: str, code: Code | None) -> dict[str, Any]:
        status = self._meter.read()
        checked = status.rows - status.earlier
        return {
            "version": __version__,
            "state": state,
            "complete": state is State.COMPLETE,
            "reason": reason,
            "exit_code": code,
            "began": self._began,
            "ended": None if state is State.RUNNING else _now(),
            "seconds": round(status.elapsed, 3),
            "rows": status.rows,
            "total": status.total,
            "earlier": status.earlier,
            "rate": round(checked / status.elapsed, 3) if status.elapsed else 0.0,
            "requests": self._summary.requests,
            "throttled": status.throttled,
            "p50": status.p50 and round(status.p50, 4),
            "p95": status.p95 and round(status.p95, 4),
            "outcomes": status.outcomes,
            "codes": [
                {"outcome": each.outcome, "code": each.code, "rows": each.rows} for each in self._summary.tallies()
            ],
            **self._about,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _shown(name: str, value: object) -> str:
    if name in _SECRET:
        return _HIDDEN
    text = str(value)
    # A literal may be a key, and each database has its own syntax for literals: show no part of a query.
    return fingerprint(text) if name == "sql" else _USER.sub(f"{_HIDDEN}@", text)
