"""Turn options into rate limits, and rate limits into the time that a run takes."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated

import attrs
import typer

from ...errors import ConfigurationError
from ...fleet import Concurrency
from ...fleet.checking.pace import MOST_ROWS
from ...fleet.checking.shares import Limits
from ...transport import RateLimits
from ...transport.policies.windows import PER_ADDRESS, Window, spread_gap
from ..commands import Group


@attrs.frozen(kw_only=True)
class Pace(Group):
    """How fast to check, and on which machines."""

    panel = "Pace"

    concurrency: Annotated[
        int | None,
        typer.Option(
            help="Most rows under way at once. Default: tuned, from 16 to 128.",
            metavar="NUMBER",
            min=1,
            max=MOST_ROWS,
        ),
    ] = None
    plan: Annotated[
        str | None,
        typer.Option(
            help="Keep a plan's rate limit: free, business-starter, business-plus, enterprise.", metavar="NAME"
        ),
    ] = None
    rate: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep this rate limit; may be repeated. Default: 200/10 and 50/1, which hold on every plan.",
            metavar="NUMBER/SECONDS",
        ),
    ] = None
    unlimited: Annotated[bool, typer.Option("--unlimited", help="No rate limit, for your own server.")] = False
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            help="Check on the workers of a Dask cluster, which share the rate limits. Give a scheduler's address "
            "(tls://host:8786), or local for processes on this machine (local:4 for four). Workers take the "
            "credentials from their own environment; they and the scheduler see the license keys.",
            metavar="SCHEDULER",
        ),
    ] = None
    dask_plaintext: Annotated[
        bool,
        typer.Option(
            "--dask-plaintext",
            help="Allow an unencrypted connection to a scheduler on another machine: only in a private network.",
        ),
    ] = False
    timeout: Annotated[
        float,
        typer.Option(
            help="Time-out of one row, including retries but not waiting for the rate limit.", metavar="SECONDS"
        ),
    ] = 30.0

    @property
    def bounds(self) -> Concurrency:
        """Bounds of the rows under way; the run tunes the number between them."""
        return Concurrency() if self.concurrency is None else Concurrency.upto(self.concurrency)

    def limits(self, *, is_embedded: bool = False) -> RateLimits | None:
        """Return the rate limits; by default those that hold on every plan.

        Args:
            is_embedded: Whether the server is the command's own sandbox, which has no limits by default.

        Raises:
            ConfigurationError: An option cannot be read, or options contradict each other.
        """
        if self.unlimited:
            if self.plan is not None or self.rate:
                raise ConfigurationError("--unlimited contradicts --plan and --rate; leave one out")
            return None
        windows = [_window(each) for each in self.rate or ()]
        if self.plan is not None:
            return RateLimits(*_plan(self.plan).windows, *windows)
        if windows:
            return RateLimits(*windows)
        return None if is_embedded else RateLimits.every_plan()

    def shared(self, *, is_embedded: bool = False) -> Limits:
        """Return the rate limits by who shares them, for a run on several machines."""
        limits = self.limits(is_embedded=is_embedded)
        windows = limits.windows if limits else ()
        # A --rate without a --plan is not the hosted service's: it holds for all machines together.
        has_own = bool(self.rate) and self.plan is None
        address = () if has_own else tuple(each for each in windows if each == PER_ADDRESS)
        return Limits(company=tuple(each for each in windows if each not in address), address=address)


def _plan(name: str) -> RateLimits:
    try:
        return RateLimits.plan(name)
    except ConfigurationError as error:
        plans = re.findall(r"[a-z]+(?:-[a-z]+)?", str(error).partition("the plans are ")[2])
        near = get_close_matches(name.lower(), plans, n=1)
        hint = f". Did you mean {near[0]}?" if near else ""
        raise ConfigurationError(f"--plan {name}: no such plan; the plans are {', '.join(plans)}{hint}") from None


def least_seconds(requests: int, limits: RateLimits) -> float:
    """Return the least number of seconds that so many requests take."""
    if not requests:
        return 0.0
    whole = max((requests - 1) // each.limit * each.seconds for each in limits.windows)
    return max(whole, (requests - 1) * spread_gap(limits))


def _window(text: str) -> Window:
    number, _, seconds = text.partition("/")
    try:
        return Window(int(number), float(seconds))
    except ValueError:  # also of a window that cannot be kept
        raise ConfigurationError(
            f"--rate {text}: must be NUMBER/SECONDS, both greater than 0, for example 200/10"
        ) from None
