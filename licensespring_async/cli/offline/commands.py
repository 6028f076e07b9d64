"""`offline`: write request files, and read license files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import RenderableType

from ...credentials import auth_from
from ...errors import ConfigurationError
from ...fleet.checking.verdicts import of_answer
from ...models import Bundle, License
from ...offline import (
    OfflineRequest,
    activation_request,
    deactivation_request,
    read_bundle,
    read_license,
    read_refresh,
)
from .. import commands
from ..connection import TrustedKey, read_key
from ..console import say
from ..endpoints.check_one import Answer, Came, Question, tell, whose
from ..endpoints.signature import arguments_for, taking
from ..endpoints.tables import license_table, licenses_table
from ..file_names import file_name, file_path
from ..saving import save

_LARGEST_FILE: Final = 1 << 20  # bytes; a bundle's file has some tens of thousands

LicenseFile: TypeAlias = Annotated[
    Path, typer.Argument(help="The file.", metavar="FILE", show_default=False, parser=file_path)
]


def requesting(make: Callable[..., OfflineRequest], title: str, *, next_step: str) -> Callable[..., None]:
    """Return the command that writes a request file.

    Args:
        make: Makes the request; the command takes its options and help.
        title: What is requested, with argument names in braces.
        next_step: What to do with the file.
    """

    def write(
        *,
        output: Annotated[
            str,
            typer.Option(
                "--output",
                "-o",
                help="File to write; an existing file is replaced. - for stdout.",
                metavar="FILE",
                parser=file_name,
            ),
        ],
        schema: Annotated[
            int,
            typer.Option(help="2 signs the whole request, 1 only part of it.", min=1, max=2, metavar="1|2"),
        ] = 2,
        **given: object,
    ) -> None:
        arguments = arguments_for(make, given)
        request = make(auth=auth_from(os.environ), schema=schema, **arguments)
        # The request of a user contains the password.
        console = save(request.text, output, private=True)
        say(console, ("written", "bold green"), f"  {output}: {title.format_map(arguments)}{whose(arguments)}")
        say(console, ("Request id:  ", "dim"), request.request_id)
        say(console, ("What to do:  ", "dim"), next_step)

    exits = "0 when the file is written"
    return commands.command(taking(write, make, exits=exits, notice="The file holds a signature, and is private."))


def _load(
    *,
    file: LicenseFile,
    is_bundle: Annotated[bool, typer.Option("--bundle", help="The file is for a bundle.")] = False,
    request_id: Annotated[
        str | None, typer.Option(help="Accept only the answer to this request.", metavar="TEXT")
    ] = None,
    public_key: TrustedKey = None,
    answer: Answer,
    **given: object,
) -> None:
    read = read_bundle if is_bundle else read_license
    _show(read, file, given, public_key, answer, request_id=request_id)


def _refresh(*, file: LicenseFile, public_key: TrustedKey = None, answer: Answer, **given: object) -> None:
    _show(read_refresh, file, given, public_key, answer)


def _show(
    read: Callable[..., License | Bundle],
    file: Path,
    given: Mapping[str, object],
    public_key: Path | None,
    answer: Answer,
    **more: object,
) -> None:
    """Verify a file, print its content, and exit with its code."""
    value = read(
        text_of(file),
        auth=auth_from(os.environ),
        public_key=None if public_key is None else read_key(public_key).decode("ascii", "replace"),
        **given,
        **more,
    )
    first = value[0] if isinstance(value, Bundle) else value
    now = datetime.now(UTC)
    tell(
        _QUESTION,
        {**given, "license_key": first.license_key, "username": first.username, "made": first.date or "unknown"},
        Came[License | Bundle](verdict=of_answer(value, now), value=value, verified=True, now=now),
        answer,
        secrets=[each for each in (given["hardware_id"], first.license_key, first.username) if isinstance(each, str)],
    )


def text_of(path: Path) -> str:
    """Read a file that a person copied to this machine.

    Raises:
        ConfigurationError: It cannot be read, or is far too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > _LARGEST_FILE:
        raise ConfigurationError(f"{path}: has more than {_LARGEST_FILE:,} bytes, so it is not a license file")
    return content.decode("utf-8", "replace")


def _table(value: License | Bundle, now: datetime) -> RenderableType:
    return license_table(value, now) if isinstance(value, License) else licenses_table(value, now)


_QUESTION: Final = Question[License | Bundle](
    key="license", title="file of {product}, made {made}", show=_table, judge=of_answer
)

OFFLINE: Final[Mapping[str, Callable[..., None]]] = {
    "request": requesting(
        activation_request,
        "activation of {product}",
        next_step="upload it at the vendor's offline portal, carry the .lic file here, and read it with `offline load "
        "--request-id`.",
    ),
    "load": commands.command(
        taking(
            _load,
            read_license,
            about="Verify a license file, the answer to an activation request, and show its content.",
            exits="0 if the license can be used, 5 if it cannot",
        )
    ),
    "refresh": commands.command(
        taking(
            _refresh,
            read_refresh,
            about="Verify a refresh file, which the vendor platform makes for a device, and show its content.",
            exits="0 if the license can be used, 5 if it cannot",
        )
    ),
    "deactivate": requesting(
        deactivation_request,
        "deactivation of {product}",
        next_step="upload it at the vendor's offline portal; or send it from a machine with a network: "
        'LICENSESPRING_REQUEST="$(cat FILE)" licensespring-async api deactivate_offline (deactivate_bundle_offline for '
        "a bundle).",
    ),
}
"""By the name of the command."""
