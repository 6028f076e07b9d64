"""Event loops whose time jumps to the next thing that is due, on asyncio and trio."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import trio.testing

from licensespring_async import Clock

T = TypeVar("T")

EPOCH = 1_800_000_000.0
BACKENDS = ["asyncio", "trio"]
Run = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs a test's async function to its end."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: where it would, it moves the loop's time instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.now += timeout
        elif not ready:
            raise RuntimeError("deadlock: every task waits for something that will never happen")
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(backend: str, function: Callable[[], Awaitable[T]]) -> T:
    """Run an async function to its end, in no time at all."""
    options: dict[str, Any] = (
        {"loop_factory": _VirtualLoop}
        if backend == "asyncio"
        else {"clock": trio.testing.MockClock(autojump_threshold=0)}
    )
    return anyio.run(function, backend=backend, backend_options=options)


def clock() -> Clock:
    """Return the running loop's time as a client's clock."""
    start = anyio.current_time()
    return Clock(
        time=lambda: EPOCH + anyio.current_time() - start,
        monotonic=anyio.current_time,
        sleep=anyio.sleep,
    )
