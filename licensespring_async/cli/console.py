"""Print: results to stdout, everything else to stderr."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.text import Text

from ..redaction import printable

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)
for _each in (OUT, ERR):
    if not _each.width:  # COLUMNS=0, as some containers have it: nothing would be printed, not even an error
        _each.width = 80

_speaks_json: ContextVar[bool] = ContextVar("speaks_json", default=False)


@contextmanager
def conversation() -> Generator[None]:
    """Undo `speak_json` at the end of the block."""
    token = _speaks_json.set(False)
    try:
        yield
    finally:
        _speaks_json.reset(token)


def speak_json() -> None:
    """Write to stderr in JSON from now on, one object per line."""
    _speaks_json.set(True)


def emit(event: str, **fields: object) -> None:
    """Write one JSON object to stderr."""
    if sys.stderr is not None:
        sys.stderr.write(json.dumps({"event": event} | fields) + "\n")
        sys.stderr.flush()


def text(value: str, style: str = "") -> Text:
    """Return a text that is safe to print: without markup and control characters, which a server may have sent.

    Everything printed for people passes through here.
    """
    return Text(printable(value), style)


def say(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print a sentence; parts are texts or (text, style).

    It is wrapped at words on a terminal; elsewhere it stays on one line, for grep.
    """
    sentence = Text.assemble(*(text(part) if isinstance(part, str) else text(*part) for part in parts))
    if console is ERR and _speaks_json.get():
        emit("message", text=sentence.plain)
        return
    console.print(sentence, soft_wrap=not console.is_terminal)


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


def write(text: str) -> None:
    """Write a text for programs to stdout, unchanged; do nothing if stdout is closed."""
    if sys.stdout is not None:
        sys.stdout.write(text)
        # Flush now: if the reader has gone, nobody would catch the error at exit.
        sys.stdout.flush()


def print_json(value: object) -> None:
    """Print a JSON value to stdout."""
    write(json.dumps(value, indent=2) + "\n")


def can_ask() -> bool:
    """Return whether someone sits at a terminal."""
    return all(each is not None and each.isatty() for each in (sys.stdin, sys.stderr))


def ask(question: str) -> bool:
    """Ask a yes-or-no question at the terminal; an empty answer is no, and Ctrl-C raises KeyboardInterrupt."""
    while True:
        answer = _typed(f"{question} [y/N]: ").strip().lower()
        if answer in ("", "n", "no"):
            return False
        if answer in ("y", "yes"):
            return True


def ask_secret(what: str) -> str:
    """Ask for a secret without echo; without a terminal, read the next line of the standard input.

    The end of the input is an empty answer, and Ctrl-C raises KeyboardInterrupt.
    """
    if can_ask():
        try:
            return getpass.getpass(f"{what}: ", sys.stderr)
        except (EOFError, KeyboardInterrupt) as error:
            sys.stderr.write("\n")  # the cursor is still behind the question
            if isinstance(error, KeyboardInterrupt):
                raise
            return ""
        except UnicodeDecodeError as error:
            sys.stderr.write("\n")
            # Refused by the name of its option, as what cannot be decoded elsewhere.
            return error.object.decode(errors="surrogateescape").rstrip("\r\n")
    return "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")


def _typed(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = ""
    try:
        line = sys.stdin.readline()
    finally:
        if not line.endswith("\n"):
            sys.stderr.write("\n")
    return line
