"""Fixtures that every room's tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from typing import Any

import pytest

# It asks the collector who holds trio's random numbers, and so is imported before anything is frozen.
from hypothesis import HealthCheck, settings

from .browsing import started

# A busy machine is no reason for a test to fail.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run every `anyio` test on both event loops."""
    return request.param


@pytest.fixture(scope="module", params=[1280, 390], ids=["desk", "phone"])
def chromium(request: pytest.FixtureRequest) -> Generator[Any]:
    """Start a browser, which takes seconds, with the screens of a desk and of a phone."""
    with started(request.param) as driver:
        yield driver


@pytest.fixture
def browser(chromium: Any) -> Any:
    """Return a browser that tells only what it logs from now on."""
    # A page of the last test would still ask its sandbox, which is closed, and log that.
    chromium.get("about:blank")
    chromium.get_log("browser")
    return chromium


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep modules and thousands of tests out of what the garbage collector looks through: each look took 0.4 s."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start twice as many workers as there are cores, up to eight: half of the time tests wait for something."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return min(8, 2 * (os.cpu_count() or 1))
