"""A service without a network: its answers, an engine that plays them, and a client over it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import attrs

from licensespring_async import ApiKey, Clock, LicenseSpring
from licensespring_async.transport import Engine, HttpRequest, HttpResponse

from .unit import bodies

KEY = ApiKey(api_key="api-key-0001", shared_key="shared-key-0002")
CHECK: dict[str, Any] = {
    "product": "TP",
    "feature": "render",
    "hardware_id": "the-device",
    "license_key": "THE-LICENSE-KEY",
}
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
    """Return an answer: its body is bytes or text as they are, or any other value as JSON."""
    if isinstance(body, str):
        body = body.encode()
    raw = body if isinstance(body, bytes) else bodies.encoded(body)
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def refusal(code: str, status: int = 400, **headers: str) -> HttpResponse:
    """Return an error answer in the documented envelope."""
    return answer(status, bodies.error(code, f"about {code}", status), **headers)


def http_date(timestamp: float) -> str:
    """Return an HTTP-date."""
    return formatdate(timestamp, usegmt=True)


def parameter(request: HttpRequest, name: str) -> str:
    """Return a parameter of a request's query."""
    return parse_qs(urlsplit(request.url).query)[name][0]


Play = HttpResponse | Exception
Script = Play | Callable[[HttpRequest], Play]


@attrs.define
class ScriptedEngine:
    """Gives its answers in turn, the last one for ever, and remembers what it was asked and when.

    Attributes:
        answers: Each one is a response, an error to raise, or a function of the request.
        seconds: How long each answer takes.
    """

    answers: list[Script] = attrs.field(factory=lambda: [answer()])
    seconds: float = 0.0
    requests: list[HttpRequest] = attrs.field(factory=list[HttpRequest])
    times: list[float] = attrs.field(factory=list[float])
    timeouts: list[float] = attrs.field(factory=list[float])
    in_flight: int = 0
    most_in_flight: int = 0
    cancelled: int = 0
    closed: int = 0

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        self.requests.append(request)
        self.times.append(anyio.current_time())
        self.timeouts.append(timeout)
        script = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.wait(request, timeout)
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        play = script(request) if callable(script) else script
        if isinstance(play, Exception):
            raise play
        return play

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        """Take the time that an answer takes."""
        await anyio.sleep(self.seconds)

    async def aclose(self) -> None:
        self.closed += 1

    def asked(self, name: str) -> list[str]:
        """Return a parameter of each request, in the order they came."""
        return [parameter(request, name) for request in self.requests]

    @property
    def times_from_start(self) -> list[float]:
        """When each request came, counted from the first."""
        return [each - self.times[0] for each in self.times]


def client(engine: Engine, clock: Clock | None = None, **options: Any) -> LicenseSpring:
    """Return a client over an engine, with no jitter and no signatures to check."""
    given: dict[str, Any] = {
        "auth": KEY,
        "random": lambda: 1.0,
        "verify_signatures": False,
        "clock": clock or Clock(),
        **options,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LicenseSpring(engine=engine, **given)
