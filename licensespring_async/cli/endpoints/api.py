"""`api`: every endpoint, for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import endpoints
from ...transport.values import Call
from ..commands import command
from ..connection import OneCall
from ..console import print_json
from ..exits import run
from ..groups import group
from .act_one import ShowSecrets, perform, shown
from .signature import arguments_for, taking


def calling(endpoint: Callable[..., Call[Any]]) -> Callable[..., None]:
    """Return the command that calls an endpoint and prints its answer as JSON; an empty answer is null."""

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


api = group(
    "Call an endpoint of the License API and print its answer as JSON.",
    names=lambda: endpoints.__all__,
    make=lambda name: calling(getattr(endpoints, name)),
)
