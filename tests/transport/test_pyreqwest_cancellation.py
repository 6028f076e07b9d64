"""A cancelled task ends with the fast engine too, however quick the answers are."""

from __future__ import annotations

import asyncio
import time

import pytest

from licensespring_async.sandbox import Sandbox
from licensespring_async.transport import PyreqwestEngine


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
