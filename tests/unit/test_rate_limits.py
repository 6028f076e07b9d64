"""Rate limits as values."""

from __future__ import annotations

import math

import pytest

from licensespring_async import ConfigurationError, RateLimits, Window


def test_pairs_become_windows() -> None:
    """Takes pairs of a number of requests and a number of seconds."""
    assert RateLimits((200, 10), (50, 0.5)).windows == (Window(200, 10), Window(50, 0.5))


def test_windows_are_taken_as_they_are() -> None:
    """Takes windows too, beside pairs."""
    assert RateLimits(Window(5, 1), (6, 2)) == RateLimits((5, 1), Window(6, 2))


def test_no_window_is_refused() -> None:
    """Refuses limits that limit nothing: None says that."""
    with pytest.raises(ConfigurationError):
        RateLimits()


@pytest.mark.parametrize("limit", [0, -1, 2.5, 5.0, True, "5", None, math.inf])
def test_a_limit_is_a_number_of_requests(limit: object) -> None:
    """Refuses a limit that lets nothing through, or is no whole number."""
    with pytest.raises(ConfigurationError, match="limit"):
        RateLimits((limit, 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("seconds", [0, -1, math.inf, -math.inf, math.nan, "1", None])
def test_a_window_has_a_length(seconds: object) -> None:
    """Refuses a window without a positive length."""
    with pytest.raises(ConfigurationError, match="seconds"):
        RateLimits((5, seconds))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("window", [(5,), (5, 1, 1), 5, None])
def test_what_is_no_pair_is_refused(window: object) -> None:
    """Refuses what is neither a pair nor a window, such as limits written without inner parentheses."""
    with pytest.raises(ConfigurationError):
        RateLimits(window)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_the_windows_of_every_plan() -> None:
    """Knows the documented windows per address and per authorization.

    Source: https://docs.licensespring.com/license-api/rate-limiting
    """
    assert RateLimits.every_plan() == RateLimits((200, 10), (50, 1))


@pytest.mark.parametrize(
    ("name", "a_minute"),
    [("free", 1_800), ("business-starter", 3_600), ("business-plus", 4_500), ("enterprise", 18_000)],
)
def test_the_windows_of_a_plan(name: str, a_minute: int) -> None:
    """Adds a plan's own window to those of every plan."""
    assert RateLimits.plan(name) == RateLimits((200, 10), (50, 1), (a_minute, 60))


@pytest.mark.parametrize("name", ["", "Free", "premium"])
def test_an_unknown_plan_is_refused(name: str) -> None:
    """Names the plans there are."""
    with pytest.raises(ConfigurationError, match="free, business-starter, business-plus, enterprise"):
        RateLimits.plan(name)


def test_limits_are_values() -> None:
    """Can be compared, hashed and not changed."""
    limits = RateLimits((5, 1))

    assert {limits, RateLimits((5, 1))} == {limits}
    with pytest.raises(AttributeError):
        limits.windows = ()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
