"""`airgap`: codes to type, for devices that have no network and take no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from ...errors import ConfigurationError, InvalidParameter
from ...offline.air_gap import AirGap, read_policy
from .. import commands
from ..console import OUT, say, write
from ..endpoints.check_one import whose
from ..endpoints.signature import taking, typed_in, variable
from ..endpoints.tables import named
from ..file_names import file_path
from .commands import text_of

CompanyKey: TypeAlias = Annotated[
    str,
    typer.Option(
        "--company-key", help="The company's air-gap key, Base64, as the vendor platform shows it.", metavar="TEXT"
    ),
]


def _code(
    *,
    company_key: CompanyKey,
    initialization_code: Annotated[
        str | None,
        typer.Option(
            help="From the portal. - asks for it, or reads it from the standard input.",
            envvar=variable("initialization_code"),
            metavar="TEXT",
        ),
    ] = None,
    **given: str,
) -> None:
    code = typed_in("initialization_code", initialization_code, is_needed=True)
    made = _air_gap(company_key).activation_code(str(code), **given)
    write(f"{made}\n")


def _confirm(
    *,
    company_key: CompanyKey,
    confirmation_code: Annotated[str, typer.Option(help="From the portal.", metavar="TEXT")],
    policy_id: Annotated[int, typer.Option(help="Id of the license policy.", metavar="NUMBER")],
    policy: Annotated[
        Path | None,
        typer.Option(help="Policy file to check: it must belong to this policy.", metavar="FILE", parser=file_path),
    ] = None,
    **given: str,
) -> None:
    _air_gap(company_key).confirm(confirmation_code, **given, policy_id=policy_id)
    read = None if policy is None else read_policy(text_of(policy), policy_id=policy_id)
    say(OUT, ("confirmed", "bold green"), f"  policy {policy_id}{whose(given)}")
    if read is not None:
        OUT.print(named({name: str(each) for name, each in read.fields.items() if isinstance(each, str | int | float)}))
        say(OUT, ("The confirmation code covers only the policy's id.", "yellow"))


def _air_gap(company_key: str) -> AirGap:
    try:
        return AirGap(company_key)
    except ConfigurationError as error:
        raise InvalidParameter("company_key", str(error).partition(": ")[2]) from None


AIRGAP: Final[Mapping[str, Callable[..., None]]] = {
    "code": commands.command(
        taking(
            _code,
            AirGap.activation_code,
            about="Print the code to type into the portal, to activate or deactivate this device.",
            exits="0 when the code is printed",
        )
    ),
    "confirm": commands.command(
        taking(
            _confirm,
            AirGap.confirm,
            about="Check the portal's confirmation of an activation or a deactivation.",
            exits="0 when it is valid",
        )
    ),
}
"""By the name of the command."""
