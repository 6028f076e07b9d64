"""How many rows are under way, and how fast they are sent: on a virtual clock."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import anyio
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ConfigurationError, DeadlineExceeded, LicenseSpring, RateLimited, RateLimits
from licensespring_async.fleet import Concurrency, Outcome, Pace, Result, Row, check_many
from licensespring_async.fleet.checking.pace import Aimd
from licensespring_async.transport import HttpRequest

from ..fakes import Script, ScriptedEngine, answer, client
from ..transport import virtual
from ..unit import bodies
from .fakes import rows

both = pytest.mark.parametrize("backend", virtual.BACKENDS)


@attrs.define
class Slow(ScriptedEngine):
    """An engine that takes its time, and throttles what is over its capacity.

    Attributes:
        capacity: Requests at once; more are throttled.
        retry_after: What a throttled one is told.
        throttle_first: So many requests are throttled whatever the capacity.
    """

    answers: list[Script] = attrs.field(factory=lambda: [answer(body=bodies.feature())])
    seconds: float = 0.1
    capacity: int = 1_000_000
    retry_after: float | None = None
    throttle_first: int = 0

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        if len(self.times) <= self.throttle_first or self.in_flight > self.capacity:
            raise RateLimited(429, "", "too many", retry_after=self.retry_after)
        await super().wait(request, timeout)

    def client(self, limits: RateLimits | None = None, timeout: float = 30.0) -> LicenseSpring:
        return client(
            self, virtual.clock(), max_answer_age=None, max_concurrency=1000, rate_limits=limits, timeout=timeout
        )


async def checked(
    client: LicenseSpring, given: list[Row] | AsyncIterator[Row], concurrency: int | Concurrency, retries: int = 0
) -> tuple[list[Result], list[Pace]]:
    """The results, and the pace after each."""
    results, paces = list[Result](), list[Pace]()
    checks = check_many(client, given, concurrency=concurrency, retries=retries)
    async with checks as given_results:
        async for result in given_results:
            results.append(result)
            paces.append(checks.pace)
    return results, paces


@both
def test_the_limit_settles_at_what_the_service_bears(backend: str) -> None:
    """It grows to the service's capacity, and stays within a tenth or two below it."""

    async def main() -> list[Pace]:
        client = Slow(capacity=40).client()
        return (await checked(client, rows(3000), Concurrency(start=4, most=200), retries=5))[1]

    paces = virtual.run(backend, main)
    assert paces[0].limit == 4
    settled = [each.limit for each in paces[1500:-200]]
    assert 30 <= min(settled) <= max(settled) <= 42
    assert paces[-1].throttled < 3000 / 20


@both
def test_the_limit_grows_to_its_upper_bound(backend: str) -> None:
    """One more for every round, and never more than allowed."""

    async def main() -> tuple[list[Pace], float]:
        started = anyio.current_time()
        _, paces = await checked(Slow(seconds=1).client(), rows(1000), Concurrency(start=10, most=30))
        return paces, anyio.current_time() - started

    paces, seconds = virtual.run(backend, main)
    assert max(each.under_way for each in paces) <= 30
    assert paces[-1].limit == 30
    assert 1000 / 30 < seconds < 1000 / 30 + 15


@both
def test_the_limit_does_not_grow_while_the_windows_bind(backend: str) -> None:
    """More rows under way would only wait longer for their turn."""

    async def main() -> list[Pace]:
        client = Slow().client(RateLimits((20, 1)))
        return (await checked(client, rows(1000), Concurrency(start=10, most=200)))[1]

    assert virtual.run(backend, main)[-1].limit <= 12


@both
def test_the_time_of_a_check_is_the_services(backend: str) -> None:
    """What a row waited for the windows counts apart."""

    async def main() -> list[Result]:
        return (await checked(Slow(seconds=0.1).client(RateLimits((10, 1))), rows(50), 30))[0]

    results = virtual.run(backend, main)
    assert [each.seconds for each in results] == pytest.approx([0.1] * 50)
    assert max(each.waited for each in results) > 2


@both
def test_the_limit_does_not_grow_while_the_input_is_slow(backend: str) -> None:
    """Rows that trickle in do not use the limit that there is."""

    async def trickle() -> AsyncIterator[Row]:
        for each in rows(500):
            await anyio.sleep(0.05)
            yield each

    async def main() -> list[Pace]:
        return (await checked(Slow().client(), trickle(), Concurrency(start=10, most=200)))[1]

    assert {each.limit for each in virtual.run(backend, main)} == {10}


@both
def test_time_outs_lower_the_limit(backend: str) -> None:
    """A service that answers nobody in time is asked by fewer at once."""

    async def main() -> list[Pace]:
        client = Late().client(timeout=1)
        return (await checked(client, rows(400), 100))[1]

    paces = virtual.run(backend, main)
    assert paces[-1].limit == int(100 * 0.9 ** len({each.limit for each in paces}))
    assert paces[-1].limit < 75


@attrs.define
class Late(Slow):
    """An engine that never answers in time."""

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        await anyio.sleep(timeout)
        raise DeadlineExceeded("too late")


@both
def test_a_window_longer_than_a_call_fails_no_row(backend: str) -> None:
    """Waiting for the windows is the run's time and not the row's: each row is sent in its turn."""

    async def main() -> tuple[list[Result], float]:
        started = anyio.current_time()
        client = Slow().client(RateLimits((20, 60)), timeout=5)
        results, _ = await checked(client, rows(100), 32)
        return results, anyio.current_time() - started

    results, seconds = virtual.run(backend, main)
    assert {each.outcome for each in results} == {Outcome.LICENSED}
    assert 297 < seconds < 300


@both
def test_a_long_pause_fails_no_row(backend: str) -> None:
    """`Retry-After` holds the whole run up, and the rows that were refused are tried again."""

    async def main() -> tuple[list[Result], float]:
        started = anyio.current_time()
        client = Slow(throttle_first=1, retry_after=600).client(timeout=5)
        results, _ = await checked(client, rows(50), 1, retries=1)
        return results, anyio.current_time() - started

    results, seconds = virtual.run(backend, main)
    assert {each.outcome for each in results} == {Outcome.LICENSED}
    assert 600 < seconds < 610


@both
@pytest.mark.parametrize("how", ["stop", "skip"])
def test_a_run_that_ends_does_not_wait_for_the_windows(backend: str, how: str) -> None:
    """A row that waits for its turn is not sent: it has no result, or is skipped."""

    async def main() -> tuple[list[Outcome], int, float]:
        engine, started, seen = Slow(), anyio.current_time(), list[Outcome]()
        checks = check_many(engine.client(RateLimits((5, 90))), rows(20), concurrency=8)
        async with checks as results, anyio.create_task_group() as group:

            async def end() -> None:
                await anyio.sleep(10)
                checks.stop() if how == "stop" else checks.skip("enough")

            group.start_soon(end)
            seen = [each.outcome async for each in results]
        return seen, len(engine.times), anyio.current_time() - started

    seen, sent, seconds = virtual.run(backend, main)
    skipped = [Outcome.SKIPPED] * 15 if how == "skip" else []
    assert (seen, sent, seconds < 11) == ([Outcome.LICENSED] * 5 + skipped, 5, True)


@both
def test_the_windows_hold_and_are_used(backend: str) -> None:
    """As the server sees it no window is ever exceeded, and the binding one is used to 95 %."""
    windows = [(50, 1.0), (200, 10.0), (1100, 60.0)]

    async def main() -> list[float]:
        engine = Slow(seconds=0.05)
        await checked(engine.client(RateLimits(*windows)), rows(3300), Concurrency())
        return engine.times

    times = virtual.run(backend, main)
    for limit, seconds in windows:
        assert max(_in_spans(times, seconds)) <= limit
    assert 3300 / (times[-1] - times[0]) >= 0.95 * 1100 / 60


@both
@pytest.mark.parametrize(
    ("windows", "gap"),
    [([(60, 1)], 1 / 60), ([(50, 1), (200, 10)], 0.05), ([(20, 60)], 3.0), ([(1000, 86_400), (10, 1)], 0.1)],
    ids=str,
)
def test_a_run_is_spread_evenly(backend: str, windows: list[tuple[int, float]], gap: float) -> None:
    """No part of a window sees more than its share, however many rows are under way; a quota of hours is not spread."""

    async def main() -> list[float]:
        engine = Slow(seconds=0.05)
        await checked(engine.client(RateLimits(*windows)), rows(300), Concurrency.upto(128))
        return engine.times

    times = virtual.run(backend, main)
    assert max(_in_spans(times, 6 * gap)) <= 6 + 1 + 0.02 / gap  # what came late is caught up with for 20 ms
    assert 300 * gap * 0.97 <= times[-1] - times[0] <= 300 * gap * 1.1


@both
def test_even_rows_find_how_many_to_have_under_way(backend: str) -> None:
    """Short waits for a turn do not keep the limit from growing to what a slow service needs."""
    dice = random.Random(3)

    class Uneven(Slow):
        async def wait(self, request: HttpRequest, timeout: float) -> None:
            await anyio.sleep(0.5 + dice.random())

    async def main() -> tuple[list[Pace], float]:
        started = anyio.current_time()
        _, paces = await checked(Uneven().client(RateLimits((60, 1))), rows(4000), Concurrency())
        return paces, anyio.current_time() - started

    paces, seconds = virtual.run(backend, main)
    # A request of a second counts for two, so 30 rows under way use the window.
    assert 28 <= paces[-1].limit <= 40
    assert seconds < 4000 / 30 * 1.1


def _in_spans(times: list[float], seconds: float) -> list[int]:
    """How many moments there are in the half-open span that ends with each."""
    first, found = 0, list[int]()
    for last, moment in enumerate(times):
        while times[first] <= moment - seconds:
            first += 1
        found.append(last - first + 1)
    return found


@pytest.mark.parametrize("bounds", [(0, 1, 1), (1, 0, 1), (2, 1, 3), (1, 3, 2), (1, 1, 1.5), (1, True, 2)])
def test_bounds_are_in_order(bounds: tuple[int, int, int]) -> None:
    """Bounds that contradict each other are refused."""
    least, start, most = bounds
    with pytest.raises(ConfigurationError, match="concurrency: "):
        Concurrency(least=least, start=start, most=most)


@pytest.mark.parametrize("concurrency", [10_001, 10**9, 10**400])
def test_more_rows_at_once_than_can_be_worth_it_are_refused(concurrency: int) -> None:
    """A worker is made for each: a run with a billion of them would never begin."""
    with pytest.raises(ConfigurationError, match=r"^concurrency: must be at most 10,000; "):
        check_many(client(ScriptedEngine()), rows(3), concurrency=concurrency)
    with pytest.raises(ConfigurationError, match=r"^concurrency: must be at most 10,000; "):
        Concurrency(most=concurrency)
    assert Concurrency.upto(10_000).start == 10_000


def test_rows_that_were_under_way_together_lower_the_limit_once() -> None:
    """A burst of throttled answers tells of one moment."""
    aimd = Aimd(Concurrency(start=100, most=100))
    for number in range(50):
        aimd.congested(began=1.0 + number / 1000, now=2.0 + number / 1000)
    assert aimd.limit == 90
    aimd.congested(began=2.0, now=3.0)
    assert aimd.limit == 81


@given(
    st.integers(1, 50),
    st.lists(st.one_of(st.none(), st.tuples(st.booleans(), st.sampled_from([0.0, 1.0])))),
)
def test_the_limit_stays_within_its_bounds(start: int, ends: list[tuple[bool, float] | None]) -> None:
    """Whatever happens, and in whatever order."""
    aimd = Aimd(Concurrency(start=start, most=50))
    for now, end in enumerate(ends):
        before = aimd.limit
        if end is None:
            aimd.congested(began=now, now=now)
        else:
            aimd.answered(is_full=end[0], waited=end[1])
        assert 1 <= aimd.limit <= 50
        assert before * 0.9 - 1 <= aimd.limit <= before + 1
