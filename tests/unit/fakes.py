"""Arguments of checks, a clock without waiting, and a client that needs neither network nor signatures."""

from __future__ import annotations

from typing import TypedDict

import attrs

from licensespring_async import Clock, LicenseSpring

from ..fakes import Script, ScriptedEngine, client


class Device(TypedDict):
    """Arguments of a bundle check."""

    product: str
    hardware_id: str
    license_key: str


class DeviceFeature(Device):
    """Arguments of a feature check."""

    feature: str


DEVICE: Device = {"product": "APP", "hardware_id": "device-0003", "license_key": "license-key-0004"}
FEATURE: DeviceFeature = {**DEVICE, "feature": "render"}


@attrs.define
class VirtualTime:
    """Seconds that pass only while somebody sleeps."""

    now: float = 1_800_000_000.0
    naps: list[float] = attrs.field(factory=list[float])

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0, "a wait that does not wait goes on for ever"
        self.naps.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(time=self.time, monotonic=self.time, sleep=self.sleep)


def a_client(*answers: Script, time: VirtualTime | None = None) -> LicenseSpring:
    """A client that believes everything, over an engine with these answers."""
    return client(ScriptedEngine(list(answers)), (time or VirtualTime()).clock)
