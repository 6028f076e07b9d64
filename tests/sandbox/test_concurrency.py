"""A thousand takers of ten slots."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from licensespring_async import FloatingNotAvailable
from licensespring_async.sandbox import Sandbox, Slots, World

TAKERS, ALLOWED = 1000, 10
CONNECTIONS = 200  # both ends are in this process, and many systems give it 1,024 files


@pytest.mark.anyio
async def test_a_thousand_requests_get_ten_slots() -> None:
    """Gives exactly ten slots to a thousand devices that ask at the same time over HTTP, and shows no more in use."""
    world = World()
    license = world.add_product("TP").add_license(key="K", max_activations=TAKERS)
    license.add_feature("render", floating_users=ALLOWED)
    in_use: list[int | None] = []
    refused = 0

    async def take(number: int) -> None:
        nonlocal refused
        try:
            feature = await client.check_license_feature(
                product="TP", feature="render", license_key="K", hardware_id=f"hw-{number}"
            )
            in_use.append(feature.floating_in_use_devices)
        except FloatingNotAvailable:
            refused += 1

    for number in range(TAKERS):
        license.activate(f"hw-{number}")
    async with (
        Sandbox(world) as sandbox,
        sandbox.client(max_concurrency=CONNECTIONS, timeout=60) as client,
        anyio.create_task_group() as group,
    ):
        for number in range(TAKERS):
            group.start_soon(take, number)
    assert (sorted(in_use, key=str), refused) == (sorted(range(1, ALLOWED + 1), key=str), TAKERS - ALLOWED)


def test_two_sandboxes_of_one_file_share_ten_slots(tmp_path: Path) -> None:
    """Gives exactly ten slots although two sandboxes have the file open, and threads of both take at once."""
    now = datetime.now(UTC)
    pools: list[Slots] = []
    for _ in range(2):
        world = World()
        license = world.add_product("TP").add_license(key="K", floating_users=ALLOWED)
        Sandbox(world, db=tmp_path / "sandbox.db")
        assert license.slots is not None
        pools.append(license.slots)

    def take(number: int) -> bool:
        return pools[number % 2].take(f"hw-{number}", now)

    with ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(take, range(TAKERS)))
    assert sum(taken) == ALLOWED
    assert [pool.in_use(now) for pool in pools] == [ALLOWED, ALLOWED]
