"""Requests with keys that nobody has: the service is asked a bounded number of times."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest

from licensespring_async import ConfigurationError
from licensespring_async.services import FeatureCheck, GateOverloaded, LicenseGate

from .scenes import CHECK, NO, Player, Scene, keys


def test_an_enumeration_is_bounded(play: Player) -> None:
    """A thousand wrong keys cost as many calls as the burst allows, then end undecided; good answers stay."""

    async def scenario(scene: Scene) -> None:
        overloaded: list[float] = []

        async def ask(check: FeatureCheck) -> None:
            try:
                await gate.allows(check)
            except GateOverloaded as error:
                overloaded.append(error.retry_after)

        async with scene.gate(miss_burst=50, max_size=40) as gate:
            await gate.allows(CHECK)
            scene.service.answers = [NO]
            async with anyio.create_task_group() as callers:
                for check in keys(1000):
                    callers.start_soon(ask, check)
            assert (await gate.allows(CHECK)).source == "memory"
        assert len(scene.service.requests) == 51
        assert len(overloaded) == 950
        assert min(overloaded) > 0

    play(scenario)


def test_an_enumeration_is_bounded_the_second_time_too(play: Player) -> None:
    """Asking for refused keys again when their refusals have ended costs no more calls than new ones."""

    async def scenario(scene: Scene) -> None:
        async def ask(gate: LicenseGate, check: FeatureCheck) -> None:
            with suppress(GateOverloaded):
                await gate.allows(check)

        scene.service.answers = [NO]
        async with scene.gate(miss_burst=50, miss_rate=1, refused_ttl=10) as gate:
            for _ in range(10):
                async with anyio.create_task_group() as callers:
                    for check in keys(45):
                        callers.start_soon(ask, gate, check)
                await anyio.sleep(10)
        assert len(scene.service.requests) <= 50 + scene.clock.monotonic() + 1

    play(scenario)


def test_what_is_not_asked_costs_no_chance(play: Player) -> None:
    """A check that settings keep from being sent takes nothing from the unknown checks that may be refused."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(miss_burst=1, miss_rate=0.001) as gate:
            scene.service.answers = [ConfigurationError("no certificates are installed")]
            for check in keys(3):
                with pytest.raises(ConfigurationError):
                    await gate.allows(check)

    play(scenario)
