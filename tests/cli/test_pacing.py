"""Options to rate windows, and how long a run takes."""

from __future__ import annotations

import pytest

from licensespring_async import ConfigurationError, RateLimits
from licensespring_async.cli.fleet.pacing import Pace, least_seconds


def test_the_default_holds_on_every_plan() -> None:
    """Nobody is blocked for not knowing the limits; a sandbox of the command's own has none."""
    assert Pace().limits() == RateLimits((200, 10), (50, 1))
    assert Pace().limits(is_embedded=True) is None


def test_rates_add_up_with_a_plan() -> None:
    """A plan and rates hold together; rates alone replace the default."""
    assert Pace(rate=["5/1", "20/60"]).limits() == RateLimits((5, 1), (20, 60))
    assert Pace(plan="free", rate=["5/1"]).limits() == RateLimits((200, 10), (50, 1), (1800, 60), (5, 1))


@pytest.mark.parametrize("rates", [["5"], ["x/1"], ["5/x"], ["0/1"], ["5/0"], ["-1/1"], ["5/nan"], [""]])
def test_a_rate_that_cannot_be_read_is_refused(rates: list[str]) -> None:
    """The message names the option, the value and the form."""
    told = f"--rate {rates[0]}: must be NUMBER/SECONDS, both greater than 0, for example 200/10"
    with pytest.raises(ConfigurationError, match=f"^{told}$"):
        Pace(rate=rates).limits()


def test_unlimited_contradicts_a_rate() -> None:
    """One of the two is a mistake."""
    with pytest.raises(ConfigurationError, match="--unlimited contradicts"):
        Pace(plan="free", unlimited=True).limits()


@pytest.mark.parametrize(("requests", "seconds"), [(0, 0), (1, 0), (51, 2.5), (201, 10), (1_000_001, 50_000)])
def test_the_binding_window_tells_how_long_it_takes(requests: int, seconds: float) -> None:
    """A million devices take 13.9 h."""
    assert least_seconds(requests, RateLimits((200, 10), (50, 1))) == pytest.approx(seconds)


def test_a_quota_is_used_at_once() -> None:
    """What a window of a day holds takes no day."""
    assert least_seconds(50_000, RateLimits((50_000, 86_400))) == 0
