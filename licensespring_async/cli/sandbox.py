"""`sandbox`: a License API on this machine."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigurationError
from .exits import reported

if TYPE_CHECKING:
    from ..sandbox import Throttle

_WORLD = "What it serves"
_LIMITS = "Rate limits"
_STEERING = "Steering"


class Plan(StrEnum):
    """A plan of the hosted service, which decides how many requests a company has in a minute."""

    FREE = "free"
    BUSINESS_STARTER = "business-starter"
    BUSINESS_PLUS = "business-plus"
    ENTERPRISE = "enterprise"


class RetryAfter(StrEnum):
    """Shape of a 429's Retry-After header."""

    SECONDS = "seconds"
    DATE = "date"
    GARBAGE = "garbage"
    NONE = "none"


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 picks a free one.", metavar="NUMBER", min=0, max=65535)
    ] = 0,
    world: Annotated[
        Path | None,
        typer.Option(help="World file (TOML); the demo without.", metavar="FILE", rich_help_panel=_WORLD),
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option(
            help="SQLite file that keeps what requests change, and the keys; in memory without.",
            metavar="FILE",
            rich_help_panel=_WORLD,
        ),
    ] = None,
    print_world: Annotated[
        bool,
        typer.Option(
            "--print-world", help="Print the demo's world file, a start for your own, and end.", rich_help_panel=_WORLD
        ),
    ] = False,
    token_lifetime: Annotated[
        int,
        typer.Option(help="How long an OAuth token is good for.", metavar="SECONDS", min=1, rich_help_panel=_WORLD),
    ] = 480,
    plan: Annotated[
        Plan | None,
        typer.Option(help="Answer 429 beyond this plan's rates; without, nothing is.", rich_help_panel=_LIMITS),
    ] = None,
    rate_scale: Annotated[
        float,
        typer.Option(
            help="Factor on the plan's numbers of requests, to meet the limits early.",
            metavar="FACTOR",
            min=0.0001,
            rich_help_panel=_LIMITS,
        ),
    ] = 1.0,
    retry_after: Annotated[
        RetryAfter, typer.Option(help="Shape of a 429's Retry-After.", rich_help_panel=_LIMITS)
    ] = RetryAfter.SECONDS,
    html_429: Annotated[
        bool, typer.Option("--html-429", help="Answer 429 as a proxy's page.", rich_help_panel=_LIMITS)
    ] = False,
    clock_offset: Annotated[
        float,
        typer.Option(help="Seconds that its clock is ahead.", metavar="SECONDS", rich_help_panel=_STEERING),
    ] = 0.0,
    freeze: Annotated[bool, typer.Option("--freeze", help="Hold its clock still.", rich_help_panel=_STEERING)] = False,
    control_token: Annotated[
        str | None,
        typer.Option(
            help="Token that /_sandbox/ asks for, from any address; without, it answers this machine only.",
            metavar="TOKEN",
            envvar="LICENSESPRING_SANDBOX_CONTROL_TOKEN",
            rich_help_panel=_STEERING,
        ),
    ] = None,
) -> None:
    """Serve the License API on this machine, for development and tests.

    Prints one line of JSON when it is ready: where it answers, the credentials it accepts, the key that it signs with,
    and a demo license to try. Runs until Ctrl-C or SIGTERM, and then exits with 0. A browser shows what happens in it
    at /_sandbox/.
    """
    with reported():
        from ..sandbox import DEMO_FILE, Sandbox, SandboxError  # noqa: PLC0415  # an extra

        if print_world:
            sys.stdout.write(DEMO_FILE.read_text(encoding="utf-8"))
            return
        try:
            server = Sandbox(
                world,
                db=":memory:" if db is None else db,
                host=host,
                port=port,
                rate_limits=_throttle(plan, rate_scale, retry_after, html_429),
                control_token=control_token,
                token_lifetime=token_lifetime,
            )
            server.clock.set_offset(clock_offset)
        except (SandboxError, ValueError) as e:
            raise ConfigurationError(str(e)) from e
        if freeze:
            server.clock.freeze()

        def announce() -> None:
            sys.stdout.write(json.dumps(server.describe()) + "\n")
            sys.stdout.flush()

        try:
            server.serve_forever(announce)
        except SandboxError as e:
            raise ConfigurationError(str(e)) from e


def _throttle(plan: Plan | None, scale: float, retry_after: RetryAfter, html: bool) -> Throttle | None:
    from ..sandbox import Throttle  # noqa: PLC0415  # an extra

    if plan is None:
        if (scale, retry_after, html) != (1.0, RetryAfter.SECONDS, False):
            raise ConfigurationError(
                "--rate-scale, --retry-after, --html-429: these shape the limits of a --plan; name one"
            )
        return None
    return Throttle(plan=plan.value, scale=scale, retry_after=retry_after.value, html=html)
