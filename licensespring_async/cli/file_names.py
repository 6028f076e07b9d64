"""Names of files on the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from ..errors import ConfigurationError


def file_name(given: str) -> str:
    """Take the name of a file, or refuse an empty one: as a path it would be the current directory.

    Raises:
        typer.BadParameter: It is empty.
    """
    if not given:
        raise typer.BadParameter("is empty; name a file")
    return given


def file_path(given: str) -> Path:
    """Take the path of a file, or refuse an empty one.

    Raises:
        typer.BadParameter: It is empty.
    """
    return Path(file_name(given))


def refuse_overwriting(output: str, written: Mapping[Path, str], read: Mapping[Path, str]) -> None:
    """Refuse an output that would replace what a command reads, also under another name of the same file.

    Args:
        output: The output, for the error.
        written: What the command writes, and how to say so: the output "is", or "would write its journal over".
        read: What the command reads, and what to call it.

    Raises:
        ConfigurationError: It would.
    """
    for path, writes in written.items():
        for other, what in read.items():
            if _is_same(path, other):
                raise ConfigurationError(f"--output {output}: {writes} {what}; name another file")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other) and one.is_file()  # a terminal is read and written
    except OSError:  # one of them is still to come, or cannot be looked at
        return os.path.realpath(one) == os.path.realpath(other)
