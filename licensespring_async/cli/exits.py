"""Exit codes, and how errors are told."""

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
    """What a command's exit code says.

    Attributes:
        OK: Everything was checked, whatever the answers were.
        ERRORS: A check ended in an error.
        USAGE: The command or its configuration cannot be used.
        ABORTED: Too many errors: `--max-errors` or `--max-error-rate`.
        UNAUTHORIZED: The service refused the credentials, or an answer was not signed by a trusted key.
        NOT_LICENSED: `--fail-on not_licensed`, and it was not.
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
    """Return the exit code of a command that an error ended."""
    return Code(error.exit_code)


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
        complain(told(error), advice="" if isinstance(error, ConfigurationError) else advice(error))
        raise typer.Exit(code_of(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(Code.INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def run(work: Callable[[*Arguments], Awaitable[T]], *args: *Arguments, drain: Callable[[], bool] | None = None) -> T:
    """Run async work on asyncio to its end, or until Ctrl-C or SIGTERM, and return what it returns.

    Args:
        work: The work.
        args: Its arguments.
        drain: Called first when a signal comes; true means that the work will come to an end by itself.

    Once a signal has ended it, further ones are ignored: what is left to do, telling and keeping what was done, is
    short, and would be torn.

    Raises:
        KeyboardInterrupt: A signal ended it; by then everything the work had opened is closed.
    """
    outcome: list[T] = anyio.run(_until_interrupted, work, args, drain)
    if not outcome:
        raise KeyboardInterrupt
    return outcome[0]


async def _until_interrupted(
    work: Callable[..., Awaitable[T]], args: tuple[object, ...], drain: Callable[[], bool] | None
) -> list[T]:
    # The signals are taken by the event loop: KeyboardInterrupt, which Python raises between any two bytecodes, could
    # tear apart whatever happens to run, the loop's own code included.
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
    if sys.platform == "win32":  # its event loop takes none
        return []
    # A shell's background job ignores Ctrl-C, but has to end when it is asked to.
    ignores = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return [signal.SIGTERM] if ignores else [signal.SIGINT, signal.SIGTERM]


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
