"""`sandbox`: a License API on this machine."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from ..errors import ConfigurationError
from .commands import Group, command
from .console import write

if TYPE_CHECKING:
    from ..sandbox import Sandbox, Throttle


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


@attrs.frozen(kw_only=True)
class Address(Group):
    """Where it listens."""

    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 picks a free one.", metavar="NUMBER", min=0, max=65535)
    ] = 0


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
        from ..sandbox import Throttle  # noqa: PLC0415  # an extra

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


@command
def sandbox(*, address: Address, served: Served, limits: Limits, steering: Steering) -> None:
    """Serve the License API on this machine, for development and tests.

    Prints one line of JSON when it is ready: where it answers, the credentials it accepts, the key that it signs with,
    and a demo license to try. Runs until Ctrl-C or SIGTERM, and then exits with 0. A browser shows what happens in it
    at /_sandbox/.
    """
    from ..sandbox import DEMO_FILE, SandboxError  # noqa: PLC0415  # an extra

    if served.print_world:
        write(DEMO_FILE.read_text(encoding="utf-8"))
        return
    try:
        server = _server(address, served, limits, steering)
    except (SandboxError, ValueError) as e:
        raise ConfigurationError(str(e)) from e

    try:
        server.serve_forever(lambda: write(json.dumps(server.describe()) + "\n"))
    except SandboxError as e:
        raise ConfigurationError(str(e)) from e


def _server(address: Address, served: Served, limits: Limits, steering: Steering) -> Sandbox:
    from ..sandbox import Sandbox  # noqa: PLC0415  # an extra

    server = Sandbox(
        served.world,
        db=":memory:" if served.db is None else served.db,
        host=address.host,
        port=address.port,
        rate_limits=limits.throttle(),
        control_token=steering.control_token,
        token_lifetime=served.token_lifetime,
    )
    server.clock.set_offset(steering.clock_offset)
    if steering.freeze:
        server.clock.freeze()
    return server
