"""Where things are printed: results to stdout, everything else to stderr."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.text import Text

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)

_speaks_json: ContextVar[bool] = ContextVar("speaks_json", default=False)


@contextmanager
def conversation() -> Generator[None]:
    """Have what `speak_json` changes hold for the block alone."""
    token = _speaks_json.set(False)
    try:
        yield
    finally:
        _speaks_json.reset(token)


def speak_json() -> None:
    """Write everything for stderr as JSON from now on, one object a line."""
    _speaks_json.set(True)


def emit(event: str, **fields: object) -> None:
    """Write one JSON object to stderr."""
    sys.stderr.write(json.dumps({"event": event} | fields) + "\n")
    sys.stderr.flush()


def say(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print a sentence; parts are texts or (text, style), never markup, because some come from a server.

    On a terminal it is wrapped at words; elsewhere it stays on one line, for grep.
    """
    if console is ERR and _speaks_json.get():
        emit("message", text=Text.assemble(*parts).plain)
        return
    console.print(Text.assemble(*parts), soft_wrap=not console.is_terminal)


def complain(message: str, *, advice: str = "") -> None:
    """Print an error to stderr, and what to do about it."""
    if _speaks_json.get():
        emit("error", text=message, advice=advice)
        return
    say(ERR, ("Error: ", "bold red"), message)
    if advice:
        say(ERR, advice)


def warn(message: str) -> None:
    """Print a warning to stderr."""
    if _speaks_json.get():
        emit("warning", text=message)
        return
    say(ERR, ("Warning: ", "bold yellow"), message)


def print_json(value: object) -> None:
    """Print a JSON value to stdout."""
    # Flushed here: at exit, a reader that has gone would be an error that nobody catches.
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
    sys.stdout.flush()


def can_ask() -> bool:
    """Return whether there is somebody at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_secret(what: str) -> str:
    """Return what is typed in unseen, or without a terminal the next line of the standard input."""
    if can_ask():
        return getpass.getpass(f"{what}: ", sys.stderr)
    return sys.stdin.readline().rstrip("\r\n")
