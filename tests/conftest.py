"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from typing import Any

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run every `anyio` test on both event loops."""
    return request.param


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start twice as many workers as there are cores, up to eight: half of the time tests wait for something."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return min(8, 2 * (os.cpu_count() or 1))
