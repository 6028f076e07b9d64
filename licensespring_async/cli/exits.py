"""Exit codes, and how errors are reported."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType
from typing import TypeVar, TypeVarTuple

import anyio
import typer

from ..errors import ConfigurationError, LicenseSpringError
from .console import complain
from .spoken import advice, told

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class Code(IntEnum):
    """Exit codes of the commands.

    Attributes:
        OK: Everything was checked, whatever the answers.
        ERRORS: A check ended in an error.
        USAGE: The command or its configuration cannot be used.
        ABORTED: Too many errors: `--max-errors` or `--max-error-rate`.
        UNAUTHORIZED: The service refused the credentials, or an answer was not signed by a trusted key.
        NOT_LICENSED: The answer is no; for a fleet only with `--fail-on not_licensed`.
        INTERRUPTED: Ctrl-C or SIGTERM.
    """

    OK = 0
    ERRORS = 1
    USAGE = 2
    ABORTED = 3
    UNAUTHORIZED = 4
    NOT_LICENSED = 5
    INTERRUPTED = 130


def code_of(error: LicenseSpringError) -> Code:
    """Return the exit code for an error."""
    return Code(error.exit_code)


@contextmanager
def reported() -> Generator[None]:
    """Turn an error or an interruption into one message and an exit code.

    Raises:
        typer.Exit: One occurred.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except LicenseSpringError as error:
        complain(told(error), advice="" if isinstance(error, ConfigurationError) else advice(error))
        raise typer.Exit(code_of(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(Code.INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def run(work: Callable[[*Arguments], Awaitable[T]], *args: *Arguments, drain: Callable[[], bool] | None = None) -> T:
    """Run async work on asyncio until it ends or Ctrl-C or SIGTERM comes, and return its result.

    Once a signal has ended the work, further signals are ignored: only the summary and the output remain to be
    written, which is quick and must be whole.

    Args:
        work: The work.
        args: Its arguments.
        drain: Called at each signal first; true means that the work will end by itself.

    Raises:
        KeyboardInterrupt: A signal ended the work; everything that it had opened is closed.
    """
    outcome: list[T] = anyio.run(_until_interrupted, work, args, drain)
    if not outcome:
        raise KeyboardInterrupt
    return outcome[0]


async def _until_interrupted(
    work: Callable[..., Awaitable[T]], args: tuple[object, ...], drain: Callable[[], bool] | None
) -> list[T]:
    # The event loop handles the signals: Python raises KeyboardInterrupt between any two bytecodes, which could tear
    # apart any code, the loop's own included.
    outcome: list[T] = []
    is_interrupted = False
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def interrupt() -> None:
            nonlocal is_interrupted
            is_interrupted = True
            if drain is None or not drain():
                scope.cancel()

        try:
            for number in _signals():
                loop.add_signal_handler(number, interrupt)
            outcome.append(await work(*args))
        finally:
            for number in _signals():
                loop.remove_signal_handler(number)
                if is_interrupted:
                    signal.signal(number, signal.SIG_IGN)
    return [] if scope.cancel_called else outcome


def _signals() -> list[signal.Signals]:
    if sys.platform == "win32":  # its event loop handles none
        return []
    # A background job of a shell ignores Ctrl-C, but must end at SIGTERM.
    ignores = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return [signal.SIGTERM] if ignores else [signal.SIGINT, signal.SIGTERM]


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
