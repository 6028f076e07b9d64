"""The commands, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from .._version import __version__
from .console import write
from .endpoints.api import api
from .endpoints.commands import COMMANDS
from .groups import group
from .help import SETTINGS, Command, Group
from .sandbox.command import sandbox

app = typer.Typer(
    epilog="Credentials come from the environment: LICENSESPRING_API_KEY and LICENSESPRING_SHARED_KEY, or "
    "LICENSESPRING_CLIENT_ID and LICENSESPRING_CLIENT_SECRET.",
    no_args_is_help=True,
    cls=Group,
    # Our own help cuts nothing off, and leaves the words of an error alone.
    rich_markup_mode=None,
    # A traceback with local variables would show keys.
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


def _offline() -> Mapping[str, Callable[..., None]]:
    from .offline.commands import OFFLINE  # noqa: PLC0415  # the other commands start without it

    return OFFLINE


def _airgap() -> Mapping[str, Callable[..., None]]:
    from .offline.air_gap import AIRGAP  # noqa: PLC0415  # the other commands start without it

    return AIRGAP


def _fleet() -> Mapping[str, Callable[..., None]]:
    from .fleet.command import check, retry  # noqa: PLC0415  # the other commands start without it
    from .fleet.report import report  # noqa: PLC0415  # the other commands start without it

    return {"check": check, "report": report, "retry": retry}


def _later(about: str, commands: Callable[[], Mapping[str, Callable[..., None]]]) -> typer.Typer:
    return group(about, names=commands, make=lambda name: commands()[name])


for name, function in COMMANDS.items():
    app.command(name, cls=Command, context_settings=SETTINGS)(function)
app.command("sandbox", cls=Command, context_settings=SETTINGS)(sandbox)
app.add_typer(api, name="api")
app.add_typer(_later("License a device without a network, by carrying files.", _offline), name="offline")
app.add_typer(_later("License an air-gapped device, by typing codes.", _airgap), name="airgap")
app.add_typer(_later("Check many devices.", _fleet), name="fleet")


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
    """Check, activate and use licenses through LicenseSpring's License API. Independent of the vendor."""
