"""A gate in front of a service, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from licensespring_async import Clock, ConnectionFailed, LicenseSpring
from licensespring_async.checks import BundleCheck, Check, LicenseCheck
from licensespring_async.services import Decision, FeatureCheck, Grace, LicenseGate
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import ScriptedEngine, answer, refusal
from ...unit import bodies

CHECK = FeatureCheck(product="APP", feature="render", hardware_id="device-1", license_key="secret-key-1")
LICENSE = LicenseCheck(product="APP", hardware_id="device-1", license_key="secret-key-1")
BUNDLE = BundleCheck(product="APP", hardware_id="device-1", license_key="secret-key-1")
ALL: list[Check] = [CHECK, LICENSE, BUNDLE]
OK = answer()
NO = refusal("license_not_found")
DOWN = ConnectionFailed("down")
SECRET = b"sixteen bytes or more"


ONE: dict[str, Any] = {
    "license_key": "secret-key-1",
    "start_date": None,
    "validity_period": None,
    "floating_timeout": None,
    "product_features": [],
}


def license(**changes: object) -> HttpResponse:
    return answer(body=bodies.license(**{**ONE, **changes}))


def bundle(*licenses: Mapping[str, object]) -> HttpResponse:
    each = [
        bodies.license(
            **{**ONE, "id": number, "product_details": bodies.product(f"P{number}" if number else "APP"), **changes}
        )
        for number, changes in enumerate(licenses)
    ]
    return answer(body=each)


def yes(request: HttpRequest) -> HttpResponse:
    """The yes of what is asked."""
    if "/check_license?" in request.url:
        return license()
    return bundle({}) if "/check_bundle?" in request.url else OK


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


async def restarted(scene: Scene, store: Drawer, check: Check = CHECK, **options: object) -> Decision:
    """What a new gate says when nobody answers."""
    scene.service.answers = [DOWN]
    async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET), **options) as gate:
        return await gate.allows(check)


async def stored(scene: Scene) -> Drawer:
    store = Drawer()
    async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
        await gate.allows(CHECK)
    return store
