"""Answers that are too old are refused."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import attrs
import pytest

from licensespring_async import AnswerMismatch, ConfigurationError, LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.auth import imf_fixdate
from licensespring_async.transport import HttpRequest, HttpResponse

from ..fakes import KEY, ScriptedEngine, answer, client
from . import bodies
from .fakes import FEATURE, VirtualTime

pytestmark = pytest.mark.anyio


@attrs.define
class World:
    """A service, and a client on a machine whose clock and monotonic clock can be moved."""

    engine: ScriptedEngine
    client: LicenseSpring
    clock: VirtualTime
    elapsed: float = 0.0

    async def check(self, **headers: str) -> bool:
        """Return whether an answer with these headers is taken."""
        self.engine.answers = [answer(200, bodies.feature(code="render"), **headers)]
        try:
            await self.client.check_license_feature(**FEATURE)
        except AnswerMismatch:
            return False
        return True

    def dated(self, value: object, ahead: float, status: int = 200) -> HttpResponse:
        """An answer whose Date is that many seconds ahead of the machine's clock."""
        return answer(status, value, date=imf_fixdate(self.clock.now + ahead))

    async def fail(self, ahead: float, status: int = 502) -> None:
        """Get an unsigned error with such a Date."""
        self.engine.answers = [self.dated(bodies.error("internal_error"), ahead, status)]
        with pytest.raises(LicenseSpringError):
            await self.client.with_options(retry=RetryPolicy(max_attempts=1)).check_license_feature(**FEATURE)

    async def is_taken(self, ahead: float) -> bool:
        """Return whether an answer is taken whose Date is that many seconds ahead of the machine's clock."""
        return await self.check(date=imf_fixdate(self.clock.now + ahead))


def world(limit: float | None = 300.0) -> World:
    clock = VirtualTime()
    engine = ScriptedEngine()
    times = attrs.evolve(clock.clock, monotonic=lambda: made.elapsed)
    made = World(engine, client(engine, times, max_answer_age=limit), clock)
    return made


@pytest.mark.parametrize("age", ["0", "300"])
async def test_a_young_age(age: str) -> None:
    """Takes an answer that was in a cache for no longer than the limit."""
    assert await world().check(age=age)


@pytest.mark.parametrize("age", ["301", "-1", "", "1.5", "soon", "9" * 5000, "300, 300", "٣"])
async def test_an_old_age(age: str) -> None:
    """Refuses an answer that was in a cache for longer, or whose Age is no number."""
    assert not await world().check(age=age)


async def test_a_long_limit() -> None:
    """Tells it in plain digits."""
    here = world(2_000_000.0)
    here.engine.answers = [answer(200, bodies.feature(code="render"), age="2000001")]
    with pytest.raises(AnswerMismatch, match="Age is not within 2000000 s: it comes from a cache"):
        await here.client.check_license_feature(**FEATURE)


@pytest.mark.parametrize("ahead", [-301, 301, -86400])
async def test_an_old_date(ahead: float) -> None:
    """Refuses an answer whose Date is off the service's time as it is known."""
    here = world()
    assert await here.is_taken(0)

    assert not await here.is_taken(ahead)
    assert await here.is_taken(0)


async def test_a_clock_that_is_wrong_from_the_start() -> None:
    """Takes a first answer as far off as the service accepts clocks, and later ones near it."""
    here = world()
    assert await here.is_taken(800)

    assert await here.is_taken(800)
    assert not await here.is_taken(400)
    assert not await here.is_taken(-301)


@pytest.mark.parametrize("status", [502, 503, 400, 429])
@pytest.mark.parametrize("ahead", [-86400, 600, 86400, 10**9])
async def test_an_error_tells_nothing_of_what_is_fresh(status: int, ahead: float) -> None:
    """Refuses a recording whose time an unsigned error announced, and takes the rightful answer all the same."""
    here = world()
    assert await here.is_taken(0)

    await here.fail(ahead, status)

    assert not await here.is_taken(ahead)
    assert await here.is_taken(0)


@pytest.mark.parametrize("ahead", [-86400, 901, 10**9])
async def test_an_error_tells_nothing_before_the_first_answer_either(ahead: float) -> None:
    """Refuses a recording whose time the very first answer, an unsigned error, announced."""
    here = world()

    await here.fail(ahead)

    assert not await here.is_taken(ahead)
    assert await here.is_taken(0)


async def test_a_replica_whose_clock_is_wrong() -> None:
    """Takes the answers of the other servers whichever of them answers first."""
    here = world()
    assert await here.is_taken(600)

    assert await here.is_taken(0)
    assert not await here.is_taken(600)
    assert await here.is_taken(0)


async def test_a_clock_that_the_service_refuses() -> None:
    """Takes the answer to a corrected attempt on a machine whose clock is a year off, and those that follow."""
    here = world()
    here.engine.answers = [
        here.dated(bodies.error("date_header_diff"), -(10**7), 400),
        here.dated(bodies.feature(code="render"), -(10**7)),
    ]

    assert (await here.client.with_raw_response.check_license_feature(**FEATURE)).attempts == 2
    assert await here.is_taken(-(10**7))
    assert await here.is_taken(0)
    assert not await here.is_taken(-86400)


async def test_an_answer_that_was_refused_signs_no_attempt() -> None:
    """Signs by the local clock after a recording, so that the service can say again how far off the clock is."""
    here = world()
    assert not await here.is_taken(-86400)

    assert await here.is_taken(0)

    assert here.engine.requests[-1].headers["Date"] == imf_fixdate(here.clock.now)
    assert here.client.clock_skew == 0


async def test_a_word_that_nobody_signs() -> None:
    """Takes a word with any Date, by which the client could learn nothing, but not out of a cache."""
    here = world()
    here.engine.answers = [here.dated("", 7200), answer(200, "", age="301")]

    await here.client.release_floating_feature(**FEATURE)
    with pytest.raises(AnswerMismatch, match="Age"):
        await here.client.release_floating_feature(**FEATURE)

    assert not await here.is_taken(7200)


@pytest.mark.parametrize("other", [-86400, 86400, 10**9, None])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("comma", [", ", ","])
async def test_two_dates_of_which_one_is_old(other: float | None, first: bool, comma: str) -> None:
    """Refuses an answer with two Dates of which one is of another day, or is no date, in whatever order."""
    here = world()
    now = here.clock.now
    dates = [imf_fixdate(now), "yesterday" if other is None else imf_fixdate(now + other)]

    assert not await here.check(date=comma.join(dates if first else dates[::-1]))


async def test_two_dates_teach_nothing() -> None:
    """Takes an answer with two Dates that are both near, as some proxies send it, and learns from neither."""
    here = world()
    now = here.clock.now

    assert await here.check(date=f"{imf_fixdate(now + 200)}, {imf_fixdate(now + 201)}")
    assert here.client.clock_skew == 0
    assert await here.is_taken(800)


async def test_a_first_answer_of_another_day() -> None:
    """Refuses a first answer that is further off than the service accepts clocks."""
    assert not await world().is_taken(-1000)


async def test_a_clock_that_is_set_while_running() -> None:
    """Takes the service's answers after the machine's clock was set by an hour."""
    here = world()
    assert await here.is_taken(0)
    here.elapsed += 10
    here.clock.now += 10 + 3600

    assert await here.is_taken(-3600)
    assert await here.is_taken(-3600)


async def test_a_machine_that_slept() -> None:
    """Takes the service's answers after a night in which only the wall clock went on."""
    here = world()
    assert await here.is_taken(0)
    here.clock.now += 8 * 3600

    assert await here.is_taken(0)


@pytest.mark.parametrize("ahead", [301, 600, 899, -301, -600, -899])
async def test_a_machine_that_was_stopped(ahead: float) -> None:
    """Takes the service's answers again after both clocks stood still, as those of a paused virtual machine do.

    The service accepts so small a difference, and would not say by itself that there is one.
    """
    here = world()
    assert await here.is_taken(0)

    def service(request: HttpRequest) -> HttpResponse:
        off = here.clock.now + ahead - parsedate_to_datetime(request.headers["Date"]).timestamp()
        if abs(off) <= 900:
            return here.dated(bodies.feature(code="render"), ahead)
        return here.dated(bodies.error("date_header_diff"), ahead, 400)

    here.engine.answers = [service]
    with pytest.raises(AnswerMismatch):
        await here.client.check_license_feature(**FEATURE)

    assert (await here.client.with_raw_response.check_license_feature(**FEATURE)).attempts == 2
    assert (await here.client.with_raw_response.check_license_feature(**FEATURE)).attempts == 1


@pytest.mark.parametrize("ahead", [-301, -600, -899])
async def test_a_cache_is_no_service(ahead: float) -> None:
    """Refuses a recording however often it comes, since it says nothing of the date of the request."""
    here = world()
    assert await here.is_taken(0)

    for _ in range(5):
        assert not await here.is_taken(ahead)
    assert await here.is_taken(0)


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
async def test_no_date(headers: dict[str, str]) -> None:
    """Takes an answer without a Date, or with one that is no date."""
    assert await world().check(**headers)


async def test_any_age() -> None:
    """Takes any answer when max_answer_age is None."""
    here = world(None)

    assert await here.is_taken(-86400)
    assert await here.check(age="86400")


@pytest.mark.parametrize("limit", [0, -1, float("nan"), "300", True])
def test_a_limit_that_is_none(limit: object) -> None:
    """Refuses a limit that is no positive number."""
    with pytest.raises(ConfigurationError, match="max_answer_age"):
        LicenseSpring(auth=KEY, max_answer_age=limit)  # type: ignore[arg-type]
