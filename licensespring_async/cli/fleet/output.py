"""Write results to a file or to stdout."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO

from ...errors import ConfigurationError
from ...file_writing import Replacement
from ...fleet import Journal, Result
from ...fleet.report import summary_of
from ...fleet.results.cells import csv_line
from ...fleet.results.result import KINDS
from ..saving import STDOUT, refuse_closed_stdout, unwritable
from .parquet_output import Write, parquet_output

JOURNAL_SUFFIX = ".journal"  # behind the name of the output
_UNWRITTEN = (".tsv", ".xls", ".xlsx", ".ods", ".gz", ".zst")


@contextmanager
def open_output(
    name: str | None, *, force: bool, kept: Sequence[str] = (), earlier: Iterable[Result] = ()
) -> Generator[Write]:
    """Yield a function that writes results in the format of the name, or does nothing without an output.

    Lines of JSON or CSV are flushed when all of them are complete: an interrupted run leaves whole lines. A Parquet
    file appears at the end of the block, however the block ends.

    Args:
        name: The file: Parquet in `.parquet`, CSV in `.csv`, else JSONL; `-` for stdout; None for no output.
        force: Whether to replace a file that is not empty.
        kept: Columns of the input that the results have.
        earlier: Results to write first; an existing file is replaced only after them.

    Raises:
        ConfigurationError: The file cannot be written, or is not empty.
    """
    if name is None:
        yield lambda _: None
    elif name == STDOUT:
        refuse_closed_stdout()
        yield _writer(partial(_put_text, sys.stdout), "stdout", kept)
    else:
        _refuse_directory(Path(name))
        if not force:
            refuse_loss(name)
        if name.lower().endswith(".parquet"):
            with _told(name), parquet_output(Path(name), kept, earlier) as write:
                yield write
        else:
            with _text_output(name, kept, earlier) as write:
                yield write


@contextmanager
def _text_output(name: str, kept: Sequence[str], earlier: Iterable[Result]) -> Generator[Write]:
    with _told(name):
        new = Replacement(Path(name))
    try:
        write = _writer(partial(_put_bytes, new), name, kept)
        for each in earlier:
            write([each])
        with _told(name):
            new.put()
        yield write
        _refuse_loss_of(new.file, name)
    finally:
        new.discard()


def _put_text(file: TextIO, lines: str) -> None:
    file.write(lines)
    file.flush()


def _put_bytes(new: Replacement, lines: str) -> None:
    new.file.write(lines.encode("utf-8", "backslashreplace"))
    new.file.flush()


def _refuse_loss_of(file: BinaryIO, name: str) -> None:
    with suppress(FileNotFoundError):
        if Path(name).stat().st_ino == os.fstat(file.fileno()).st_ino:
            return
    raise ConfigurationError(
        f"--output {name}: was deleted or replaced during the run; if there is a journal, the same command writes the "
        "results again"
    )


@contextmanager
def _told(name: str) -> Generator[None]:
    try:
        yield
    except OSError as e:
        _tell(e, name)
        raise


def _tell(error: OSError, name: str) -> None:
    """Raise what explains an error, except for a pipe whose reader has seen enough."""
    if error.errno != errno.EPIPE:
        raise unwritable(name, error) from error


def refuse_format(output: str | None) -> None:
    """Refuse to write JSONL under the name of another format, which no program would open.

    Raises:
        ConfigurationError: The name ends like that of a spreadsheet or of compressed text.
    """
    if output is not None and output.lower().endswith(_UNWRITTEN):
        raise ConfigurationError(
            f"--output {output}: results are not written in this format; name a .csv, .parquet or .jsonl file"
        )


def files_of_run(output: Path) -> dict[Path, str]:
    """Return the files that a run writes, and how to say so of each."""
    return {
        output: "is",
        **dict.fromkeys(Journal.files(_journal_beside(output)), "would write its journal over"),
        summary_of(output): "would write its summary over",
    }


def _journal_beside(output: Path) -> Path:
    return Path(f"{output}{JOURNAL_SUFFIX}")


def journal_of(output: str | None) -> Path | None:
    """Return the path of a run's journal, beside its output; None if the output is no regular file.

    Raises:
        ConfigurationError: The output's folder is closed to this user, or its name is too long.
    """
    if output in (None, STDOUT):
        return None
    path = Path(str(output))
    journal = _journal_beside(path)
    with _told(str(output)):
        journal.exists()  # raises in a folder that is closed to this user, and for a name that is too long
    # Without the directory, opening the output reports the error.
    return None if (path.exists() and not path.is_file()) or not path.parent.is_dir() else journal


def refuse_loss(output: str) -> None:
    """Refuse to overwrite a file that is not empty.

    Raises:
        ConfigurationError: It is not empty, is a directory, or cannot be looked at.
    """
    path = Path(output)
    with _told(output):
        _refuse_directory(path)
        is_empty = not path.exists() or path.stat().st_size == 0
    if not is_empty:
        raise ConfigurationError(
            f"--output {output}: the file exists and is not empty; name another one, or replace it with --force"
        )


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        raise ConfigurationError(f"--output {path}: is a directory; name a file in it")


def _writer(put: Callable[[str], None], name: str, kept: Sequence[str]) -> Write:
    def write(lines: Iterable[str]) -> None:
        try:  # for a few rows each time, and `_told` would cost as much as a line
            put("".join(lines))
        except OSError as e:
            _tell(e, name)
            raise

    if name.lower().endswith(".csv"):
        columns = [*KINDS, *kept]
        write([csv_line(columns)])
        return lambda results: write([_cells(each, columns) for each in results])
    return lambda results: write([f"{each.to_json()}\n" for each in results])


def _cells(result: Result, columns: Iterable[str]) -> str:
    fields = json.loads(result.to_json())
    return csv_line(fields.get(each, "") for each in columns)
