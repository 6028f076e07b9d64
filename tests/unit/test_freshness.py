"""Answers that are too old are refused."""

from __future__ import annotations

import attrs
import pytest

from licensespring_async import AnswerMismatch, ConfigurationError, LicenseSpring
from licensespring_async.auth import imf_fixdate

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


@pytest.mark.parametrize("ahead", [-301, 301, -86400])
async def test_an_old_date(ahead: float) -> None:
    """Refuses an answer whose Date is off the service's time as it is known."""
    here = world()
    assert await here.is_taken(0)

    assert not await here.is_taken(ahead)
    assert await here.is_taken(0)


async def test_a_clock_that_is_wrong_from_the_start() -> None:
    """Takes a first answer as far off as the service accepts clocks, and measures later ones against it."""
    here = world()
    assert await here.is_taken(800)

    assert await here.is_taken(800)
    assert not await here.is_taken(0)


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
