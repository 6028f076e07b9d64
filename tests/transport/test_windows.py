"""Rate windows and the pause after HTTP 429, on a virtual clock."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import anyio
import pytest

from licensespring_async import (
    ConfigurationError,
    DeadlineExceeded,
    LicenseSpring,
    LicenseSpringError,
    RateLimited,
    RateLimits,
)
from licensespring_async.transport import HttpRequest, HttpResponse

from ..fakes import CHECK, ScriptedEngine, answer, client, refusal
from . import virtual

both = pytest.mark.parametrize("backend", virtual.BACKENDS)


def most_in_any(times: list[float], seconds: float) -> int:
    """Return the largest number of moments in any half-open span of so many seconds."""
    most, first = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@both
def test_no_window_is_exceeded_and_the_binding_one_is_used(backend: str) -> None:
    """Keeps three windows at once over 120 s, and uses at least 95 % of the one that binds."""
    engine = ScriptedEngine([answer()], seconds=0.03)
    limits = RateLimits.plan("free")

    async def main() -> None:
        its_client = client(engine, virtual.clock(), rate_limits=limits, max_concurrency=50, timeout=10_000)

        async def ask() -> None:
            while anyio.current_time() < 120:
                await its_client.check_license_feature(**CHECK)

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(ask)

    virtual.run(backend, main)
    times = engine.times_from_start
    for window in limits.windows:
        assert most_in_any(times, window.seconds) <= window.limit
    assert len([each for each in times if each < 120]) >= 0.95 * 12 * 200


@both
def test_holds_as_the_server_sees_it(backend: str) -> None:
    """Keeps the window by the time of arrival too, when requests take very different times to arrive."""
    arrivals: list[float] = []
    dice = random.Random(7)

    class SlowRoads(ScriptedEngine):
        async def wait(self, request: object, timeout: float) -> None:
            await anyio.sleep(dice.random() * 0.9)
            arrivals.append(anyio.current_time())
            await anyio.sleep(dice.random() * 0.1)

    async def main() -> None:
        engine = SlowRoads([answer()])
        its_client = client(engine, virtual.clock(), rate_limits=RateLimits((5, 1)), max_concurrency=50, timeout=10_000)
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))

    virtual.run(backend, main)
    assert len(arrivals) == 200
    assert most_in_any(sorted(arrivals), 1.0) <= 5


@both
def test_lets_waiters_through_in_order(backend: str) -> None:
    """Serves callers that wait for a window in the order they came."""
    engine = ScriptedEngine([answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), rate_limits=RateLimits((1, 1)), timeout=100)
        async with anyio.create_task_group() as group:
            for number in range(8):
                asks = CHECK | {"hardware_id": f"d{number}"}
                group.start_soon(partial(its_client.check_license_feature, **asks))
                await anyio.lowlevel.checkpoint()

    virtual.run(backend, main)
    asked = engine.asked("hardware_id")
    assert asked == [f"d{number}" for number in range(8)]


@both
def test_a_cancelled_waiter_leaves_no_trace(backend: str) -> None:
    """Gives the place of a cancelled waiter, also of the first in line, to the next one without delay."""
    engine = ScriptedEngine([answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), rate_limits=RateLimits((1, 10)), timeout=100)
        await its_client.check_license_feature(**CHECK)
        async with anyio.create_task_group() as group:

            async def impatient() -> None:
                with anyio.move_on_after(3):
                    await its_client.check_license_feature(**CHECK)

            group.start_soon(impatient)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(impatient)
            await anyio.wait_all_tasks_blocked()
            await its_client.check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert engine.times_from_start == pytest.approx([0, 10], abs=1e-3)


@both
def test_fails_at_once_when_the_windows_leave_no_time(backend: str) -> None:
    """Raises DeadlineExceeded without waiting when the next free place is behind the deadline."""
    engine = ScriptedEngine([answer()])

    async def main() -> LicenseSpringError:
        its_client = client(engine, virtual.clock(), rate_limits=RateLimits((1, 60)), timeout=5)
        await its_client.check_license_feature(**CHECK)
        with pytest.raises(DeadlineExceeded) as caught:
            await its_client.check_license_feature(**CHECK)
        return caught.value

    error = virtual.run(backend, main)
    assert error.elapsed == pytest.approx(0)
    assert len(engine.requests) == 1


class Limited(ScriptedEngine):
    """A service that counts what it is asked, as the hosted one does, and says no beyond its windows."""

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        arrived = [*self.times, anyio.current_time()]
        is_over = any(most_in_any(arrived, window.seconds) > window.limit for window in RateLimits.every_plan().windows)
        done = await super().send(request, timeout)
        return refusal("too_many_requests", 429) if is_over else done


async def at_once(its_client: LicenseSpring, calls: int) -> list[float | LicenseSpringError]:
    """Make so many calls at once; return the seconds that each took, or its error."""
    outcomes = list[float | LicenseSpringError]()

    async def one() -> None:
        try:
            outcomes.append((await its_client.with_raw_response.check_license_feature(**CHECK)).elapsed)
        except LicenseSpringError as error:
            outcomes.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(calls):
            group.start_soon(one)
    return outcomes


@both
@pytest.mark.parametrize("calls", [60, 300, 390])
def test_a_burst_on_the_default_client_succeeds(backend: str, calls: int) -> None:
    """Keeps to the windows of every plan at the vendor's own address, so that a burst waits instead of failing."""
    engine = Limited([answer()], seconds=0.05)

    outcomes = virtual.run(backend, lambda: at_once(client(engine, virtual.clock()), calls))

    assert [each for each in outcomes if isinstance(each, LicenseSpringError)] == []
    assert len(engine.requests) == calls
    assert min(engine.timeouts) == pytest.approx(10)


@both
def test_a_burst_that_is_too_large_says_what_to_do(backend: str) -> None:
    """Fails what the windows leave no place for within twice the call's time, unsent, and tells the way out."""
    engine = Limited([answer()], seconds=0.05)

    outcomes = virtual.run(backend, lambda: at_once(client(engine, virtual.clock(), timeout=3), 300))

    errors = [each for each in outcomes if isinstance(each, LicenseSpringError)]
    assert len(outcomes) - len(errors) == len(engine.requests) == 200
    assert {type(each) for each in errors} == {DeadlineExceeded}
    assert {each.attempts for each in errors} == {0}
    assert not any(each.may_have_acted for each in errors)
    assert max(each.elapsed or 0 for each in errors) <= 6.1
    assert "no place in the rate windows" in str(errors[0])
    assert "check_many" in str(errors[0])


@pytest.mark.parametrize(
    "options",
    [{"rate_limits": None}, {"base_url": "https://licenses.example.org"}, {"base_url": "http://127.0.0.1:8080"}],
    ids=str,
)
def test_nothing_waits_where_no_windows_are_known(options: dict[str, Any]) -> None:
    """Keeps to no windows when told so, or where another service answers."""
    engine = ScriptedEngine([answer()])

    outcomes = virtual.run("asyncio", lambda: at_once(client(engine, virtual.clock(), **options), 300))

    assert outcomes == [pytest.approx(0)] * 300


@pytest.mark.parametrize("base_url", ["https://api.licensespring.com", "https://API.licensespring.com:443/"])
def test_the_vendors_address_is_known_however_it_is_written(base_url: str) -> None:
    """Keeps to the windows when the vendor's address is given, as when it is left out."""
    engine = Limited([answer()])

    outcomes = virtual.run("asyncio", lambda: at_once(client(engine, virtual.clock(), base_url=base_url), 60))

    assert max(each for each in outcomes if isinstance(each, float)) == pytest.approx(1, abs=0.01)


@both
def test_waiting_for_a_window_takes_nothing_of_the_calls_time(backend: str) -> None:
    """Gives a call that waited for its place all of its time, again and again, until it has waited twice as long."""
    engine = ScriptedEngine([refusal("internal_error", 500), answer()], seconds=3)

    async def main() -> float:
        its_client = client(engine, virtual.clock(), rate_limits=RateLimits((1, 5)), timeout=7)
        raw = await its_client.with_raw_response.check_license_feature(**CHECK)
        assert raw.waited == pytest.approx(5, abs=0.1)
        return raw.elapsed

    assert virtual.run(backend, main) == pytest.approx(11, abs=0.1)
    assert engine.timeouts == [pytest.approx(7), pytest.approx(4, abs=0.1)]


@pytest.mark.parametrize(
    ("limits", "advice"),
    [
        (None, "with rate_limits=RateLimits.every_plan()"),
        (RateLimits((5, 1)), "give each client a share of the windows"),
    ],
)
def test_429_says_what_to_do(limits: RateLimits | None, advice: str) -> None:
    """Notes on the error which setting makes calls wait for their turn, or that others have taken it."""
    engine = ScriptedEngine([refusal("too_many", 429, retry_after="50")])

    async def main() -> list[str]:
        with pytest.raises(RateLimited) as caught:
            await client(engine, virtual.clock(), rate_limits=limits).check_license_feature(**CHECK)
        return caught.value.__notes__

    assert advice in virtual.run("asyncio", main)[0]


@both
def test_429_pauses_every_caller(backend: str) -> None:
    """Sends nothing from any call until Retry-After has passed."""
    engine = ScriptedEngine([refusal("too_many", 429, retry_after="5"), answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), timeout=60)
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: its_client.check_license_feature(**CHECK))
            await anyio.sleep(1)
            for _ in range(3):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))

    virtual.run(backend, main)
    assert engine.times_from_start == pytest.approx([0, 5, 5, 5, 5], abs=1e-3)


@both
def test_a_pause_longer_than_the_call_is_an_error_at_once(backend: str) -> None:
    """Raises RateLimited with the time to wait, and sends nothing, when a pause outlasts the call."""
    engine = ScriptedEngine([refusal("too_many", 429, retry_after="50"), answer()])

    async def main() -> list[LicenseSpringError]:
        its_client = client(engine, virtual.clock(), timeout=10)
        errors: list[LicenseSpringError] = []
        for wait in (0, 20):
            await anyio.sleep(wait)
            with pytest.raises(RateLimited) as caught:
                await its_client.check_license_feature(**CHECK)
            errors.append(caught.value)
        return errors

    first, second = virtual.run(backend, main)
    assert isinstance(first, RateLimited)
    assert isinstance(second, RateLimited)
    assert first.retry_after == 50
    assert second.retry_after == pytest.approx(30)
    assert len(engine.requests) == 1


@both
def test_a_pause_holds_for_copies_with_windows_of_their_own(backend: str) -> None:
    """Sends nothing from a `with_options` copy either while the service asks to be left alone."""
    engine = ScriptedEngine([refusal("too_many", 429, retry_after="5"), answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), timeout=60)
        copy = its_client.with_options(rate_limits=RateLimits((10, 1)))
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: its_client.check_license_feature(**CHECK))
            await anyio.sleep(1)
            await copy.check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert engine.times_from_start == pytest.approx([0, 5, 5], abs=1e-3)


@both
def test_waiting_for_a_window_holds_no_slot(backend: str) -> None:
    """Lets a copy with wide windows through while the original's callers wait for theirs."""
    engine = ScriptedEngine([answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), timeout=100, max_concurrency=1, rate_limits=RateLimits((1, 30)))
        copy = its_client.with_options(rate_limits=RateLimits((1000, 1)))
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))
            await anyio.sleep(1)
            await copy.check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert engine.times_from_start == pytest.approx([0, 1, 30], abs=1e-3)


@both
def test_an_absurd_pause_is_an_hour(backend: str) -> None:
    """Pauses an hour at most, so that one bad answer does not silence a service for good."""
    engine = ScriptedEngine([refusal("too_many", 429, retry_after="99999999"), answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), timeout=10)
        with pytest.raises(RateLimited):
            await its_client.check_license_feature(**CHECK)
        await anyio.sleep(3601)
        await its_client.check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert len(engine.requests) == 2


@pytest.mark.parametrize("windows", [(), ((0, 1),), ((1, 0),), ((1, float("inf")),), ((1.5, 1),), ((True, 1),)])
def test_refuses_impossible_windows(windows: tuple[tuple[int, float], ...]) -> None:
    """Refuses windows that are not a positive whole number in a positive time."""
    with pytest.raises(ConfigurationError):
        RateLimits(*windows)


def test_presets_are_the_documented_windows() -> None:
    """Knows the windows of each plan, and those that hold on every plan."""
    assert [(w.limit, w.seconds) for w in RateLimits.plan("enterprise").windows] == [(200, 10), (50, 1), (18_000, 60)]
    with pytest.raises(ConfigurationError, match="business-plus"):
        RateLimits.plan("gold")


@both
def test_windows_can_be_changed_while_calls_are_made(backend: str) -> None:
    """Counts what was sent before the change in the new windows too, in the copies as in the client."""
    engine = ScriptedEngine([answer()])

    async def main() -> None:
        its_client = client(engine, virtual.clock(), rate_limits=RateLimits((10, 10)), timeout=10_000)
        copy = its_client.with_options(timeout=9_000)
        for number in range(20):
            if number == 8:
                its_client.change_rate_limits(RateLimits((2, 10), (1, 3)))
            if number == 12:
                its_client.change_rate_limits(None)
            await copy.check_license_feature(**CHECK)

    virtual.run(backend, main)
    times = [round(each - engine.times[0]) for each in engine.times]
    assert times == [0] * 8 + [10, 13, 20, 23] + [23] * 8
