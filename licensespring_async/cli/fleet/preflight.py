"""Messages and questions before the first row is sent."""

from __future__ import annotations

from typing import Annotated

import attrs
import typer

from ...errors import ConfigurationError
from ...errors.numbers import in_seconds
from ...fleet import Survey
from ...transport import RateLimits
from ..commands import Group
from ..console import ERR, ask, can_ask, say
from ..exits import Code
from ..wording import counted, duration
from .pacing import least_seconds

_EXAMPLES = 5


@attrs.frozen(kw_only=True)
class Slots(Group):
    """What to do with the floating slots that a run takes."""

    panel = "Floating slots"

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to take floating slots.")] = False
    release: Annotated[
        bool,
        typer.Option(
            "--release",
            help="Release the floating slot of each feature or license after its check, even if the device held it "
            "before. Slots of bundle checks are not released.",
        ),
    ] = False

    def agree(self, survey: Survey | None) -> None:
        """Say how many floating slots a run may take, and ask whether to continue.

        Args:
            survey: The rows, or None for a stream.

        Raises:
            ConfigurationError: There is no terminal to ask at, and no `--yes`.
            typer.Exit: The answer was no.
        """
        if survey is not None and not survey.checks:
            return
        notice = _notice(survey, release=self.release)
        if self.yes:
            say(ERR, f"{notice}.")
        elif can_ask():
            if not ask(f"{notice}. Continue?"):
                say(ERR, "Nothing was checked.")
                raise typer.Exit(Code.USAGE)
        else:
            raise ConfigurationError(
                f"{notice}. Pass --yes to agree. --dry-run only counts; --release releases the slots of features and "
                "licenses"
            )


def outlook(survey: Survey, limits: RateLimits | None, *, release: bool) -> str:
    """Describe in one line what a run will do."""
    released = survey.feature_checks + survey.license_checks
    if limits is None:
        time = "no rate limit"
    else:
        least = least_seconds(survey.checks + (released if release else 0), limits)
        windows = ", ".join(f"{each.limit:,} in {in_seconds(each.seconds)}" for each in limits.windows)
        time = f"{f'at least {duration(least)}' if least >= 1 else 'less than a second'} at {windows}"
    slots = f"{survey.checks:,} may take a floating slot"
    if release:
        slots += f", {released:,} release it"
    return (
        f"{counted(survey.rows, 'row')}: {survey.checks:,} to check{_kinds(survey)}, "
        f"{counted(survey.duplicates, 'duplicate')}, "
        f"{survey.invalid:,} invalid; {len(survey.kinds):,} distinct (product, feature); {slots}; {time}"
    )


def _kinds(survey: Survey) -> str:
    kinds = {"feature": survey.feature_checks, "license": survey.license_checks, "bundle": survey.bundle_checks}
    listed = ", ".join(counted(count, f"{kind} check") for kind, count in kinds.items() if count)
    return f" ({listed})" if listed else ""


def complaints(survey: Survey) -> list[str]:
    """Return a line for each of the first 5 reasons why rows are invalid, with the first such row."""
    firsts = list(survey.reasons.values())[:_EXAMPLES]
    return [
        f"invalid, first in row {each.row:,}{'' if each.line is None else f' (line {each.line:,})'}: {each.reason}"
        for each in firsts
    ]


def _notice(survey: Survey | None, *, release: bool) -> str:
    devices = "each device of the stream" if survey is None else counted(survey.checks, "device")
    notice = f"This may take floating slots on {devices}"
    if not release:
        return f"{notice} until they time out"
    if survey is None:
        return f"{notice} and releases them, except those of bundle checks"
    if survey.bundle_checks == survey.checks:
        return f"{notice} until they time out: --release does not release slots of bundle checks"
    kept = f", except those of {counted(survey.bundle_checks, 'bundle check')}" if survey.bundle_checks else ""
    return f"{notice} and releases them{kept}"
