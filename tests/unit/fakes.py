"""Stand-ins for what a client talks to: an engine without a network, and a clock without waiting."""

from __future__ import annotations

from typing import TypedDict

import attrs
import pytest

from licensespring_async import ApiKey, Clock, LicenseSpring, LicenseSpringError
from licensespring_async.transport import HttpRequest, HttpResponse

from . import bodies

KEY = ApiKey(api_key="api-key-0001", shared_key="shared-key-0002")


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


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(status, headers or {}, bodies.encoded(value))


@attrs.define
class ScriptedEngine:
    """Gives its answers in turn, the last one for ever, and remembers what it was asked."""

    answers: list[HttpResponse | LicenseSpringError]
    requests: list[HttpRequest] = attrs.field(factory=list[HttpRequest])
    timeouts: list[float] = attrs.field(factory=list[float])
    closed: bool = False

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        self.requests.append(request)
        self.timeouts.append(timeout)
        next_answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(next_answer, LicenseSpringError):
            raise next_answer
        return next_answer

    async def aclose(self) -> None:
        self.closed = True


class UnusedEngine:
    """Fails the test when a request reaches it."""

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        pytest.fail("a request was sent")

    async def aclose(self) -> None:
        """Nothing to close."""


@attrs.define
class VirtualTime:
    """Seconds that pass only while somebody sleeps."""

    now: float = 1_800_000_000.0
    naps: list[float] = attrs.field(factory=list[float])

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(time=self.time, monotonic=self.time, sleep=self.sleep)


def a_client(*answers: HttpResponse | LicenseSpringError, time: VirtualTime | None = None) -> LicenseSpring:
    """A client that believes everything, over an engine with these answers."""
    return client_over(ScriptedEngine(list(answers)), time)


def client_over(engine: ScriptedEngine, time: VirtualTime | None = None) -> LicenseSpring:
    """A client that believes everything, over this engine."""
    with pytest.warns(UserWarning, match="verify_signatures=False"):
        return LicenseSpring(
            auth=KEY,
            engine=engine,
            verify_signatures=False,
            clock=(time or VirtualTime()).clock,
            random=lambda: 0.5,
        )
