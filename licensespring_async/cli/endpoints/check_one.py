"""One check, from the call to the output and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Generic, TypeVar

import attrs
import typer
from rich.console import RenderableType

from ...client import LicenseSpring
from ...errors import ConfigurationError, LicenseSpringError
from ...models.model import to_json
from ...redaction import fingerprint
from ...transport.values import Call
from ..commands import Group
from ..console import OUT, complain, print_json, say
from ..exits import Code, code_of, run
from ..spoken import advice, spoken
from .masking import masked

if TYPE_CHECKING:
    from ...fleet.results.result import Verdict

T = TypeVar("T")

# The values of `Outcome`, whose room only a check needs: the help starts without it.
_NOT_LICENSED: Final = "not_licensed"
_STYLES: Final = {"licensed": "bold green", _NOT_LICENSED: "bold yellow"}


@attrs.frozen(kw_only=True)
class Answer(Group):
    """How the answer is printed, and what the exit code says."""

    panel = "Answer"

    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 even if the answer is no.")] = False


@attrs.frozen(kw_only=True)
class Question(Generic[T]):
    """A question whether something is licensed, answered by the service or by a file.

    Attributes:
        key: Name of the answer in the output of `--json`.
        title: What was asked, with argument names in braces.
        show: Makes a table of the answer at a moment.
        judge: Returns the verdict on the answer at a moment.
    """

    key: str
    title: str
    show: Callable[[T, datetime], RenderableType]
    judge: Callable[[T, datetime], Verdict]


@attrs.frozen(kw_only=True)
class Check(Question[T]):
    """A question to an endpoint."""

    endpoint: Callable[..., Call[T]]


@attrs.frozen(kw_only=True)
class Came(Generic[T]):
    """How a check ended: with a value, or with an error."""

    verdict: Verdict
    value: T | None = None
    verified: bool = False
    error: LicenseSpringError | None = None
    now: datetime


def check_one(
    check: Check[T],
    client: AbstractAsyncContextManager[LicenseSpring],
    arguments: Mapping[str, object],
    answer: Answer,
) -> None:
    """Ask, print the answer, and exit with its code.

    Raises:
        ConfigurationError: The call cannot be sent.
        typer.Exit: It failed, or the answer is no.
    """
    call = check.endpoint(**arguments)
    tell(check, arguments, run(_ask, client, check, call), answer, secrets=call.request.secrets)


def tell(
    question: Question[T],
    arguments: Mapping[str, object],
    came: Came[T],
    answer: Answer,
    *,
    secrets: Collection[str],
) -> None:
    """Print the answer to a question, and exit with its code.

    Args:
        question: What was asked.
        arguments: Arguments of the question.
        came: How it ended.
        answer: How to print it.
        secrets: Argument values to show as fingerprints.

    Raises:
        typer.Exit: It failed, or the answer is no.
    """
    if answer.as_json:
        _print_json(question, secrets, came)
    else:
        _print(question, arguments, came)
    if came.verdict.outcome == _NOT_LICENSED:
        raise typer.Exit(Code.OK if answer.exit_zero else Code.NOT_LICENSED)
    if came.error is not None:
        raise typer.Exit(code_of(came.error))


async def _ask(opened: AbstractAsyncContextManager[LicenseSpring], check: Check[T], call: Call[T]) -> Came[T]:
    from ...fleet.checking.verdicts import of_error  # noqa: PLC0415  # see _NOT_LICENSED

    async with opened as client:
        try:
            raw = await client.perform(call)
        except ConfigurationError:
            raise
        except LicenseSpringError as error:
            return Came(verdict=of_error(error), error=error, now=client.now())
    now = client.now()
    return Came(verdict=check.judge(raw.value, now), value=raw.value, verified=raw.verified, now=now)


def _print_json(question: Question[T], secrets: Collection[str], came: Came[T]) -> None:
    print_json(
        {
            "outcome": came.verdict.outcome,
            "code": came.verdict.code,
            "message": came.verdict.message,
            "verified": came.verified,
            question.key: masked(to_json(came.value, masked=True), secrets),
        }
    )


def _print(question: Question[T], arguments: Mapping[str, object], came: Came[T]) -> None:
    verdict, hint = came.verdict, "" if came.error is None else advice(came.error)
    if verdict.outcome not in _STYLES:
        complain(f"{verdict.code}: {spoken(verdict.message)}", advice=hint)
        return
    asked = f"{question.title.format_map(arguments)}{whose(arguments)}"
    say(OUT, (verdict.outcome.value.replace("_", " "), _STYLES[verdict.outcome]), f"  {asked}")
    if verdict.outcome == _NOT_LICENSED:
        say(OUT, ("The answer:  ", "dim"), f"{verdict.message} ({verdict.code})")
        if hint:
            say(OUT, ("What to do:  ", "dim"), hint)
    if came.value is not None:
        OUT.print(question.show(came.value, came.now))
        if not came.verified:
            say(OUT, ("The signature of the answer was not checked.", "yellow"))


def whose(arguments: Mapping[str, object]) -> str:
    """Name the device and the license by their fingerprints."""
    license = arguments.get("license_key") or arguments.get("username")
    named = {"device": arguments.get("hardware_id"), "license": license}
    return "".join(f", {what} {fingerprint(str(secret))}" for what, secret in named.items() if secret)
