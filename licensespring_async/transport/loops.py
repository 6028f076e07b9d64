"""Event loops of asyncio and trio: which one runs in this thread, and what belongs to it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import ConfigurationError

T = TypeVar("T")


class _Process:
    id = os.getpid()


def process_id() -> int:
    """Return the id of this process, as `os.getpid` does with a system call each time."""
    return _Process.id


def _has_forked() -> None:
    _Process.id = os.getpid()


if hasattr(os, "register_at_fork"):  # Windows has neither
    os.register_at_fork(after_in_child=_has_forked)


def running() -> object | None:
    """Return an object that identifies the event loop of this thread, or None if none runs.

    anyio goes by a context variable, which `asyncio.to_thread` copies into threads that run no loop.
    """
    # A library that is not imported runs no loop. Importing asyncio takes a fifth of this package's import time.
    get_running_loop: Callable[[], object] | None = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    if get_running_loop is not None and (loop := get_running_loop()) is not None:
        return loop
    if "trio" in sys.modules:
        import trio  # noqa: PLC0415  # no dependency of ours

        if trio.lowlevel.in_trio_run():
            return trio.lowlevel.current_trio_token()
    return None


def has_ended(loop: object) -> bool:
    """Return whether a loop will never run again; one that is only paused has not ended."""
    if (is_closed := getattr(loop, "is_closed", None)) is not None:  # of asyncio
        return bool(is_closed())
    import trio  # noqa: PLC0415  # as above

    assert isinstance(loop, trio.lowlevel.TrioToken)  # noqa: S101
    try:
        loop.run_sync_soon(_nothing)
    except trio.RunFinishedError:
        return True
    return False


def _still_runs(loop: object) -> bool:
    is_running = getattr(loop, "is_running", None)  # of asyncio
    return not has_ended(loop) if is_running is None else bool(is_running())


def _nothing() -> None:
    """Do nothing: whether a loop accepts this call tells whether it has ended."""


class InLoop(Generic[T]):
    """Something that calls wait for, such as a lock. It works in one event loop at a time; the next loop gets its own.

    If a loop is closed during calls, they can neither give back what they held nor wake the waiting ones.

    Args:
        make: Makes it for the loop that runs.

    Attributes:
        latest: What was made last, readable from any thread; None before the first.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.latest: T | None = None
        self._make = make
        self._loop: object | None = None
        self._process = 0
        self._moving = threading.Lock()

    def get(self, loop: object | None = None) -> T:
        """Return what belongs to the loop that runs here.

        Args:
            loop: The result of `running`, if already known; None calls it.

        Raises:
            ConfigurationError: It belongs to another loop, and that one still runs.
        """
        if loop is None:
            loop = running()
        latest = self.latest
        if loop is self._loop and latest is not None:
            return latest
        with self._moving:
            # In a forked process, the parent's loop seems to run.
            is_taken = self._loop is not None and self._process == process_id() and _still_runs(self._loop)
            if is_taken and loop is not self._loop:
                raise ConfigurationError(
                    "this client is in use in another event loop, which still runs; make one client per loop, "
                    "or share a BlockingLicenseSpring between threads"
                )
            self._loop, self._process = loop, process_id()
            self.latest = made = self._make()
            return made
