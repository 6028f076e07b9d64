"""Leases coming and going against a faulty sandbox, for a short while; `python -m tests.soak` is the long one."""

from __future__ import annotations

import pytest

from tests.soak import Ending, Soak


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_slots_in_use_are_the_living_leases() -> None:
    """Ends with as many slots in use as leases live, and with none when none does."""
    soak = Soak(seconds=9.0, speed=15.0)
    assert await soak.run() == Ending(in_use=20, living=20, left=0)
    assert soak.happened["leases"] > 30
    assert soak.happened["fault reset"] > 0
    assert soak.happened["cancelled"] > 0
    assert soak.happened["failed"] > 0
