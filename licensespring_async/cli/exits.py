"""Exit codes, and how errors are told."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from inspect import cleandoc
from types import FrameType

import typer

from ..errors import AuthorizationError, ConfigurationError, InvalidParameter, LicenseSpringError, SignatureError
from .console import complain


class Code(IntEnum):
    """What a command's exit code says.

    Attributes:
        OK: Everything was checked, whatever the answers were.
        ERRORS: A check ended in an error.
        USAGE: The command or its configuration cannot be used.
        UNAUTHORIZED: The service refused the credentials, or an answer was not signed by a trusted key.
        NOT_LICENSED: `--fail-on not_licensed`, and it was not.
        INTERRUPTED: Ctrl-C or SIGTERM.
    """

    OK = 0
    ERRORS = 1
    USAGE = 2
    UNAUTHORIZED = 4
    NOT_LICENSED = 5
    INTERRUPTED = 130


def code_of(error: LicenseSpringError) -> Code:
    """Return the exit code of a command that an error ended."""
    if isinstance(error, AuthorizationError | SignatureError):
        return Code.UNAUTHORIZED
    return Code.USAGE if isinstance(error, ConfigurationError) else Code.ERRORS


def advice(error: LicenseSpringError) -> str:
    """Return the first sentence of the error class's documentation: what it means and what to do."""
    first = " ".join(cleandoc(type(error).__doc__ or "").partition("\n\n")[0].split())
    return first.partition(". ")[0].rstrip(".") + "." if first else ""


@contextmanager
def reported() -> Generator[None]:
    """Turn errors and interruptions into one message and an exit code.

    Raises:
        typer.Exit: There was one.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except LicenseSpringError as error:
        complain(_text(error), advice="" if isinstance(error, ConfigurationError) else advice(error))
        raise typer.Exit(code_of(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(Code.INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _text(error: LicenseSpringError) -> str:
    if isinstance(error, InvalidParameter):
        options = " / ".join(f"--{each.replace('_', '-')}" for each in error.parameter.split(" / "))
        return f"{options}: {error.problem}"
    return str(error)


def _interrupt(_: int, frame: FrameType | None) -> None:
    # Whoever handles Ctrl-C at the moment (asyncio, while it runs) knows how to stop in good order.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # a shell's background job ignores Ctrl-C, but has to end when it is asked to
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)
