"""What is told of slots that could not be given back, on a virtual clock."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import anyio
import attrs
import pytest

from licensespring_async import LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.transport import HttpRequest, HttpResponse
from tests.fakes import CHECK, FEATURE, Script, ScriptedEngine, answer, client, refusal
from tests.transport import virtual
from tests.transport.virtual import Run

FLOATING = {**FEATURE, "is_floating_cloud": True, "floating_users": 2, "floating_timeout": 10}


def respond(request: HttpRequest) -> HttpResponse:
    """Give slots, and take none back."""
    return answer(body=FLOATING) if request.method == "GET" else refusal("internal_error", 500)


@attrs.define
class Service(ScriptedEngine):
    """Gives slots, and takes none back: a release is refused, or never answered."""

    answers: list[Script] = attrs.field(factory=lambda: [respond])
    hangs: bool = False

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        if request.method == "POST":
            await anyio.sleep(3600 if self.hangs else 0.1)


def lease_client(service: ScriptedEngine) -> LicenseSpring:
    return client(service, virtual.clock(), retry=RetryPolicy(max_attempts=1), rate_limits=None, timeout=60.0)


def device(number: int) -> dict[str, Any]:
    return {**CHECK, "hardware_id": f"device-{number}"}


@pytest.mark.parametrize(("hangs", "why"), [(False, "InternalError"), (True, "not within 10 s")])
def test_many_that_leave_at_once_are_told_of_in_one_line(
    run: Run, caplog: pytest.LogCaptureFixture, hangs: bool, why: str
) -> None:
    """Logs how many slots were not released, and why, once for all leases that end together."""

    async def main() -> None:
        async def hold(number: int) -> None:
            async with c.feature_lease(**device(number)):
                await anyio.sleep(1)

        async with lease_client(Service(hangs=hangs)) as c, anyio.create_task_group() as group:
            for number in range(150):
                group.start_soon(hold, number)

    with caplog.at_level(logging.WARNING):
        run(main)
    (line,) = (each.getMessage() for each in caplog.records)
    assert "150 slots were not released" in line
    assert why in line
    assert "device-" not in line


def test_a_single_one_is_named(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Logs which slot was not released, and what becomes of it."""

    async def main() -> None:
        async with lease_client(Service()) as c, c.feature_lease(**CHECK):
            pass

    with caplog.at_level(logging.WARNING):
        run(main)
    (line,) = (each.getMessage() for each in caplog.records)
    assert line.startswith("the slot of ")
    assert "InternalError" in line
    assert "lapses" in line


def test_leases_that_never_all_end_are_told_of_in_time(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Waits some seconds for others that leave, and not until nobody does any more."""

    async def main() -> None:
        async def come_and_go(number: int) -> None:
            await anyio.sleep(0.05 * number)
            for _ in range(300):
                async with c.feature_lease(**device(number)):
                    pass

        async with lease_client(Service()) as c, anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(come_and_go, number)

    with caplog.at_level(logging.WARNING):
        run(main)
    # Some 30 seconds of it.
    assert 3 <= len(caplog.records) <= 4


def test_a_slot_that_was_perhaps_taken_is_told_of_too(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Logs that an attempt which may have taken a slot could not be undone."""

    async def main() -> None:
        async with lease_client(ScriptedEngine([refusal("internal_error", 500)])) as c:
            with suppress(LicenseSpringError):
                async with c.feature_lease(**CHECK):
                    pytest.fail("there is no lease")

    with caplog.at_level(logging.WARNING):
        run(main)
    (line,) = (each.getMessage() for each in caplog.records)
    assert "InternalError" in line
