"""Save what a command makes, under the name that `--output` gives."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from ..errors import ConfigurationError
from ..file_writing import Replacement
from .console import ERR, OUT, write

STDOUT: Final = "-"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


def save(text: str, output: str, *, private: bool = False) -> Console:
    """Write a text to a file that appears when it is whole, or to stdout.

    Args:
        text: The text.
        output: The file; an existing file is replaced. `-` for stdout.
        private: Whether the file is for this user alone.

    Returns:
        Where to print messages about it: stdout holds nothing but the text.

    Raises:
        ConfigurationError: It cannot be written.
    """
    if output == STDOUT:
        refuse_closed_stdout()
        write(text)
        return ERR
    try:
        with Replacement(Path(output), private=private) as new:
            new.file.write(text.encode("utf-8", "replace"))
    except OSError as e:
        raise unwritable(output, e) from e
    return OUT


def refuse_closed_stdout() -> None:
    """Refuse to write to stdout if it is closed.

    Raises:
        ConfigurationError: It is closed.
    """
    if sys.stdout is None:
        raise ConfigurationError("--output -: the standard output is closed; name a file")


def unwritable(name: str, error: OSError) -> ConfigurationError:
    """Return the error for an output that cannot be written."""
    advice = "; free some space, and run the same command again" if error.errno in _NO_ROOM else ""
    return ConfigurationError(f"--output {name}: cannot be written: {error.strerror or error}{advice}")
