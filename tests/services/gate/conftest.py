"""Scenes on both event loops."""

from __future__ import annotations

import pytest

from licensespring_async import RetryPolicy

from ...fakes import ScriptedEngine, client
from ...transport import virtual
from .scenes import Play, Player, Scene


@pytest.fixture(params=virtual.BACKENDS)
def play(request: pytest.FixtureRequest) -> Player:
    """Play a scene in no time at all."""

    def run(scenario: Play) -> None:
        async def main() -> None:
            service, clock = ScriptedEngine(seconds=1), virtual.clock()
            await scenario(Scene(service, clock, client(service, clock, retry=RetryPolicy(max_attempts=1))))

        virtual.run(request.param, main)

    return run
