"""Where things are printed: results to stdout, everything else to stderr."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


def say(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print a sentence; parts are texts or (text, style), never markup, because some come from a server.

    On a terminal it is wrapped at words; elsewhere it stays on one line, for grep.
    """
    console.print(Text.assemble(*parts), soft_wrap=not console.is_terminal)


def complain(message: str, *, advice: str = "") -> None:
    """Print an error to stderr, and what to do about it."""
    say(ERR, ("Error: ", "bold red"), message)
    if advice:
        say(ERR, advice)


def warn(message: str) -> None:
    """Print a warning to stderr."""
    say(ERR, ("Warning: ", "bold yellow"), message)
