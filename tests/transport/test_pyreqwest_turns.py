"""A task that calls in a loop lets others run, and ends when it is cancelled, however quick the fast engine is."""

from __future__ import annotations

import asyncio
import time

import pytest

from licensespring_async.sandbox import Sandbox
from licensespring_async.transport import PyreqwestEngine


@pytest.mark.asyncio
async def test_every_call_lets_others_run() -> None:
    """The event loop turns during every call, also where the answer is at hand before it is awaited."""
    loop = asyncio.get_running_loop()
    async with Sandbox() as sandbox, sandbox.client(engine=PyreqwestEngine()) as client:
        demo = sandbox.demo

        async def work() -> None:
            for _ in range(50):
                turned = asyncio.Event()
                loop.call_soon(turned.set)
                await client.check_license_feature(
                    product="LUMEN", feature="ai-upscale", hardware_id=demo.hardware_id, license_key=demo.license_key
                )
                assert turned.is_set()

        await asyncio.gather(*(work() for _ in range(50)))


@pytest.mark.asyncio
async def test_one_cancellation_is_enough() -> None:
    """Passes every cancellation on: none is lost where an answer has just come in."""
    async with Sandbox() as sandbox, sandbox.client(engine=PyreqwestEngine()) as client:
        demo = sandbox.demo

        async def work() -> None:
            while True:
                await client.check_license_feature(
                    product="LUMEN",
                    feature="ai-upscale",
                    hardware_id=demo.hardware_id,
                    license_key=demo.license_key,
                )

        tasks = [asyncio.create_task(work()) for _ in range(50)]
        await asyncio.sleep(0.3)
        time.sleep(0.5)  # noqa: ASYNC251  # the answers come in, and the tasks do not hear of them
        for task in tasks:
            task.cancel()
        _, survivors = await asyncio.wait(tasks, timeout=5)
        alive = survivors
        while alive:
            for task in alive:
                task.cancel()
            _, alive = await asyncio.wait(alive, timeout=0.1)
    assert len(survivors) == 0
