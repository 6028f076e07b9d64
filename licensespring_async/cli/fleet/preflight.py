"""What is said, and asked, before the first row is sent."""

from __future__ import annotations

from typing import Annotated

import attrs
import typer

from ...errors import ConfigurationError
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
    """What becomes of the floating slots that a run takes."""

    panel = "Floating slots"

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to take floating slots.")] = False
    release: Annotated[
        bool,
        typer.Option(
            "--release",
            help="Give the floating slot of each feature or license back after its check, also one that the device "
            "held before; those that bundle checks take are kept.",
        ),
    ] = False

    def agree(self, survey: Survey | None) -> None:
        """Say how many floating slots a run may take, and go on only when somebody agrees.

        Args:
            survey: What will be checked, or None of a stream.

        Raises:
            ConfigurationError: There is nobody to ask.
            typer.Exit: The answer was no.
        """
        if survey is not None and not survey.checks:
            return
        notice = _notice(survey, release=self.release)
        if self.yes:
            say(ERR, f"{notice}.")
        elif can_ask():
            if not ask(f"{notice}. Go on?"):
                say(ERR, "Nothing was checked.")
                raise typer.Exit(Code.USAGE)
        else:
            raise ConfigurationError(
                f"{notice}; say --yes to agree (--dry-run only counts, --release gives the slots of features and "
                "licenses back)"
            )


def outlook(survey: Survey, limits: RateLimits | None, *, release: bool) -> str:
    """Return one line on what a run will do."""
    given_back = survey.feature_checks + survey.license_checks
    if limits is None:
        time = "no rate limit"
    else:
        least = least_seconds(survey.checks + (given_back if release else 0), limits)
        windows = ", ".join(f"{each.limit:,} in {each.seconds:g} s" for each in limits.windows)
        time = f"{f'at least {duration(least)}' if least >= 1 else 'less than a second'} at {windows}"
    slots = f"{survey.checks:,} may take a floating slot"
    if release:
        slots += f", {given_back:,} give it back"
    return (
        f"{counted(survey.rows, 'row')}: {survey.checks:,} to check, {counted(survey.duplicates, 'duplicate')}, "
        f"{survey.invalid:,} invalid; {len(survey.kinds):,} distinct (product, feature); {slots}; {time}"
    )


def complaints(survey: Survey) -> list[str]:
    """Return a line for each reason, of a few, why rows cannot be checked, with where that is first so."""
    firsts = list(survey.reasons.values())[:_EXAMPLES]
    return [
        f"invalid, first in row {each.row:,}{'' if each.line is None else f' (line {each.line:,})'}: {each.reason}"
        for each in firsts
    ]


def _notice(survey: Survey | None, *, release: bool) -> str:
    after = "gives it back" if release else "keeps it until it is released or its time-out passes"
    feature, license = (
        f"takes a floating slot where the {each} floats, and {after}" for each in ("feature", "license")
    )
    bundle = "a slot where the bundle's licenses float" + (", and no --release gives it back" if release else "")
    if survey is None:
        return f"each feature check {feature}, each license check {license}, and each bundle check takes {bundle}"
    told: list[str] = []
    if survey.feature_checks:
        told.append(f"{counted(survey.feature_checks, 'feature check')}, each of which {feature}")
    if survey.license_checks:
        told.append(f"{counted(survey.license_checks, 'license check')}, each of which {license}")
    if bundles := survey.bundle_checks:
        told.append(f"{counted(bundles, 'bundle check')}, which {'takes' if bundles == 1 else 'take'} {bundle}")
    return ", and ".join(told)
