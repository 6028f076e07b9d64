"""The three documented windows, one at a time."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from licensespring_async.sandbox import Throttle
from licensespring_async.sandbox.steering.limits import Limiter, Plan, RetryAfter, too_many


def limiter(now: list[float], plan: Plan = "free") -> Limiter:
    return Limiter(lambda: now[0], Throttle(plan=plan), lambda authorization: authorization[:1])


def passed(limits: Limiter, count: int, address: str = "a", authorization: str = "1") -> int:
    return sum(limits.wait(address, authorization) == 0 for _ in range(count))


def test_an_authorization_has_fifty_in_a_second() -> None:
    """The 51st request of one Authorization waits for the rest of its second; another Authorization does not."""
    now = [1000.0]
    limits = limiter(now)
    assert passed(limits, 60) == 50
    assert limits.wait("a", "1") == pytest.approx(1.0)
    assert passed(limits, 1, authorization="1 another") == 1
    now[0] = 1001.0
    assert passed(limits, 60) == 50


def test_an_address_has_two_hundred_in_ten_seconds() -> None:
    """The 201st request of one address waits although each has an Authorization of its own."""
    now = [1000.0]
    limits = limiter(now)
    assert sum(limits.wait("a", f"1 {number}") == 0 for number in range(300)) == 200
    assert limits.wait("a", "1 new") == pytest.approx(10.0)
    assert limits.wait("b", "1 new") == 0


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [("free", 1_800), ("business-starter", 3_600), ("business-plus", 4_500), ("enterprise", 18_000)],
)
def test_a_company_has_what_its_plan_allows_in_a_minute(plan: Plan, allowed: int) -> None:
    """Beyond the plan's number a company waits, from whichever address; another company does not."""
    now = [1000.0]
    limits = limiter(now, plan)
    assert sum(limits.wait(f"{number}", f"1 {number}") == 0 for number in range(allowed + 100)) == allowed
    assert limits.wait("new", "1 new") == pytest.approx(60.0)
    assert limits.wait("new", "2 new") == 0
    now[0] = 1060.0
    assert limits.wait("new", "1 new") == 0


def test_scales() -> None:
    """A factor makes each window narrower, and never closes it."""
    assert [limit for _, limit, _ in Throttle(scale=0.1).windows("c", "a", "x")] == [20, 5, 180]
    assert [limit for _, limit, _ in Throttle(scale=1e-9).windows("c", "a", "x")] == [1, 1, 1]


@pytest.mark.parametrize("shape", ["seconds", "date", "garbage", "none"])
def test_says_when_there_is_room(shape: RetryAfter) -> None:
    """Retry-After has the asked shape, rounded up, on the sandbox's clock."""
    headers = dict(too_many(Throttle(retry_after=shape), 2.3, 1_800_000_000.0)[0])
    told = headers.get(b"retry-after", b"").decode()
    if shape == "date":
        assert parsedate_to_datetime(told).timestamp() == 1_800_000_003
    else:
        assert told == {"seconds": "3", "garbage": "soon", "none": ""}[shape]
