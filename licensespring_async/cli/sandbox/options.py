"""The options of `sandbox`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from ...errors import ConfigurationError
from ..commands import Group
from .telling import DEFAULT_PORT

if TYPE_CHECKING:
    from ...sandbox import Throttle


class Plan(StrEnum):
    """A plan of the hosted service, which decides how many requests a company has in a minute."""

    FREE = "free"
    BUSINESS_STARTER = "business-starter"
    BUSINESS_PLUS = "business-plus"
    ENTERPRISE = "enterprise"


class Format(StrEnum):
    """Who it tells."""

    TEXT = "text"
    JSON = "json"
    ENV = "env"


class RetryAfter(StrEnum):
    """Shape of a 429's Retry-After header."""

    SECONDS = "seconds"
    DATE = "date"
    GARBAGE = "garbage"
    NONE = "none"


@attrs.frozen(kw_only=True)
class Address(Group):
    """Where it listens."""

    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[
        int | None,
        typer.Option(
            help=f"Port to listen on; 0 picks a free one. Default: {DEFAULT_PORT}, or a free one if that is taken.",
            metavar="NUMBER",
            min=0,
            max=65535,
        ),
    ] = None

    @property
    def url(self) -> str:
        """Where a sandbox of these options is, if its port was free."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{DEFAULT_PORT if self.port is None else self.port}"


@attrs.frozen(kw_only=True)
class Told(Group):
    """How it tells what a client needs."""

    panel = "What it prints"

    format: Annotated[
        Format | None,
        typer.Option(
            help="text for people, json in one line, or env for a shell. Default: text on a terminal, else json."
        ),
    ] = None
    print_env: Annotated[
        bool,
        typer.Option(
            "--print-env",
            help="Print what has a shell ask the sandbox that runs already (of --port, or of --db), and end.",
        ),
    ] = False
    log: Annotated[
        bool | None,
        typer.Option("--log/--no-log", help="Write a line for each request to stderr. Default: with text."),
    ] = None


@attrs.frozen(kw_only=True)
class Served(Group):
    """What it serves."""

    panel = "What it serves"

    world: Annotated[Path | None, typer.Option(help="World file (TOML); the demo without.", metavar="FILE")] = None
    db: Annotated[
        Path | None,
        typer.Option(
            help="SQLite file that keeps what requests change, and the keys; in memory without.", metavar="FILE"
        ),
    ] = None
    print_world: Annotated[
        bool, typer.Option("--print-world", help="Print the demo's world file, a start for your own, and end.")
    ] = False
    token_lifetime: Annotated[
        int, typer.Option(help="How long an OAuth token is good for.", metavar="SECONDS", min=1)
    ] = 480


@attrs.frozen(kw_only=True)
class Limits(Group):
    """When it answers 429, and how."""

    panel = "Rate limits"

    plan: Annotated[Plan | None, typer.Option(help="Answer 429 beyond this plan's rates; without, nothing is.")] = None
    rate_scale: Annotated[
        float,
        typer.Option(
            help="Factor on the plan's numbers of requests, to meet the limits early.", metavar="FACTOR", min=0.0001
        ),
    ] = 1.0
    retry_after: Annotated[RetryAfter, typer.Option(help="Shape of a 429's Retry-After.")] = RetryAfter.SECONDS
    html_429: Annotated[bool, typer.Option("--html-429", help="Answer 429 as a proxy's page.")] = False

    def throttle(self) -> Throttle | None:
        """Return the limits, or None without a plan.

        Raises:
            ConfigurationError: There is no plan that the other options could shape.
        """
        from ...sandbox import Throttle  # noqa: PLC0415  # an extra

        if self.plan is not None:
            return Throttle(
                plan=self.plan.value, scale=self.rate_scale, retry_after=self.retry_after.value, html=self.html_429
            )
        if self != Limits():
            raise ConfigurationError(
                "--rate-scale, --retry-after, --html-429: these shape the limits of a --plan; name one"
            )
        return None


@attrs.frozen(kw_only=True)
class Steering(Group):
    """What tests change of it."""

    panel = "Steering"

    clock_offset: Annotated[float, typer.Option(help="Seconds that its clock is ahead.", metavar="SECONDS")] = 0.0
    freeze: Annotated[bool, typer.Option("--freeze", help="Hold its clock still.")] = False
    control_token: Annotated[
        str | None,
        typer.Option(
            help="Token that /_sandbox/ asks for, from any address; without, it answers this machine only.",
            metavar="TOKEN",
            envvar="LICENSESPRING_SANDBOX_CONTROL_TOKEN",
        ),
    ] = None
