"""Event loops, of asyncio or trio: which one runs in this thread, and what belongs to it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import ConfigurationError

T = TypeVar("T")


def running() -> object | None:
    """Return the event loop or trio token that runs in this thread, or None. It asks the thread itself.

    A context variable, by which anyio knows, goes along into the threads that `asyncio.to_thread` starts.
    """
    # A library that is not imported cannot run a loop; asyncio alone is a fifth of what this package takes to import.
    get_running_loop: Callable[[], object] | None = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    if get_running_loop is not None and (loop := get_running_loop()) is not None:
        return loop
    if "trio" in sys.modules:
        import trio  # noqa: PLC0415  # no dependency of ours

        if trio.lowlevel.in_trio_run():
            return trio.lowlevel.current_trio_token()
    return None


def has_ended(loop: object) -> bool:
    """Return whether a loop will never run again; one that only stands still has not ended."""
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
    """Do nothing, in whichever loop still does anything."""


class InLoop(Generic[T]):
    """What calls wait for together, and so in one event loop at a time; the next loop gets its own.

    A loop that was closed over its calls can neither give back what they held nor wake those who wait.

    Args:
        make: Makes it in the loop that it is for; first when nothing was there.

    Attributes:
        latest: The newest value, for any thread to read; None before the first.
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
            loop: What `running` has just returned; None asks it.

        Raises:
            ConfigurationError: It belongs to another loop, and that one still runs.
        """
        if loop is None:
            loop = running()
        latest = self.latest
        if loop is self._loop and latest is not None:
            return latest
        with self._moving:
            # In a forked process the loop of its parent looks as if it ran.
            is_taken = self._loop is not None and self._process == os.getpid() and _still_runs(self._loop)
            if is_taken and loop is not self._loop:
                raise ConfigurationError(
                    "this client is used in another event loop, which still runs; make one client for each loop, "
                    "or share a BlockingLicenseSpring between threads"
                )
            self._loop, self._process = loop, os.getpid()
            self.latest = made = self._make()
            return made
