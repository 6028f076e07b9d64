"""Grace through a restart: what a store keeps, and what it cannot lengthen."""

from __future__ import annotations

import json

import anyio
import attrs
import pytest

from licensespring_async import ConnectionFailed
from licensespring_async.services import Grace

from .scenes import CHECK, DOWN, NO, SECRET, Player, Scene, keys, restarted, stored


def test_grace_survives_a_restart(play: Player) -> None:
    """A stored answer stands for a new gate, and the store sees no key, user or device."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        assert (await restarted(scene, store)).source == "grace"
        assert "device-1" not in repr(store)
        assert "secret-key-1" not in repr(store)

    play(scenario)


def test_a_changed_record_is_ignored(play: Player) -> None:
    """A record that was changed gives no grace."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        ((key, value),) = store.values.items()
        until = json.loads(value[32:])["until"]
        store.values[key] = value.replace(str(until).encode(), str(until + 9e6).encode())
        with pytest.raises(ConnectionFailed):
            await restarted(scene, store)

    play(scenario)


def test_another_device_has_no_grace(play: Player) -> None:
    """A record that was copied to another device's key gives it no grace."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        other = attrs.evolve(CHECK, hardware_id="device-2")
        with pytest.raises(ConnectionFailed):
            await restarted(scene, store, other)

    play(scenario)


def test_a_clock_turned_back_ends_grace(play: Player) -> None:
    """A clock behind the stored answer gives no grace."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        back = attrs.evolve(scene.clock, time=lambda: scene.clock.time() - 3600)
        with pytest.raises(ConnectionFailed):
            await restarted(scene, store, clock=back)

    play(scenario)


def test_grace_runs_on_through_restarts(play: Player) -> None:
    """Setting the clock back a little before each restart does not make the hours longer."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        scene.service.answers = [DOWN]
        start, granted = scene.clock.time(), 0
        for _ in range(20):
            began = anyio.current_time()

            def always_the_same(began: float = began) -> float:
                return start + anyio.current_time() - began

            clock = attrs.evolve(scene.clock, time=always_the_same)
            try:
                async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET), clock=clock) as gate:
                    await gate.allows(CHECK)
                    await anyio.sleep(290)
                    await gate.allows(CHECK)
            except ConnectionFailed:
                break
            granted += 1
        assert granted <= 13

    play(scenario)


def test_an_enumeration_fills_no_store(play: Player) -> None:
    """Stores refusals only of what was allowed before; there they count after a restart."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        scene.service.answers = [NO]
        async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
            for check in [CHECK, *keys(20)]:
                assert not await gate.allows(check)
        assert len(store.values) == 2
        assert not await restarted(scene, store)

    play(scenario)
