"""`hardware-id`: the id of this machine for an application."""

from __future__ import annotations

from typing import Annotated

import typer

from ..device import hardware_id as id_of
from .commands import command
from .console import write


@command
def hardware_id(
    *,
    application: Annotated[
        str,
        typer.Argument(
            help="A name that no other vendor uses, for example com.example.render.",
            metavar="APPLICATION",
            show_default=False,
        ),
    ],
) -> None:
    """Print the id of this machine for one application, as `licensespring_async.device` makes it.

    The id stays the same when the application is installed again. Another application gets another one.

    Exits with 0, or with 2 if the machine has no id, like most containers.
    """
    write(f"{id_of(application)}\n")
