"""What runs over every engine, on every event loop that it runs on."""

from __future__ import annotations

from typing import Any

import pytest

from .engines import ASYNCIO_ONLY, CALLERS, OURS, Maker
from .loopback import UVLOOP


@pytest.fixture(params=[*OURS, CALLERS])
def engines(request: pytest.FixtureRequest) -> Maker:
    """One maker for each engine, and one for a client of the caller's."""
    return Maker(request.param)


@pytest.fixture(params=OURS)
def our_engines(request: pytest.FixtureRequest) -> Maker:
    """One maker for each engine: for what a caller's own client does in its own way."""
    return Maker(request.param)


@pytest.fixture(params=[*OURS, CALLERS])
def leaving_engines(request: pytest.FixtureRequest) -> Maker:
    """As `engines`, for answers that are not read to their end, which httpx itself cannot leave cleanly on trio."""
    return Maker(request.param)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the pairs of engine and event loop that there are not, or that prove nothing more."""
    items[:] = [item for item in items if not _is_nonsense(getattr(item, "callspec", None))]


def _is_nonsense(spec: Any) -> bool:
    chosen: dict[str, object] = {} if spec is None else spec.params
    if UVLOOP in chosen.values() and CALLERS in chosen.values():
        return True  # httpx on uvloop is tried by itself, and a client of the caller's on asyncio's own loop
    if "trio" not in chosen.values():
        return False
    return ASYNCIO_ONLY in chosen.values() or chosen.get("leaving_engines") == CALLERS
