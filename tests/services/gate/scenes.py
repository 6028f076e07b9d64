"""A gate in front of a service, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from licensespring_async import Clock, ConnectionFailed, LicenseSpring
from licensespring_async.services import Decision, FeatureCheck, Grace, LicenseGate

from ...fakes import ScriptedEngine, answer, refusal

CHECK = FeatureCheck(product="APP", feature="render", hardware_id="device-1", license_key="secret-key-1")
OK = answer()
NO = refusal("license_not_found")
DOWN = ConnectionFailed("down")
SECRET = b"sixteen bytes or more"


@attrs.frozen
class Scene:
    """A gate in front of a service that takes a second for each answer."""

    service: ScriptedEngine
    clock: Clock
    client: LicenseSpring

    def gate(self, **options: object) -> LicenseGate:
        settings: dict[str, object] = {"clock": self.clock, "random": lambda: 0.0, **options}
        return LicenseGate(self.client, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


Play = Callable[[Scene], Awaitable[None]]
Player = Callable[[Play], None]


def keys(count: int) -> list[FeatureCheck]:
    return [attrs.evolve(CHECK, license_key=f"key-{n}") for n in range(count)]


@attrs.define
class Drawer:
    """A store in memory."""

    values: dict[str, bytes] = attrs.field(factory=dict[str, bytes])

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def set(self, key: str, value: bytes) -> None:
        self.values[key] = value


async def restarted(scene: Scene, store: Drawer, check: FeatureCheck = CHECK, **options: object) -> Decision:
    """What a new gate says when nobody answers."""
    scene.service.answers = [DOWN]
    async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET), **options) as gate:
        return await gate.allows(check)


async def stored(scene: Scene) -> Drawer:
    store = Drawer()
    async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
        await gate.allows(CHECK)
    return store
