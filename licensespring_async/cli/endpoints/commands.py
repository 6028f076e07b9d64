"""The commands for people that call one endpoint each, as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, TypeVar

import typer

from ... import endpoints
from ...models import Trial
from .. import commands
from ..connection import OneCall
from ..device import hardware_id
from .act_one import Act, AsJson, ShowSecrets, act_one
from .check_one import Answer, Check, check_one
from .download import download
from .of_feature import either
from .signature import arguments_for, taking
from .tables import (
    borrowing_table,
    consumption_table,
    feature_table,
    license_table,
    licenses_table,
    trial_table,
    versions_table,
)

if TYPE_CHECKING:
    from ...fleet.results.result import Verdict
    from ...judging import Checked

T = TypeVar("T")


def _verdict(value: Checked, now: datetime) -> Verdict:
    from ...fleet.checking.verdicts import of_answer  # noqa: PLC0415  # the help starts without the room

    return of_answer(value, now)


def _from_demo(context: typer.Context, wanted: bool) -> bool:
    """Fill missing options from the sandbox's demo."""
    if wanted:
        from ...sandbox.demo.fleet import DEMO  # noqa: PLC0415  # an extra

        asked = DEMO.bundle if context.info_name == "check-bundle" else DEMO
        context.default_map = {
            "product": asked.product,
            "hardware_id": asked.hardware_id,
            "license_key": asked.license_key,
            "feature": DEMO.floating_feature,
        }
    return wanted


InSandbox: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        help="Use a sandbox on this machine. Missing options come from its demo.",
        callback=_from_demo,
        is_eager=True,
    ),
]


def checking(check: Check[T], *, notice: str = "", about: str = "") -> Callable[..., None]:
    """Return the command for a check; it takes the options and help of the endpoint function.

    Args:
        check: What to ask, and how to judge the answer.
        notice: What people must know before they ask; it follows the first line of the help.
        about: The help, if the endpoint's is written for programs.
    """

    def run(
        *,
        sandbox: InSandbox = False,
        answer: Answer,
        connection: OneCall,
        **given: object,
    ) -> None:
        arguments = arguments_for(check.endpoint, given)
        client = connection.sandbox_or_client(is_sandbox=sandbox)
        check_one(check, client, arguments, answer)

    return commands.command(taking(run, check.endpoint, notice=notice, about=about, exits="0 for a yes, 5 for a no"))


def acting(act: Act[T], *, about: str = "") -> Callable[..., None]:
    """Return the command for an act; it takes the options and help of the endpoint function.

    Args:
        act: What to do.
        about: The help, if the endpoint's is not enough.
    """

    def run(
        *, as_json: AsJson = False, show_secrets: ShowSecrets = False, connection: OneCall, **given: object
    ) -> None:
        arguments = arguments_for(act.endpoint, given)
        client = connection.client(timeout=connection.timeout)
        act_one(act, client, arguments, as_json=as_json, show_secrets=show_secrets)

    return commands.command(taking(run, act.endpoint, about=about, exits="0 when it is done, 5 for a refusal"))


def _of_trial(trial: Trial) -> Mapping[str, str]:
    secrets = {
        "License key": trial.license_key,
        "User": trial.license_user,
        "Initial password": trial.initial_password,
    }
    return {name: secret for name, secret in secrets.items() if secret}


def _first_password(arguments: Mapping[str, object]) -> str | None:
    if arguments["email"] is None or arguments["password"] is not None:
        return None
    return "the service shows the initial password of a new user only once. Or choose a password with --password"


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "check": checking(
        Check(
            endpoint=endpoints.check_license,
            key="license",
            title="license of {product}",
            show=license_table,
            judge=_verdict,
        ),
        notice="If it floats, this TAKES A SLOT.",
    ),
    "check-feature": checking(
        Check(
            endpoint=endpoints.check_license_feature,
            key="feature",
            title="feature {feature} of {product}",
            show=feature_table,
            judge=_verdict,
        ),
        notice="If it floats, this TAKES A SLOT.",
        about="Check a device against one feature of its license, and connect it to the feature.\n\n"
        "If the feature floats, the device takes one slot, or renews the one it holds. It keeps the slot until "
        "`release` or until the slot times out.",
    ),
    "check-bundle": checking(
        Check(
            endpoint=endpoints.check_bundle,
            key="bundle",
            title="bundle {product}",
            show=licenses_table,
            judge=_verdict,
        ),
        notice="This TAKES A SLOT of each of its licenses that floats.",
    ),
    "activate": acting(Act(endpoint=endpoints.activate_license, title="activated {product}", show=license_table)),
    "deactivate": acting(Act(endpoint=endpoints.deactivate_license, title="deactivated {product}")),
    "consume": acting(
        Act(
            endpoint=either(endpoints.add_consumption, endpoints.add_feature_consumption),
            title="counted uses of {product}",
            show=consumption_table,
        ),
        about="Count uses of a license, or of a feature with --feature; a negative number takes uses back.\n\n"
        "After a failure it is not sent again if it may have been counted; the error then says so.",
    ),
    "borrow": acting(
        Act(
            endpoint=either(endpoints.borrow_floating_license, endpoints.borrow_floating_feature),
            title="borrowed {product}",
            show=borrowing_table,
        ),
        about="Borrow a slot of a floating license, or of a feature with --feature.\n\n"
        "The device keeps the slot without contact to the service until --borrowed-until; `release` returns it "
        "early.",
    ),
    "release": acting(
        Act(
            endpoint=either(endpoints.release_floating_license, endpoints.release_floating_feature),
            title="released {product}",
        ),
        about="Release the slot of a floating license, or of a feature with --feature.",
    ),
    "trial": acting(
        Act(
            endpoint=endpoints.trial_key,
            title="trial of {product}",
            show=trial_table,
            secrets=_of_trial,
            loses=_first_password,
        ),
        about="Get a trial license for a device: a new one, or the one it already has.\n\n"
        "The first call for a device creates a license. --show-secrets prints the key, or the user and the initial "
        "password.",
    ),
    "versions": acting(Act(endpoint=endpoints.versions, title="versions of {product}", show=versions_table)),
    "download": download,
    "hardware-id": hardware_id,
}
"""By the name of the command."""
