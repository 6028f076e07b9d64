"""Where results are written."""

from __future__ import annotations

import csv
import errno
import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import attrs

from ..errors import ConfigurationError
from ..fleet import Result

STDOUT = "-"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def open_output(name: str | None, *, force: bool) -> Generator[Callable[[Result], None]]:
    """Give a function that writes a result as one line of JSON (CSV to a `.csv`), or does nothing without an output.

    Every line is handed to the system as it is complete, so a run that is interrupted leaves whole lines.

    Args:
        name: The file; `-` for stdout; None for no output.
        force: Whether a file that holds something may be replaced.

    Raises:
        ConfigurationError: The file cannot be written, or holds something.
    """
    if name is None:
        yield lambda _: None
    elif name == STDOUT:
        yield _writer(sys.stdout, "stdout")
    else:
        try:
            file = _open(Path(name), force=force)
        except OSError as e:
            raise _unwritable(name, e) from e
        try:
            yield _writer(file, name)
        except BaseException:
            # What could not be written would fail once more here, and hide the error that tells about it.
            with suppress(OSError):
                file.close()
            raise
        file.close()


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


def refuse_foreign(output: str) -> None:
    """Refuse to write over results that no journal knows.

    Raises:
        ConfigurationError: The file holds something.
    """
    path = Path(output)
    if path.exists() and _holds_something(path):
        raise _held(path)


def _holds_something(path: Path) -> bool:
    return path.stat().st_size > 0


def _held(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"--output {path}: the file holds something already; name another one, or replace it with --force"
    )


def _open(path: Path, *, force: bool) -> TextIO:
    if path.is_dir():
        raise ConfigurationError(f"--output {path}: is a directory; name a file in it")
    try:
        return path.open("x", encoding="utf-8", errors="backslashreplace", buffering=1, newline="")
    except FileExistsError:
        if not force and _holds_something(path):
            raise _held(path) from None
    return path.open("w", encoding="utf-8", errors="backslashreplace", buffering=1, newline="")


def _writer(file: TextIO, name: str) -> Callable[[Result], None]:
    rows = csv.writer(file, lineterminator="\n")
    is_csv = name.lower().endswith(".csv")
    if is_csv:
        try:
            rows.writerow(attrs.fields_dict(Result))
        except OSError as e:
            raise _unwritable(name, e) from e

    def write(result: Result) -> None:
        try:
            if is_csv:
                rows.writerow(_cell(each) for each in json.loads(result.to_json()).values())
            else:
                file.write(result.to_json() + "\n")
            file.flush()
        except OSError as e:
            if e.errno == errno.EPIPE:  # the reader has seen enough
                raise
            raise _unwritable(name, e) from e

    return write


def _cell(value: object) -> object:
    # Spreadsheets run a cell that begins like this as a formula, and a message is text from elsewhere.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _unwritable(name: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"--output {name}: cannot be written: {error.strerror or error}")
