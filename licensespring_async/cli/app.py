"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from .._version import __version__
from .console import write
from .endpoints.api import api
from .endpoints.commands import COMMANDS
from .fleet.command import check as check_fleet
from .fleet.command import retry as retry_fleet
from .fleet.report import report as report_fleet
from .offline.air_gap import AIRGAP
from .offline.commands import OFFLINE
from .sandbox import sandbox

app = typer.Typer(
    help="Check, activate and use licenses by LicenseSpring's License API. Independent of the vendor.",
    epilog="Credentials come from the environment: LICENSESPRING_API_KEY and LICENSESPRING_SHARED_KEY, or "
    "LICENSESPRING_CLIENT_ID and LICENSESPRING_CLIENT_SECRET.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    # A traceback with local variables would show keys.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
offline = typer.Typer(
    help="License a device without a network, by files that people carry.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
airgap = typer.Typer(
    help="License a device that sees no files either, by codes that people type.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
fleet = typer.Typer(help="Check many devices.", no_args_is_help=True, rich_markup_mode="markdown")

for table, group in ((COMMANDS, app), (OFFLINE, offline), (AIRGAP, airgap)):
    for name, function in table.items():
        group.command(name)(function)
app.add_typer(api, name="api")
app.add_typer(offline, name="offline")
app.add_typer(airgap, name="airgap")
app.add_typer(fleet, name="fleet")
fleet.command("check")(check_fleet)
fleet.command("report")(report_fleet)
fleet.command("retry")(retry_fleet)
app.command("sandbox")(sandbox)


@fleet.callback()
def _fleet() -> None:
    """Check many devices."""


def _show_version(wanted: bool) -> None:
    if wanted:
        write(f"licensespring-async {__version__}\n")
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Check, activate and use licenses by LicenseSpring's License API. Independent of the vendor."""
