"""When a run ends early, and what counts as a failure."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import attrs
import typer

from ..commands import Group

_FEWEST_FOR_A_RATE: Final = 100  # the first error of a run is not a rate of 100 %


class Failing(StrEnum):
    """What else may count as a failure."""

    NOT_LICENSED = "not_licensed"


@attrs.frozen(kw_only=True)
class Ends(Group):
    """How to handle errors, and the exit code for a no."""

    panel = "When it ends early"

    retries: Annotated[
        int,
        typer.Option(
            help="Times to retry a row after a transient error, behind all other rows.", metavar="NUMBER", min=0
        ),
    ] = 1
    max_errors: Annotated[
        int | None, typer.Option(help="End when more rows than this fail.", metavar="NUMBER", min=0)
    ] = None
    max_error_rate: Annotated[
        float | None,
        typer.Option(
            help="End when a greater share of the rows fails, after 100 rows.", metavar="SHARE", min=0.0, max=1.0
        ),
    ] = None
    fail_on: Annotated[
        Failing | None,
        typer.Option(
            help="Exit with 5 when the answer is no. Without it, a no is a result like any other.",
            rich_help_panel="Answer",
        ),
    ] = None

    @property
    def fails_on_no(self) -> bool:
        """Whether a row that is not licensed makes the run a failure."""
        return self.fail_on is Failing.NOT_LICENSED

    def broken_by(self, errors: int, rows: int) -> str:
        """Return which limit so many errors in so many rows exceed, or ""."""
        if self.max_errors is not None and errors > self.max_errors:
            return f"{errors:,} errors are more than --max-errors {self.max_errors:,}"
        rate = self.max_error_rate
        if rate is not None and rows >= _FEWEST_FOR_A_RATE and errors > rate * rows:
            return f"{errors:,} errors in {rows:,} rows are more than --max-error-rate {rate:g}"
        return ""
