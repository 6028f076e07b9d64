"""The commands that ask one endpoint, for people: a row each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeVar

import typer

from ... import endpoints
from ...fleet.checking.verdicts import of_answer
from .. import commands
from ..connection import OneCall
from .act_one import Act, act_one
from .check_one import Answer, Check, check_one
from .signature import arguments_for, help_of, options_of
from .tables import feature_table, license_table, licenses_table

T = TypeVar("T")

_OTHERWISE: Final = "1 for an error, 2 for wrong usage, 4 for refused credentials or a wrong signature."


def checking(check: Check[T], *, notice: str = "") -> Callable[..., None]:
    """Return the command that asks a check's endpoint; its options and help are those of the endpoint function.

    Args:
        check: What is asked, and what the answer comes to.
        notice: What people must know before they ask; it follows the first line of the help.
    """

    def run(*, answer: Answer, connection: OneCall, **given: object) -> None:
        arguments = arguments_for(check.endpoint, given)
        check_one(check, connection.client(timeout=connection.timeout), arguments, answer)

    return commands.command(taking(run, check.endpoint, notice=notice, exits="0 for a yes, 5 for a no"))


def acting(act: Act[T]) -> Callable[..., None]:
    """Return the command that does something by its endpoint; its options and help are those of the function."""

    def run(
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
        connection: OneCall,
        **given: object,
    ) -> None:
        arguments = arguments_for(act.endpoint, given)
        act_one(act, connection.client(timeout=connection.timeout), arguments, as_json=as_json)

    return commands.command(taking(run, act.endpoint, exits="0 when it is done, 5 for a refusal"))


def taking(
    run: Callable[..., None], endpoint: Callable[..., object], *, exits: str, notice: str = ""
) -> Callable[..., None]:
    """Give a function that takes any keywords the options and the help of an endpoint function, before its own.

    Args:
        run: What the command does.
        endpoint: What it calls.
        exits: What its exit codes say of an answer.
        notice: What follows the first line of the help.
    """
    own = [
        each
        for each in inspect.signature(run, eval_str=True).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    first, *more = help_of(endpoint).split("\n\n")
    run.__doc__ = "\n\n".join([f"{first} {notice}".strip(), *more, f"Exits with {exits}, {_OTHERWISE}"])
    run.__name__ = getattr(endpoint, "__name__", "endpoint")
    return commands.with_signature(run, [*options_of(endpoint), *own])


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "check": checking(
        Check(
            endpoint=endpoints.check_license,
            key="license",
            title="license of {product}",
            show=license_table,
            judge=of_answer,
        ),
        notice="If it floats, this TAKES A SLOT.",
    ),
    "check-feature": checking(
        Check(
            endpoint=endpoints.check_license_feature,
            key="feature",
            title="feature {feature} of {product}",
            show=feature_table,
            judge=of_answer,
        ),
        notice="If it floats, this TAKES A SLOT.",
    ),
    "check-bundle": checking(
        Check(
            endpoint=endpoints.check_bundle,
            key="bundle",
            title="bundle {product}",
            show=licenses_table,
            judge=of_answer,
        )
    ),
    "deactivate": acting(Act(endpoint=endpoints.deactivate_license, title="deactivated {product}")),
}
"""By the name of the command."""
