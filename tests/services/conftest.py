"""Every test on both event loops, in virtual time."""

from __future__ import annotations

import pytest

from ..transport import virtual


@pytest.fixture(params=virtual.BACKENDS)
def run(request: pytest.FixtureRequest) -> virtual.Run:
    return lambda function: virtual.run(request.param, function)
