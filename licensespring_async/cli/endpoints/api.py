"""`api`: every endpoint, for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from ... import endpoints
from ...transport.values import Call
from ..commands import command
from ..connection import OneCall
from ..console import print_json
from ..exits import run
from .act_one import ShowSecrets, perform, shown
from .signature import arguments_for, taking


def calling(endpoint: Callable[..., Call[Any]]) -> Callable[..., None]:
    """Return the command that calls an endpoint and prints its answer as JSON; null for an answer that says nothing."""

    def call(
        *,
        connection: OneCall,
        show_secrets: ShowSecrets = False,
        **given: object,
    ) -> None:
        asked = endpoint(**arguments_for(endpoint, given))
        raw = run(perform, connection.client(timeout=connection.timeout), asked)
        print_json(shown(raw.value, asked, show_secrets=show_secrets))

    return command(taking(call, endpoint, exits="0 for an answer, 5 for a refusal"))


class _Endpoints(TyperGroup):
    """A command for each endpoint, made when it is asked for: every command would start later if all were made."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the endpoints."""
        return list(endpoints.__all__)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of an endpoint, or None for what is none."""
        if cmd_name not in endpoints.__all__:
            return None
        one = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        one.command(cmd_name)(calling(getattr(endpoints, cmd_name)))
        return typer.main.get_command(one)


api = typer.Typer(
    cls=_Endpoints,
    help="Call an endpoint of the License API and print its answer as JSON.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
