"""One call that does something, from its arguments to what is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Generic, TypeVar

import attrs
from rich.console import RenderableType

from ...client import LicenseSpring
from ...models.model import to_json
from ...transport import RawResponse
from ...transport.values import Call
from ..console import OUT, print_json, say
from ..exits import run
from .check_one import whose
from .masking import masked

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Act(Generic[T]):
    """An endpoint that does something.

    Attributes:
        title: What was done, with the arguments' names in braces.
        show: Makes a table of the answer at a moment; None for an answer that says nothing.
    """

    endpoint: Callable[..., Call[T]]
    title: str
    show: Callable[[T, datetime], RenderableType] | None = None


def act_one(act: Act[T], client: LicenseSpring, arguments: Mapping[str, object], *, as_json: bool) -> None:
    """Do it and print what came of it.

    Raises:
        LicenseSpringError: It was not done, or it is not known whether it was; the error says which.
    """
    call = act.endpoint(**arguments)
    raw = run(perform, client, call)
    if as_json:
        print_json(masked(to_json(raw.value, masked=True), call.request.secrets))
        return
    say(OUT, ("done", "bold green"), f"  {act.title.format_map(arguments)}{whose(arguments)}")
    if act.show is not None:
        OUT.print(act.show(raw.value, datetime.now(UTC)))


async def perform(client: LicenseSpring, call: Call[T]) -> RawResponse[T]:
    """Open a client, send one call, and return its answer."""
    async with client:
        return await client.perform(call)
