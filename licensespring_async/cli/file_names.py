"""Names of files on the command line."""

from __future__ import annotations

from pathlib import Path

import typer


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
