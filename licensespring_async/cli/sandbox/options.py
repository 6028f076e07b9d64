"""The options of `sandbox`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from ...errors import ConfigurationError
from ..commands import Group
from ..file_names import file_path
from .telling import DEFAULT_PORT

if TYPE_CHECKING:
    from ...sandbox import Throttle


class Plan(StrEnum):
    """A plan of the hosted service; it sets how many requests a company may send per minute."""

    FREE = "free"
    BUSINESS_STARTER = "business-starter"
    BUSINESS_PLUS = "business-plus"
    ENTERPRISE = "enterprise"


class Format(StrEnum):
    """Format of the connection details."""

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
    """Where the sandbox listens."""

    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[
        int | None,
        typer.Option(
            help=f"Port to listen on; 0 picks a free one. Default: {DEFAULT_PORT}, or a free one if it is taken.",
            metavar="NUMBER",
            min=0,
            max=65535,
        ),
    ] = None

    @property
    def url(self) -> str:
        """Address of a sandbox with these options, if its port was free."""
        from ...sandbox.server.serving import address  # noqa: PLC0415  # an extra

        return address(self.host, DEFAULT_PORT if self.port is None else self.port)


@attrs.frozen(kw_only=True)
class Told(Group):
    """What the sandbox prints."""

    panel = "What it prints"

    format: Annotated[
        Format | None,
        typer.Option(
            help="text for people, json on one line, or env for a shell. Default: text on a terminal, else json."
        ),
    ] = None
    print_env: Annotated[
        bool,
        typer.Option(
            "--print-env",
            help="Print shell commands that connect clients to a running sandbox (of --port or --db), and exit.",
        ),
    ] = False
    log: Annotated[
        bool | None,
        typer.Option("--log/--no-log", help="Log each request to stderr. Default: only with --format text."),
    ] = None


@attrs.frozen(kw_only=True)
class Served(Group):
    """What the sandbox serves."""

    panel = "What it serves"

    world: Annotated[
        Path | None, typer.Option(help="World file (TOML). Default: the demo.", metavar="FILE", parser=file_path)
    ] = None
    db: Annotated[
        Path | None,
        typer.Option(
            help="SQLite file for the keys and all changes. Default: in memory.", metavar="FILE", parser=file_path
        ),
    ] = None
    print_world: Annotated[
        bool, typer.Option("--print-world", help="Print the demo's world file, as a template for yours, and exit.")
    ] = False
    token_lifetime: Annotated[int, typer.Option(help="Lifetime of an OAuth token.", metavar="SECONDS", min=1)] = 480


@attrs.frozen(kw_only=True)
class Limits(Group):
    """When and how it answers 429."""

    panel = "Rate limits"

    plan: Annotated[Plan | None, typer.Option(help="Answer 429 beyond this plan's limits. Default: no limits.")] = None
    rate_scale: Annotated[
        float,
        typer.Option(help="Multiply the plan's limits, to reach them sooner.", metavar="FACTOR", min=0.0001),
    ] = 1.0
    retry_after: Annotated[RetryAfter, typer.Option(help="Shape of a 429's Retry-After.")] = RetryAfter.SECONDS
    html_429: Annotated[bool, typer.Option("--html-429", help="Answer 429 with a proxy's HTML page.")] = False

    def throttle(self) -> Throttle | None:
        """Return the limits, or None without a plan.

        Raises:
            ConfigurationError: Another option is given without a plan.
        """
        from ...sandbox import Throttle  # noqa: PLC0415  # an extra

        if self.plan is not None:
            return Throttle(
                plan=self.plan.value, scale=self.rate_scale, retry_after=self.retry_after.value, html=self.html_429
            )
        if self != Limits():
            raise ConfigurationError(
                "--rate-scale, --retry-after, --html-429: these change the limits of a --plan; pass one"
            )
        return None


@attrs.frozen(kw_only=True)
class Steering(Group):
    """Its clock, and access to its controls."""

    panel = "Controls"

    clock_offset: Annotated[float, typer.Option(help="Set its clock ahead.", metavar="SECONDS")] = 0.0
    freeze: Annotated[bool, typer.Option("--freeze", help="Stop its clock.")] = False
    control_token: Annotated[
        str | None,
        typer.Option(
            help="Token that opens /_sandbox/ to any address. Default: none, and only this machine has access.",
            metavar="TOKEN",
            envvar="LICENSESPRING_SANDBOX_CONTROL_TOKEN",
        ),
    ] = None
