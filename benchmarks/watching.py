"""Measures how long callbacks and rounds of asyncio's event loop take."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Self


def percentiles(seconds: list[float]) -> list[str]:
    ordered = sorted(seconds)
    picked = [ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99, 0.999)]
    return [f"{each * 1000:.2f} ms" for each in (*picked, ordered[-1])]


class Ticks:
    """Records how long rounds of the loop take."""

    def __init__(self) -> None:
        self.rounds, self.last, self.going = list[float](), 0.0, True

    def __enter__(self) -> Self:
        self.last = time.perf_counter()
        asyncio.get_running_loop().call_later(0.0005, self.tick)
        return self

    def tick(self) -> None:
        now = time.perf_counter()
        self.rounds.append(now - self.last)
        self.last = now
        if self.going:
            asyncio.get_running_loop().call_later(0.0005, self.tick)

    def __exit__(self, *_: object) -> None:
        self.going = False


class Callbacks:
    """Records each callback's wall-clock time, processor time, and processor time without garbage collection."""

    def __init__(self) -> None:
        self.passed, self.used, self.own = list[float](), list[float](), list[float]()
        self.collecting = self.collected = 0.0
        self.run = asyncio.Handle._run

    def __enter__(self) -> Self:
        def timed(handle: asyncio.Handle) -> None:
            self.collected = 0.0
            passed, used = time.perf_counter(), time.thread_time()
            self.run(handle)
            self.used.append(time.thread_time() - used)
            self.passed.append(time.perf_counter() - passed)
            self.own.append(self.used[-1] - self.collected)

        asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]
        gc.callbacks.append(self.note_collection)
        return self

    def note_collection(self, phase: str, _: object) -> None:
        if phase == "start":
            self.collecting = time.thread_time()
        else:
            self.collected += time.thread_time() - self.collecting

    def __exit__(self, *_: object) -> None:
        asyncio.Handle._run = self.run  # type: ignore[method-assign]
        gc.callbacks.remove(self.note_collection)
