"""One call that changes or lists something, from its arguments to its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeAlias, TypeVar

import attrs
import typer
from rich.console import RenderableType

from ...client import LicenseSpring
from ...errors import ConfigurationError
from ...models.model import to_json
from ...redaction import fingerprint
from ...transport import RawResponse
from ...transport.values import Call
from ..console import OUT, print_json, say, warn
from ..exits import run
from .check_one import whose
from .masking import masked

T = TypeVar("T")

ShowSecrets: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--show-secrets",
        help="Print keys and users in the clear. Default: fingerprints.",
        rich_help_panel="Answer",
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print the answer as JSON instead of a table.", rich_help_panel="Answer")
]


@attrs.frozen(kw_only=True)
class Act(Generic[T]):
    """An endpoint that changes or lists something.

    Attributes:
        title: What was done, with argument names in braces.
        show: Makes a table of the answer at a moment; None for an empty answer.
        secrets: Returns the secrets in the answer, by label.
        loses: Explains which secret the service sends only once for these arguments; None if there is none.
    """

    endpoint: Callable[..., Call[T]]
    title: str
    show: Callable[[T, datetime], RenderableType] | None = None
    secrets: Callable[[T], Mapping[str, str]] | None = None
    loses: Callable[[Mapping[str, object]], str | None] | None = None


def act_one(
    act: Act[T], client: LicenseSpring, arguments: Mapping[str, object], *, as_json: bool, show_secrets: bool
) -> None:
    """Send the call and print the answer.

    Raises:
        ConfigurationError: A secret that the service sends only once would be lost.
        LicenseSpringError: It was not done, or may have been done; the error says which.
    """
    once = None if act.loses is None or show_secrets else act.loses(arguments)
    if once is not None:
        raise ConfigurationError(f"--show-secrets: is needed: {once}")
    call = act.endpoint(**arguments)
    try:
        raw = run(perform, client, call)
    except KeyboardInterrupt:
        if call.request.method != "GET":
            warn("interrupted: it may have been done or not; `check` shows what the service has stored.")
        raise
    if as_json:
        print_json(shown(raw.value, call, show_secrets=show_secrets))
        return
    feature = arguments.get("feature")
    subject = "" if feature is None else f", feature {feature}"
    say(OUT, ("done", "bold green"), f"  {act.title.format_map(arguments)}{subject}{whose(arguments)}")
    if act.show is not None:
        OUT.print(act.show(raw.value, datetime.now(UTC)))
    if act.secrets is not None:
        _print_secrets(act.secrets(raw.value), show_secrets=show_secrets)


async def perform(client: LicenseSpring, call: Call[T]) -> RawResponse[T]:
    """Open a client, send one call, and return its answer."""
    async with client:
        return await client.perform(call)


def shown(value: object, call: Call[T], *, show_secrets: bool) -> object:
    """Return the answer as JSON; secrets of the answer and the call become fingerprints unless they are to be shown."""
    return to_json(value) if show_secrets else masked(to_json(value, masked=True), call.request.secrets)


def _print_secrets(secrets: Mapping[str, str], *, show_secrets: bool) -> None:
    for name, secret in secrets.items():
        say(OUT, (f"{name}:  ", "dim"), secret if show_secrets else fingerprint(secret))
    if not show_secrets:
        say(OUT, ("The same command with --show-secrets prints them in the clear.", "yellow"))
