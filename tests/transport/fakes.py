"""An engine that plays a script, and what it takes to use one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

import anyio
import attrs

from licensespring_async import ApiKey, Clock, LicenseSpring
from licensespring_async.transport import HttpRequest, HttpResponse

FEATURE: dict[str, Any] = {
    "id": 1_700_000_000_000_001,
    "license_id": 1_700_000_000_000_002,
    "code": "render",
    "name": "Render",
    "feature_type": "activation",
    "expiry_date": None,
    "metadata": {},
    "is_floating": False,
    "is_floating_cloud": False,
}


def answer(status: int = 200, body: object = FEATURE, **headers: str) -> HttpResponse:
    """Return an answer with a JSON body, or a text body as it is."""
    raw = body if isinstance(body, str) else json.dumps(body)
    return HttpResponse(status, {key.replace("_", "-"): value for key, value in headers.items()}, raw.encode())


def refusal(code: str, status: int = 400, **headers: str) -> HttpResponse:
    """Return an error answer in the documented envelope."""
    return answer(status, {"status": status, "code": code, "message": f"about {code}"}, **headers)


def http_date(timestamp: float) -> str:
    """Return an HTTP-date."""
    return formatdate(timestamp, usegmt=True)


Play = HttpResponse | Exception | Callable[[HttpRequest], HttpResponse]


@attrs.define
class ScriptedEngine:
    """Answers with the plays in order, the last one for ever; remembers what it was asked and when."""

    plays: list[Play]
    latency: float = 0.0
    requests: list[HttpRequest] = attrs.field(factory=list[HttpRequest])
    times: list[float] = attrs.field(factory=list[float])
    timeouts: list[float] = attrs.field(factory=list[float])
    closed: bool = False
    in_flight: int = 0
    most_in_flight: int = 0

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        self.requests.append(request)
        self.times.append(anyio.current_time())
        self.timeouts.append(timeout)
        play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await anyio.sleep(self.latency)
        finally:
            self.in_flight -= 1
        if isinstance(play, Exception):
            raise play
        return play if isinstance(play, HttpResponse) else play(request)

    async def aclose(self) -> None:
        self.closed = True


KEY = ApiKey(api_key="the-api-key", shared_key="the-shared-key")
CHECK: dict[str, Any] = {
    "product": "TP",
    "feature": "render",
    "hardware_id": "the-device",
    "license_key": "THE-LICENSE-KEY",
}


def client(engine: ScriptedEngine, clock: Clock, **options: Any) -> LicenseSpring:
    """Return a client on a scripted engine, with no jitter and no signatures to check."""
    given: dict[str, Any] = {"auth": KEY, "random": lambda: 1.0, "verify_signatures": False, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LicenseSpring(engine=engine, clock=clock, **given)


def times_from_start(engine: ScriptedEngine) -> Iterable[float]:
    """Return when each request went out, counted from the first."""
    return [each - engine.times[0] for each in engine.times]
