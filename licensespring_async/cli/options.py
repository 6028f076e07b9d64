"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_CONNECTION = "Connection"
_IDENTITY = "License and device"
_ANSWER = "Answer"

BaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Origin of the service. Default: LICENSESPRING_BASE_URL, or the vendor's.",
        metavar="URL",
        rich_help_panel=_CONNECTION,
    ),
]
PublicKey = Annotated[
    Path | None,
    typer.Option(
        help="PEM file of the key that signs the service's answers. Default: the vendor's.",
        metavar="FILE",
        rich_help_panel=_CONNECTION,
    ),
]
Unverified = Annotated[
    bool,
    typer.Option(
        "--no-verify-signatures",
        help="Believe answers that are not signed by that key.",
        rich_help_panel=_CONNECTION,
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        help="Time for one check: waiting its turn and retries included.",
        metavar="SECONDS",
        show_default=True,
        rich_help_panel=_CONNECTION,
    ),
]
HardwareId = Annotated[str, typer.Option(help="Id of the device.", metavar="ID", rich_help_panel=_IDENTITY)]
LicenseKey = Annotated[
    str | None,
    typer.Option(
        help="Key of the license; this or --username. The variable keeps it out of the list of processes.",
        metavar="KEY",
        envvar="LICENSESPRING_LICENSE_KEY",
        rich_help_panel=_IDENTITY,
    ),
]
Username = Annotated[
    str | None,
    typer.Option(help="User of the license; this or --license-key.", metavar="NAME", rich_help_panel=_IDENTITY),
]
LicenseId = Annotated[
    int | None,
    typer.Option(help="Picks one license of several.", metavar="NUMBER", rich_help_panel=_IDENTITY),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print it as one JSON object instead of a table.", rich_help_panel=_ANSWER)
]


class Failing(StrEnum):
    """What else may count as a failure."""

    NOT_LICENSED = "not_licensed"


FailOn = Annotated[
    Failing | None,
    typer.Option(
        help="Exit with 5 when the answer is no. Without it, a no is a result like any other.",
        rich_help_panel=_ANSWER,
    ),
]

_DEVICE = "Device data"


def _device(help_text: str, metavar: str = "TEXT") -> object:
    return typer.Option(help=help_text, metavar=metavar, rich_help_panel=_DEVICE)


Environment = Annotated[str | None, _device("Environment whose installation file is described.", "NAME")]
OsVersion = Annotated[str | None, _device("Operating system and version.")]
Hostname = Annotated[str | None, _device("Host name.", "NAME")]
OsHostname = Annotated[str | None, _device("Host name, older spelling.", "NAME")]
Ip = Annotated[str | None, _device("Public address.", "ADDRESS")]
IpLocal = Annotated[str | None, _device("Local address.", "ADDRESS")]
AppVersion = Annotated[str | None, _device("Version of the calling application.")]
SdkVersion = Annotated[str | None, _device("Version of the calling library.")]
MacAddress = Annotated[str | None, _device("Hardware address.", "ADDRESS")]
