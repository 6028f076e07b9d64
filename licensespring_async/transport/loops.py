"""The event loop that runs in this thread, of asyncio or trio."""

from __future__ import annotations

import asyncio
import sys


def running() -> object | None:
    """Return what stands for the event loop that runs in this thread, or None: the thread is asked itself.

    A context variable, by which anyio knows, goes along into the threads that `asyncio.to_thread` starts.
    """
    if "trio" in sys.modules:  # else nothing of it can run
        import trio  # noqa: PLC0415  # no dependency of ours

        if trio.lowlevel.in_trio_run():
            return trio.lowlevel.current_trio_token()
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
