"""A run that is cancelled, against a server that has its own event loop."""

from __future__ import annotations

import random
from collections.abc import Generator

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from licensespring_async.fleet import check_many, rows_from
from licensespring_async.sandbox import Sandbox, demo_fleet

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def sandbox() -> Generator[Sandbox]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox()) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("style", ["block", "loop"])
async def test_a_cancelled_run_never_looks_complete(sandbox: Sandbox, style: str) -> None:
    """Ends in its caller's cancellation, whatever the moment, and never as if the rows had come to an end."""
    dice = random.Random(5)
    fleet = demo_fleet()
    async with sandbox.client() as client:
        for _ in range(25):
            seen, looked_complete = 0, False
            with anyio.move_on_after(dice.random() * 0.2) as scope:
                run = check_many(client, rows_from(fleet), concurrency=32)
                if style == "block":
                    async with run as results:
                        async for _result in results:
                            seen += 1
                else:
                    async for _result in run:
                        seen += 1
                looked_complete = True
            if scope.cancelled_caught or seen < len(fleet):
                assert not looked_complete
