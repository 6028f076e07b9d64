"""What runs over every engine."""

from __future__ import annotations

import pytest

from .engines import Maker


@pytest.fixture(params=["httpx", "pyreqwest", "own client"])
def engines(request: pytest.FixtureRequest, anyio_backend_name: str) -> Maker:
    """One maker for each engine that runs on this event loop."""
    if request.param == "pyreqwest" and anyio_backend_name == "trio":
        pytest.skip("pyreqwest runs on asyncio only")
    return Maker(request.param)
