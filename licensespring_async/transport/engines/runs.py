"""What an engine keeps for each event loop: nothing that waits or is open may wander from one to another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class _TrioToken(Protocol):
    def run_sync_soon(self, sync_fn: Callable[[], object]) -> None: ...


Run = asyncio.AbstractEventLoop | _TrioToken


def this_run() -> Run:
    """Return what stands for the event loop that runs now."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        from trio.lowlevel import current_trio_token  # noqa: PLC0415  # not asyncio, so trio, and so it is there

        return current_trio_token()


def _is_over(run: Run) -> bool:
    if isinstance(run, asyncio.AbstractEventLoop):
        return run.is_closed()
    try:
        run.run_sync_soon(bool)
    except RuntimeError:
        return True
    return False


class PerRun(Generic[T]):
    """A value for each event loop, so that several may use one engine, at once or one after the other.

    Args:
        make: Makes the value of a loop that is new.
        drop: Is called with the value of a loop that has ended, when another one is new.
    """

    def __init__(self, make: Callable[[], T], drop: Callable[[T], None]) -> None:
        self._make = make
        self._drop = drop
        self._values: dict[Run, T] = {}

    def here(self) -> T:
        """Return the value of the loop that runs now."""
        run = this_run()
        value = self._values.get(run)
        if value is None:
            for ended in [each for each in list(self._values) if _is_over(each)]:
                self._drop(self._values.pop(ended))
            value = self._values[run] = self._make()
        return value

    def all(self) -> list[T]:
        """Return the values of all loops."""
        return list(self._values.values())
