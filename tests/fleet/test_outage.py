"""A service that does not answer any more, or never did: on a virtual clock."""

from __future__ import annotations

from collections import Counter

import anyio
import attrs
import pytest

from licensespring_async import ConfigurationError, ConnectionFailed, LicenseSpringError, RateLimited
from licensespring_async.fleet import Concurrency, LocalChecker, Outcome, check_many, check_with
from licensespring_async.transport import HttpRequest, RateLimits

from ..transport import virtual
from .fakes import drained, rows
from .test_pace import Slow

both = pytest.mark.parametrize("backend", virtual.BACKENDS)


@attrs.define
class Failing(Slow):
    """An engine that cannot be reached for a while.

    Attributes:
        down: From when to when.
    """

    down: tuple[float, float] = (0, 0)

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        if self.down[0] <= anyio.current_time() < self.down[1]:
            raise ConnectionFailed("no route")
        await super().wait(request, timeout)


@both
def test_rows_wait_for_a_service_that_is_gone_for_an_hour(backend: str) -> None:
    """No row is lost to the outage, few requests are sent into it, and both its ends are told."""
    told: list[LicenseSpringError | None] = []

    async def main() -> tuple[Counter[Outcome], int]:
        start = anyio.current_time()
        engine = Failing(down=(start + 2, start + 3602))
        checker = LocalChecker(engine.client(), Concurrency(), on_outage=told.append)
        async with check_with(checker, rows(3000), retries=4) as results:
            outcomes = Counter([each.outcome async for each in results])
        return outcomes, sum(start + 2 <= at < start + 3602 for at in engine.times)

    outcomes, wasted = virtual.run(backend, main)
    assert outcomes == {Outcome.LICENSED: 3000}
    assert wasted < 500
    assert [type(each) for each in told] == [ConnectionFailed, type(None)]


@both
def test_a_run_that_is_stopped_does_not_wait_for_the_service(backend: str) -> None:
    """Ctrl-C in an outage ends the run; what was not answered is checked when it goes on."""

    async def main() -> tuple[int, float]:
        start, seen = anyio.current_time(), list[Outcome]()
        checks = check_many(Failing(down=(start + 2, start + 9e9)).client(), rows(3000), retries=4)
        async with checks as results, anyio.create_task_group() as group:

            async def stop() -> None:
                await anyio.sleep(1000)
                checks.stop()

            group.start_soon(stop)
            seen = [each.outcome async for each in results]
        return len(seen) - seen.count(Outcome.LICENSED), anyio.current_time() - start

    unanswered, seconds = virtual.run(backend, main)
    assert (unanswered, seconds < 1100) == (0, True)


@both
def test_a_long_pause_is_told_once_and_its_end_by_ctrl_c_is_no_outage(backend: str) -> None:
    """Many rows are throttled together; those that are given up at the end say nothing of the service."""
    told: list[LicenseSpringError | None] = []

    async def main() -> None:
        engine = Slow(throttle_first=1_000_000, retry_after=20)
        checker = LocalChecker(engine.client(), Concurrency(start=50), on_outage=told.append)
        checks = check_with(checker, rows(3000), retries=4)
        async with checks as results, anyio.create_task_group() as group:

            async def stop() -> None:
                await anyio.sleep(30)
                checks.stop()

            group.start_soon(stop)
            await drained(results)

    virtual.run(backend, main)
    assert [(type(each), getattr(each, "retry_after", None)) for each in told] == [(RateLimited, 20)] * 2


@both
def test_a_service_that_never_answered_ends_the_run(backend: str) -> None:
    """A wrong address is told after a thousand rows, and not after a million."""

    async def main() -> tuple[Counter[Outcome], Exception | None]:
        async with check_many(Failing(down=(0, 9e9)).client(), rows(5000)) as results:
            seen, error = await drained(results)
        return Counter(each.outcome for each in seen), error

    outcomes, error = virtual.run(backend, main)
    assert isinstance(error, ConfigurationError)
    assert "none of 1,000 checks was answered" in str(error)
    assert outcomes[Outcome.ERROR] < 1200
    assert outcomes.total() == 5000


@both
@pytest.mark.parametrize(("seconds", "kinds"), [(30, [ConnectionFailed, type(None)]), (9e9, [ConnectionFailed])])
def test_a_service_that_does_not_answer_yet_is_told(backend: str, seconds: float, kinds: list[type]) -> None:
    """From the start on, and not only once a thousand rows have failed; so is its first answer."""
    told: list[LicenseSpringError | None] = []

    async def main() -> None:
        engine = Failing(down=(0, anyio.current_time() + seconds))
        client = engine.client(RateLimits((20, 1)))
        checker = LocalChecker(client, Concurrency(), on_outage=told.append)
        async with check_with(checker, rows(1200), retries=4) as results:
            await drained(results)

    virtual.run(backend, main)
    assert [type(each) for each in told] == kinds
