"""One check, from a call to what is printed and the exit code."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TypeVar, cast

import attrs
import typer

from ...client import LicenseSpring
from ...errors import ConfigurationError, LicenseRefused, LicenseSpringError
from ...fleet.checking.verdicts import of_answer, of_error
from ...fleet.results.result import Outcome, Verdict
from ...models import Bundle, LicenseFeature
from ...models.converter import unstructure
from ...redaction import fingerprint
from ...transport.values import Call
from ..console import OUT, complain, say
from ..exits import Code, advice, code_of, run
from ..options import Failing
from .tables import bundle_table, feature_table

Model = TypeVar("Model", LicenseFeature, Bundle)

_STYLES = {Outcome.LICENSED: "bold green", Outcome.NOT_LICENSED: "bold yellow"}


@attrs.frozen(kw_only=True)
class Asked:
    """What was asked for, and what of it must not be printed."""

    product: str
    feature: str | None = None
    hardware_id: str = attrs.field(repr=False)
    identity: str | None = attrs.field(repr=False)

    def __str__(self) -> str:
        what = f"feature {self.feature} of {self.product}" if self.feature else f"bundle {self.product}"
        key = f", license {fingerprint(self.identity)}" if self.identity else ""
        return f"{what}, device {fingerprint(self.hardware_id)}{key}"

    def masked(self, value: object) -> object:
        """Return a JSON value with fingerprints where it holds a license key, or the device or user asked for."""
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            return {name: self._masked_field(name, field) for name, field in fields.items()}
        if isinstance(value, list | tuple):
            return [self.masked(each) for each in cast("list[object]", value)]
        return fingerprint(value) if isinstance(value, str) and value in (self.hardware_id, self.identity) else value

    def _masked_field(self, name: str, value: object) -> object:
        return fingerprint(value) if name == "license_key" and isinstance(value, str) else self.masked(value)


@attrs.frozen(kw_only=True)
class _Answer:
    """How a check ended: with a value, or with the error that says why not."""

    verdict: Verdict
    value: LicenseFeature | Bundle | None = None
    verified: bool = False
    error: LicenseSpringError | None = None
    now: datetime


def check_one(
    client: LicenseSpring,
    call: Call[Model],
    asked: Asked,
    *,
    as_json: bool,
    fail_on: Failing | None,
) -> None:
    """Send a call, print its answer, and exit with the answer's code.

    Raises:
        ConfigurationError: It cannot be sent.
        typer.Exit: It failed, or the answer is no and that counts as a failure.
    """
    answer = run(_ask, client, call)
    if as_json:
        _print_json(asked, answer)
    else:
        _print(asked, answer)
    if answer.error is not None and not isinstance(answer.error, LicenseRefused):
        raise typer.Exit(code_of(answer.error))
    if fail_on is Failing.NOT_LICENSED and answer.verdict.outcome is Outcome.NOT_LICENSED:
        raise typer.Exit(Code.NOT_LICENSED)


async def _ask(client: LicenseSpring, call: Call[Model]) -> _Answer:
    async with client:
        try:
            raw = await client.perform(call)
        except ConfigurationError:
            raise
        except LicenseSpringError as error:
            return _Answer(verdict=of_error(error), error=error, now=client.now())
    now = client.now()
    return _Answer(verdict=of_answer(raw.value, now), value=raw.value, verified=raw.verified, now=now)


def _print_json(asked: Asked, answer: _Answer) -> None:
    shown = {
        "outcome": answer.verdict.outcome,
        "code": answer.verdict.code,
        "message": answer.verdict.message,
        "verified": answer.verified,
        "feature" if asked.feature else "bundle": asked.masked(unstructure(answer.value)),
    }
    # Flushed here: at exit, a reader that has gone would be an error that nobody catches.
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    sys.stdout.flush()


def _print(asked: Asked, answer: _Answer) -> None:
    verdict, hint = answer.verdict, "" if answer.error is None else advice(answer.error)
    if verdict.outcome is Outcome.ERROR:
        complain(f"{verdict.code}: {verdict.message}", advice=hint)
        return
    say(OUT, (verdict.outcome.value.replace("_", " "), _STYLES[verdict.outcome]), f"  {asked}")
    if verdict.outcome is Outcome.NOT_LICENSED:
        say(OUT, ("The answer:  ", "dim"), f"{verdict.message} ({verdict.code})")
        if hint:
            say(OUT, ("What to do:  ", "dim"), hint)
    if isinstance(answer.value, LicenseFeature):
        OUT.print(feature_table(answer.value, answer.now))
    elif answer.value is not None:
        OUT.print(bundle_table(answer.value, answer.now))
    if answer.value is not None and not answer.verified:
        say(OUT, ("The answer's signature was not checked.", "yellow"))
