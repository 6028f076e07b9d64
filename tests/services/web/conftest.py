"""Both event loops, in virtual time."""

from __future__ import annotations

import pytest

from ...transport import virtual


@pytest.fixture(params=virtual.BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
