"""Rate windows divided over workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import RateLimits, Window
from licensespring_async.fleet.checking.shares import Limits, Shares


def settle(shares: Shares, now: float) -> None:
    """Tell every worker its share."""
    for worker, grant in shares.lowered().items():
        shares.accept(worker, grant, now)
    for worker, grant in shares.raised(now).items():
        shares.accept(worker, grant, now)


def test_workers_share_a_window_evenly() -> None:
    """What cannot be divided goes to those that came first."""
    shares = Shares(Limits(company=(Window(10, 60),)), linger=0)
    for worker in "abc":
        shares.join(worker, worker)
    settle(shares, 0)
    assert [shares.limits(worker, shares.of(worker)) for worker in "abc"] == [
        RateLimits((4, 60)),
        RateLimits((3, 60)),
        RateLimits((3, 60)),
    ]


def test_a_worker_that_comes_waits_for_the_window_to_pass() -> None:
    """What the others sent under their old shares still counts."""
    shares = Shares(Limits(company=(Window(10, 60),)), linger=0)
    shares.join("a", "a")
    settle(shares, 0)
    shares.join("b", "b")
    settle(shares, 5)
    assert (shares.of("a"), shares.of("b")) == ((5,), (0,))
    settle(shares, 64)
    assert shares.of("b") == (0,)
    settle(shares, 65)
    assert shares.of("b") == (5,)


def test_the_share_of_a_worker_that_is_gone_returns_when_its_requests_have_passed() -> None:
    """It may have been sending for a while after it was missed."""
    shares = Shares(Limits(company=(Window(10, 60),)), linger=30)
    for worker in "ab":
        shares.join(worker, worker)
    settle(shares, 0)
    shares.leave("a", 100)
    settle(shares, 189)
    assert shares.of("b") == (5,)
    settle(shares, 190)
    assert shares.of("b") == (10,)


def test_a_window_per_address_is_shared_on_each_host_alone() -> None:
    """The service counts by the address that requests come from; a host has one."""
    shares = Shares(Limits(address=(Window(200, 10),)), linger=0)
    for worker, host in (("a", "one"), ("b", "one"), ("c", "two")):
        shares.join(worker, host)
    settle(shares, 0)
    assert [shares.of(worker) for worker in "abc"] == [(100,), (100,), (200,)]


def test_more_workers_than_requests_leave_some_idle() -> None:
    """A share of nothing is given no rows; nobody who has one loses it."""
    shares = Shares(Limits(company=(Window(2, 1),)), linger=0)
    shares.join("a", "a")
    settle(shares, 0)
    for worker in "bcd":
        shares.join(worker, worker)
    settle(shares, 1)
    settle(shares, 2)
    assert [shares.of(worker) for worker in "abcd"] == [(1,), (1,), (0,), (0,)]


def test_without_windows_there_is_no_limit() -> None:
    """A server of one's own."""
    shares = Shares(Limits(), linger=0)
    shares.join("a", "a")
    assert shares.limits("a", shares.of("a")) is None


# Sums of such parts of a second are exact: a window that ends by rounding is no finding.
PAUSES = st.integers(0, 15 * 64).map(lambda number: number / 64)


@given(st.integers(1, 20), st.lists(st.tuples(st.sampled_from("abcdef"), PAUSES), max_size=40))
def test_together_they_never_send_more_than_the_whole(limit: int, steps: list[tuple[str, float]]) -> None:
    """Workers that send all that they may, whenever they come and go, stay within the window as the service sees it."""
    window, now, sent = Window(limit, 10.0), 0.0, list[tuple[float, str]]()
    shares = Shares(Limits(company=(window,)), linger=0)
    for worker, pause in [*steps, *[("", 11.0)] * 3]:
        now += pause
        if worker in shares.workers:
            shares.leave(worker, now)
        elif worker:
            shares.join(worker, worker)
        settle(shares, now)
        for each in shares.workers:
            recent = sum(by == each and at > now - window.seconds for at, by in sent)
            sent += [(now, each)] * max(0, shares.of(each)[0] - recent)
        assert sum(at > now - window.seconds for at, _ in sent) <= limit
    if shares.workers:
        assert sum(shares.of(each)[0] for each in shares.workers) == limit
