"""Fixtures that every room's tests share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run every `anyio` test on both event loops."""
    return request.param
