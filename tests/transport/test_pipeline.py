"""Deadlines, concurrency, budget and hooks, on a virtual clock."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest

from licensespring_async import (
    ApiError,
    ConnectionLost,
    DeadlineExceeded,
    LicenseSpringError,
    RequestEvent,
    RetryEvent,
    RetryPolicy,
)

from ..fakes import CHECK, KEY, ScriptedEngine, answer, client, refusal
from . import virtual

pytestmark = pytest.mark.parametrize("backend", virtual.BACKENDS)


async def swallow(call: Callable[[], Awaitable[object]], errors: list[LicenseSpringError]) -> None:
    try:
        await call()
    except LicenseSpringError as e:
        errors.append(e)


def test_signs_each_attempt_anew(backend: str) -> None:
    """Sends a fresh Date and its signature with every attempt."""
    engine = ScriptedEngine([answer(503, ""), answer(503, ""), answer()])

    async def main() -> None:
        await client(engine, virtual.clock(), retry=RetryPolicy(transient_base=5), timeout=60).check_license_feature(
            **CHECK
        )

    virtual.run(backend, main)
    dates = [request.headers["Date"] for request in engine.requests]
    assert len(set(dates)) == 3
    assert [request.headers["Authorization"] for request in engine.requests] == [KEY.authorization(d) for d in dates]


def test_gives_an_attempt_the_time_that_is_left(backend: str) -> None:
    """Hands the engine the rest of the call's time, not the whole of it again."""
    engine = ScriptedEngine([answer(503, ""), answer()], seconds=3)

    async def main() -> None:
        await client(engine, virtual.clock(), retry=RetryPolicy(transient_base=1), timeout=10).check_license_feature(
            **CHECK
        )

    virtual.run(backend, main)
    assert engine.timeouts == pytest.approx([10, 6])


def test_deadline_covers_waiting_for_a_slot(backend: str) -> None:
    """Gives up on time when no concurrency slot becomes free, and never sends the request."""
    engine = ScriptedEngine([answer()], seconds=30)
    errors: list[LicenseSpringError] = []

    async def main() -> None:
        its_client = client(engine, virtual.clock(), max_concurrency=1, timeout=50)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: its_client.check_license_feature(**CHECK))
            await anyio.wait_all_tasks_blocked()
            hasty = its_client.with_options(timeout=2)
            await swallow(lambda: hasty.check_license_feature(**CHECK), errors)

    virtual.run(backend, main)
    [error] = errors
    assert isinstance(error, DeadlineExceeded)
    assert not error.may_have_acted
    assert error.elapsed == pytest.approx(2)
    assert len(engine.requests) == 1


def test_never_exceeds_max_concurrency(backend: str) -> None:
    """Keeps at most max_concurrency requests in flight, and uses them all."""
    engine = ScriptedEngine([answer()], seconds=1)

    async def main() -> None:
        its_client = client(engine, virtual.clock(), max_concurrency=7)
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))

    virtual.run(backend, main)
    assert engine.most_in_flight == 7
    assert len(engine.requests) == 50


def test_a_slot_is_free_during_backoff(backend: str) -> None:
    """Lets another call through while one waits for its next attempt."""
    engine = ScriptedEngine([answer(503, ""), answer()])

    async def main() -> list[float]:
        its_client = client(
            engine, virtual.clock(), max_concurrency=1, retry=RetryPolicy(transient_base=20), timeout=60
        )
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))
        return engine.times

    times = virtual.run(backend, main)
    assert [each - times[0] for each in times] == pytest.approx([0, 0, 20])


def test_calls_are_served_in_order(backend: str) -> None:
    """Hands slots to calls in the order they came."""
    engine = ScriptedEngine([answer()], seconds=1)

    async def main() -> None:
        its_client = client(engine, virtual.clock(), max_concurrency=1, timeout=60)
        async with anyio.create_task_group() as group:
            for number in range(10):
                asks = CHECK | {"hardware_id": f"device-{number}"}
                group.start_soon(partial(its_client.check_license_feature, **asks))
                await anyio.wait_all_tasks_blocked()

    virtual.run(backend, main)
    asked = engine.asked("hardware_id")
    assert asked == [f"device-{number}" for number in range(10)]


def test_an_outage_costs_a_bounded_number_of_requests(backend: str) -> None:
    """Sends at most 35 extra requests for 1,000 calls when the service only fails."""
    engine = ScriptedEngine([answer(503, "")])
    errors: list[LicenseSpringError] = []

    async def main() -> None:
        its_client = client(engine, virtual.clock(), max_concurrency=1000, rate_limits=None)
        async with anyio.create_task_group() as group:
            for _ in range(1000):
                group.start_soon(swallow, lambda: its_client.check_license_feature(**CHECK), errors)

    virtual.run(backend, main)
    assert len(errors) == 1000
    assert all(isinstance(error, ApiError) and error.status == 503 for error in errors)
    assert 1000 < len(engine.requests) <= 1035


def test_recovers_after_an_outage(backend: str) -> None:
    """Earns its retries back by succeeding, without a restart."""
    engine = ScriptedEngine([answer()])

    async def main() -> int:
        its_client = client(engine, virtual.clock())
        its_client.retry_budget.tokens = 0
        for _ in range(20):
            await its_client.check_license_feature(**CHECK)
        engine.answers = [answer(503, ""), answer()]
        await its_client.check_license_feature(**CHECK)
        return its_client.retry_budget.tokens

    assert virtual.run(backend, main) == 20


def test_cancellation_passes_through(backend: str) -> None:
    """Ends at once when its caller is cancelled, and gives its slot back."""
    engine = ScriptedEngine([answer()], seconds=1000)

    async def main() -> float:
        its_client = client(engine, virtual.clock(), max_concurrency=1, timeout=10_000)
        start = anyio.current_time()
        with anyio.move_on_after(5):
            await its_client.check_license_feature(**CHECK)
        engine.seconds = 0
        await its_client.check_license_feature(**CHECK)
        return anyio.current_time() - start

    assert virtual.run(backend, main) == pytest.approx(5)


def test_hooks_see_requests_and_retries(backend: str) -> None:
    """Reports every request and every retry to the hooks, in order."""
    engine = ScriptedEngine([ConnectionLost("broken"), refusal("license_not_found")], seconds=2)
    events: list[RequestEvent | RetryEvent] = []

    async def main() -> None:
        its_client = client(engine, virtual.clock(), hooks=[events.append])
        await swallow(lambda: its_client.check_license_feature(**CHECK), [])

    virtual.run(backend, main)
    first, retry, second = events
    assert isinstance(first, RequestEvent)
    assert (first.attempt, first.status, type(first.error)) == (1, None, ConnectionLost)
    assert first.seconds == pytest.approx(2)
    assert isinstance(retry, RetryEvent)
    assert (retry.attempt, type(retry.error)) == (1, ConnectionLost)
    assert retry.delay == pytest.approx(0.05)
    assert isinstance(second, RequestEvent)
    assert (second.endpoint, second.attempt, second.status) == ("check_license_feature", 2, 400)


def test_a_failing_hook_is_logged(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """Logs a hook's exception and carries on with the call."""

    def broken(event: object) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        await client(ScriptedEngine([answer()]), virtual.clock(), hooks=[broken]).check_license_feature(**CHECK)

    with caplog.at_level(logging.ERROR, "licensespring_async"):
        virtual.run(backend, main)
    assert "a hook failed on RequestEvent" in caplog.text


def test_errors_carry_their_call(backend: str) -> None:
    """Writes endpoint, attempts, seconds and the earlier failures on the error that ends a call."""
    engine = ScriptedEngine([answer(503, ""), answer(500, ""), refusal("blacklisted")], seconds=1)
    errors: list[LicenseSpringError] = []

    async def main() -> None:
        its_client = client(engine, virtual.clock())
        await swallow(lambda: its_client.check_license_feature(**CHECK), errors)

    virtual.run(backend, main)
    [error] = errors
    assert (error.endpoint, error.attempts) == ("check_license_feature", 3)
    assert error.elapsed == pytest.approx(3.15)
    assert [getattr(each, "status", None) for each in error.earlier] == [503, 500]
