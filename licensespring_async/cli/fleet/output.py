"""Write results to a file or to stdout."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from ...errors import ConfigurationError
from ...file_writing import Replacement, create
from ...fleet import Result
from ...fleet.results.cells import csv_line
from ...fleet.results.result import KINDS
from ..saving import STDOUT, refuse_closed_stdout, unwritable
from .parquet_output import parquet_output


@contextmanager
def open_output(name: str | None, *, force: bool, kept: Sequence[str] = ()) -> Generator[Callable[[Result], None]]:
    """Yield a function that writes a result in the format of the name, or does nothing without an output.

    Each line of JSON or CSV is flushed when it is complete: an interrupted run leaves whole lines. A Parquet file
    appears at the end of the block, however the block ends.

    Args:
        name: The file: Parquet in `.parquet`, CSV in `.csv`, else JSONL; `-` for stdout; None for no output.
        force: Whether to replace a file that is not empty.
        kept: Columns of the input that the results have.

    Raises:
        ConfigurationError: The file cannot be written, or is not empty.
    """
    if name is None:
        yield lambda _: None
    elif name == STDOUT:
        refuse_closed_stdout()
        yield _writer(sys.stdout, "stdout", kept)
    elif name.lower().endswith(".parquet"):
        if not force:
            refuse_loss(name)
        _refuse_directory(Path(name))
        with _told(name), parquet_output(Path(name), kept) as write:
            yield write
    else:
        try:
            file = _open(Path(name), force=force)
        except OSError as e:
            raise unwritable(name, e) from e
        try:
            yield _writer(file, name, kept)
            _refuse_loss_of(file, name)
        except BaseException:
            # Closing would fail again on what could not be written, and hide the first error.
            with suppress(OSError):
                file.close()
            raise
        file.close()


def _refuse_loss_of(file: TextIO, name: str) -> None:
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
        if e.errno == errno.EPIPE:
            raise
        raise unwritable(name, e) from e


def refuse_input(output: str | None, source: str | None) -> None:
    """Refuse to overwrite the input.

    Raises:
        ConfigurationError: The output is the input.
    """
    if output in (None, STDOUT) or source in (None, STDOUT):
        return
    with suppress(OSError):
        if Path(str(output)).samefile(str(source)):
            raise ConfigurationError(f"--output {output}: is the input file; name another file")


def journal_of(output: str | None) -> Path | None:
    """Return the path of a run's journal, beside its output; None if the output is no regular file."""
    if output in (None, STDOUT):
        return None
    path = Path(str(output))
    # Without the directory, opening the output reports the error.
    return None if (path.exists() and not path.is_file()) or not path.parent.is_dir() else Path(f"{path}.journal")


def refuse_loss(output: str) -> None:
    """Refuse to overwrite a file that is not empty.

    Raises:
        ConfigurationError: It is not empty, or is a directory.
    """
    path = Path(output)
    _refuse_directory(path)
    if path.exists() and path.stat().st_size > 0:
        raise ConfigurationError(
            f"--output {output}: the file exists and is not empty; name another one, or replace it with --force"
        )


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        raise ConfigurationError(f"--output {path}: is a directory; name a file in it")


def _open(path: Path, *, force: bool) -> TextIO:
    """Open a line-buffered file; an existing file is replaced."""
    _refuse_directory(path)
    try:
        return _lines(create(path))
    except FileExistsError:
        if not force:
            refuse_loss(str(path))
    new = Replacement(path)
    try:
        new.put()
    except BaseException:
        new.discard()
        raise
    return _lines(new.file)


def _lines(file: BinaryIO) -> TextIO:
    return io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", line_buffering=True, newline="")


def _writer(file: TextIO, name: str, kept: Sequence[str]) -> Callable[[Result], None]:
    is_csv = name.lower().endswith(".csv")

    def put(line: str) -> None:
        try:
            file.write(line)
            file.flush()
        except OSError as e:
            if e.errno == errno.EPIPE:  # the reader has seen enough
                raise
            raise unwritable(name, e) from e

    if is_csv:
        columns = [*KINDS, *kept]
        put(csv_line(columns))

        def put_cells(result: Result) -> None:
            fields = json.loads(result.to_json())
            put(csv_line(fields.get(each, "") for each in columns))

        return put_cells
    return lambda result: put(f"{result.to_json()}\n")
