"""Where results are written."""

from __future__ import annotations

import errno
import io
import json
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
from .parquet_output import parquet_output

STDOUT = "-"


@contextmanager
def open_output(name: str | None, *, force: bool, kept: Sequence[str] = ()) -> Generator[Callable[[Result], None]]:
    """Give a function that writes a result in the format that the name tells, or does nothing without an output.

    Lines of JSON and CSV are handed to the system as they are complete: a run that is interrupted leaves whole lines.
    Parquet appears at the end of the block, however that ends.

    Args:
        name: The file: Parquet in `.parquet`, CSV in `.csv`, else JSONL; `-` for stdout; None for no output.
        force: Whether a file that holds something may be replaced.
        kept: Columns of the input that the results have.

    Raises:
        ConfigurationError: The file cannot be written, or holds something.
    """
    if name is None:
        yield lambda _: None
    elif name == STDOUT:
        if sys.stdout is None:
            raise ConfigurationError("--output -: the standard output is closed; name a file")
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
        except BaseException:
            # What could not be written would fail once more here, and hide the error that tells about it.
            with suppress(OSError):
                file.close()
            raise
        file.close()


@contextmanager
def _told(name: str) -> Generator[None]:
    try:
        yield
    except OSError as e:
        if e.errno == errno.EPIPE:
            raise
        raise unwritable(name, e) from e


def refuse_input(output: str | None, source: str | None) -> None:
    """Refuse to write over the file that is read.

    Raises:
        ConfigurationError: The two are one file.
    """
    if output in (None, STDOUT) or source in (None, STDOUT):
        return
    with suppress(OSError):
        if Path(str(output)).samefile(str(source)):
            raise ConfigurationError(f"--output {output}: is the file that is read; name another one")


def journal_of(output: str | None) -> Path | None:
    """Return where the journal of a run is: beside its output, when that is a regular file."""
    if output in (None, STDOUT):
        return None
    path = Path(str(output))
    # Without a directory there will be no output either, which says so in its own words.
    return None if (path.exists() and not path.is_file()) or not path.parent.is_dir() else Path(f"{path}.journal")


def refuse_loss(output: str) -> None:
    """Refuse to write over a file that holds something.

    Raises:
        ConfigurationError: It does, or is a directory.
    """
    path = Path(output)
    _refuse_directory(path)
    if path.exists() and path.stat().st_size > 0:
        raise ConfigurationError(
            f"--output {output}: the file holds something already; name another one, or replace it with --force"
        )


def unwritable(name: str, error: OSError) -> ConfigurationError:
    """Return the error for an output that the system does not let us write."""
    return ConfigurationError(f"--output {name}: cannot be written: {error.strerror or error}")


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        raise ConfigurationError(f"--output {path}: is a directory; name a file in it")


def _open(path: Path, *, force: bool) -> TextIO:
    """Open a file whose lines are there as soon as they are written; one that is there loses its place to a new one."""
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
