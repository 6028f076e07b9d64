"""How fast a fleet may be checked: options to rate windows, and rate windows to the time a run takes."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigurationError
from ...fleet.checking.shares import Limits
from ...transport import RateLimits
from ...transport.policies.windows import PER_ADDRESS


def limits_from(
    *, plan: str | None, rates: Sequence[str], unlimited: bool, is_embedded: bool = False
) -> RateLimits | None:
    """Return the windows that options ask for; without any, those that hold on every plan of the hosted service.

    Args:
        plan: Name of a plan.
        rates: Windows as `NUMBER/SECONDS`; with a plan, both hold.
        unlimited: Whether there are none.
        is_embedded: Whether the server is the command's own, which has no limits unless some are asked for.

    Raises:
        ConfigurationError: They cannot be read, or contradict each other.
    """
    if unlimited:
        if plan is not None or rates:
            raise ConfigurationError("--unlimited contradicts --plan and --rate; leave one out")
        return None
    windows = [_window(each) for each in rates]
    if plan is not None:
        return RateLimits(*RateLimits.plan(plan).windows, *windows)
    if windows:
        return RateLimits(*windows)
    return None if is_embedded else RateLimits.every_plan()


def by_sharer(limits: RateLimits | None, *, has_own_rates: bool) -> Limits:
    """Return the windows by who shares them, for a run on several machines.

    Args:
        limits: The windows.
        has_own_rates: Whether they are none of the hosted service's, and so hold for all machines together.
    """
    windows = limits.windows if limits else ()
    address = () if has_own_rates else tuple(each for each in windows if each == PER_ADDRESS)
    return Limits(company=tuple(each for each in windows if each not in address), address=address)


def least_seconds(requests: int, limits: RateLimits) -> float:
    """Return how long so many requests take at the least."""
    return max((requests - 1) // each.limit * each.seconds for each in limits.windows) if requests else 0.0


def _window(text: str) -> tuple[int, float]:
    number, slash, seconds = text.partition("/")
    try:
        if slash:
            return int(number), float(seconds)
    except ValueError:
        pass
    raise ConfigurationError(f"--rate {text}: must be NUMBER/SECONDS, for example 200/10")
