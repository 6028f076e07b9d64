"""A fleet without a network: rows, and a service that answers by device."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, TypeVar

import anyio
import attrs

from licensespring_async import LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.checks import BundleCheck, FeatureCheck
from licensespring_async.fleet import Result, Row, check_many
from licensespring_async.transport import HttpRequest

from ..fakes import Play, ScriptedEngine, answer, client, parameter
from ..unit import bodies

T = TypeVar("T")


def device_of(request: HttpRequest) -> str:
    """The hardware id that a request is about."""
    return parameter(request, "hardware_id")


@attrs.define
class Service(ScriptedEngine):
    """Answers each device with what was laid down for it, and any other with a feature.

    Attributes:
        plays: Answers by hardware id.
        gate: When there is one, answers wait for it.
        gated: The devices whose answers do; none means all.
    """

    plays: dict[str, Play] = attrs.field(factory=dict[str, Play])
    gate: anyio.Event | None = None
    gated: set[str] = attrs.field(factory=set[str])

    def __attrs_post_init__(self) -> None:
        self.answers = [self.respond]

    def respond(self, request: HttpRequest) -> Play:
        return self.plays.get(device_of(request), answer(body=bodies.feature()))

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        await anyio.lowlevel.checkpoint()
        if self.gate is not None and device_of(request) in (self.gated or {device_of(request)}):
            await self.gate.wait()

    @property
    def devices(self) -> list[str]:
        """Hardware ids in the order they were asked for."""
        return self.asked("hardware_id")

    def open(self) -> None:
        """Let the answers through."""
        assert self.gate is not None
        self.gate.set()

    def client(self) -> LicenseSpring:
        """A client of this service that tries once."""
        return client(self, retry=RetryPolicy(max_attempts=1), max_concurrency=1000, rate_limits=None)


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
