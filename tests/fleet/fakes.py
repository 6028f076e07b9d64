"""A fleet without a network: rows, and a service that answers by device."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, TypeVar, Unpack
from urllib.parse import parse_qs, urlsplit

import anyio
import attrs

from licensespring_async import ApiKey, LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.checks import BundleCheck, FeatureCheck
from licensespring_async.configuration import Options
from licensespring_async.fleet import Result, Row, check_many
from licensespring_async.transport import HttpRequest, HttpResponse

from ..unit import bodies

T = TypeVar("T")
Play = HttpResponse | LicenseSpringError


def answer(value: object, status: int = 200) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(status, {}, bodies.encoded(value))


def refusal(code: str, status: int = 400) -> HttpResponse:
    """An error answer."""
    return answer(bodies.error(code, f"about {code}", status), status)


def device_of(request: HttpRequest) -> str:
    """The hardware id that a request is about."""
    return parse_qs(urlsplit(request.url).query)["hardware_id"][0]


@attrs.define
class Service:
    """An engine that answers each device with what was laid down for it, and any other with a feature.

    Attributes:
        plays: Answers by hardware id.
        gate: When there is one, answers wait for it.
        gated: The devices whose answers do; none means all.
        asked: Hardware ids in the order they were asked for.
        most_in_flight: How many requests were under way at the same time.
    """

    plays: dict[str, Play] = attrs.field(factory=dict[str, Play])
    gate: anyio.Event | None = None
    gated: set[str] = attrs.field(factory=set[str])
    asked: list[str] = attrs.field(factory=list[str])
    in_flight: int = 0
    most_in_flight: int = 0
    cancelled: int = 0

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        device = device_of(request)
        self.asked.append(device)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await anyio.lowlevel.checkpoint()
            if self.gate is not None and device in (self.gated or {device}):
                await self.gate.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        play = self.plays.get(device, answer(bodies.feature()))
        if isinstance(play, LicenseSpringError):
            raise play
        return play

    def open(self) -> None:
        """Let the answers through."""
        assert self.gate is not None
        self.gate.set()

    async def aclose(self) -> None:
        """Nothing to close."""

    def client(self, **changes: Unpack[Options]) -> LicenseSpring:
        """A client of this service that tries once and checks no signatures."""
        options: Options = {
            "engine": self,
            "verify_signatures": False,
            "retry": RetryPolicy(max_attempts=1),
            "max_concurrency": 1000,
        }
        options.update(changes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LicenseSpring(auth=ApiKey(api_key="api-key", shared_key="shared-key"), **options)


def rows(count: int) -> list[Row]:
    """Rows of devices `d1`, `d2`, ..."""
    return [row(number) for number in range(1, count + 1)]


def row(number: int = 1, feature: str | None = "render") -> Row:
    """The row of a device, on the line after it in a file with a header."""
    device: dict[str, Any] = {"product": "APP", "hardware_id": f"d{number}", "license_key": "KEY-0001"}
    check = BundleCheck(**device) if feature is None else FeatureCheck(**device, feature=feature)
    return Row(row=number, line=number + 1, check=check)


async def results_of(service: Service, given: Iterable[Row], *, concurrency: int = 4) -> list[Result]:
    """Check rows to the end, in the order of their numbers."""
    async with check_many(service.client(), given, concurrency=concurrency) as results:
        return sorted([result async for result in results], key=lambda result: result.row)


async def drained(results: AsyncIterable[Result]) -> tuple[list[Result], Exception | None]:
    """The results until the end, by row, and the error that the iteration ended with."""
    seen: list[Result] = []
    error: Exception | None = None
    try:
        async for result in results:
            seen.append(result)  # noqa: PERF401  # a comprehension would lose them to the error
    except (LicenseSpringError, ZeroDivisionError) as e:
        error = e
    return sorted(seen, key=lambda result: result.row), error


async def one_by_one(given: Iterable[T]) -> AsyncIterator[T]:
    """Rows from an async generator."""
    for each in given:
        await anyio.lowlevel.checkpoint()
        yield each
