"""One timer ends the tasks that are late, and no other."""

from __future__ import annotations

import asyncio

import pytest

from licensespring_async.transport.engines.watchdog import Watchdog


@pytest.mark.asyncio
async def test_each_task_ends_at_its_own_time() -> None:
    """The earliest goes first, whichever began first, and those that are left have their turn."""
    watchdog = Watchdog(asyncio.get_running_loop())
    ended: list[float] = []

    async def work(seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        watchdog.begin(task, seconds)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            assert watchdog.end(task)
        assert task.cancelling() == 0
        ended.append(seconds)

    async with asyncio.timeout(10):
        await asyncio.gather(*(work(seconds) for seconds in (0.06, 0.02, 0.04)))
    assert ended == [0.02, 0.04, 0.06]


@pytest.mark.asyncio
async def test_a_task_that_ended_in_time_is_let_be() -> None:
    """What is cancelled afterwards was not late."""
    watchdog = Watchdog(asyncio.get_running_loop())
    task = asyncio.current_task()
    assert task is not None
    watchdog.begin(task, 0.01)
    assert not watchdog.end(task)
    await asyncio.sleep(0.03)
    assert task.cancelling() == 0


@pytest.mark.asyncio
async def test_a_cancellation_by_somebody_else_is_theirs() -> None:
    """It is neither taken back nor taken for lateness."""
    watchdog = Watchdog(asyncio.get_running_loop())
    was_late: list[bool] = []

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        watchdog.begin(task, 60)
        try:
            await asyncio.Event().wait()
        finally:
            was_late.append(watchdog.end(task))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    watchdog.stop()
    assert (was_late, task.cancelling()) == ([False], 1)
