"""Results: what became of each row."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self

import attrs

from ...errors.codes import OK

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell of CSV must not begin with: a spreadsheet would run it as a formula. It is written behind a quote."""


_encode: Final = json.JSONEncoder().encode


class Outcome(StrEnum):
    """What a check came to."""

    LICENSED = "licensed"
    NOT_LICENSED = "not_licensed"
    ERROR = "error"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class Verdict:
    """An answer or an error, judged.

    Attributes:
        code: Why, in a word: the service's error code, or this package's; "ok" when licensed.
        message: Why, in a sentence; "" when licensed.
    """

    outcome: Outcome
    code: str
    message: str = ""


@attrs.frozen(kw_only=True)
class Result:
    """What became of one row; it holds no secret.

    Attributes:
        row: Number of the row.
        line: Line of the file, or None.
        code: As in `Verdict`.
        message: As in `Verdict`.
        product: Short code, or "" of a row that could not be read; `feature` likewise, and "" for a bundle check.
        hardware: Fingerprint of the device's id.
        key: Fingerprint of the license key or user name.
        http_status: Status of the answer, or None when there was none.
        attempts: HTTP requests that were sent.
        seconds: How long the check took, waiting included.
        expires_at: When the feature ends; for a bundle, the first end among its valid licenses.
        slots_in_use: Floating slots in use; for a bundle, the most among its valid licenses.
        consumptions_left: Consumptions left; for a bundle, the least among its valid licenses.
        verified: Whether the answer's signature was checked; false when there was no answer to check.
        slots_allowed: Floating slots that there are, of the feature or license that `slots_in_use` is about.
        at: When the check was done: seconds since the epoch, by this machine's clock; None when nothing was checked.
    """

    row: int
    line: int | None = None
    outcome: Outcome
    code: str = ""
    message: str = ""
    product: str = ""
    feature: str = ""
    hardware: str = ""
    key: str = ""
    http_status: int | None = None
    attempts: int = 0
    seconds: float = 0.0
    expires_at: datetime | None = None
    slots_in_use: int | None = None
    consumptions_left: int | None = None
    verified: bool = False
    slots_allowed: int | None = None
    at: float | None = None

    def __attrs_post_init__(self) -> None:
        # Written by an earlier version, it had none.
        if self.outcome is Outcome.LICENSED and not self.code:
            object.__setattr__(self, "code", OK)

    def to_json(self) -> str:
        """Return the result as one line of JSON, without the line end, in plain ASCII and with every field."""
        return self._json

    @cached_property
    def _json(self) -> str:
        # Once, for the journal and the output, and by hand: a dict of the fields and its JSON would take three times as
        # long, for every row.
        return _LINE % (
            self.row,
            _or_null(self.line),
            _encode(self.outcome),
            _encode(self.code),
            _encode(self.message),
            _encode(self.product),
            _encode(self.feature),
            _encode(self.hardware),
            _encode(self.key),
            _or_null(self.http_status),
            self.attempts,
            round(self.seconds, 4),
            "null" if self.expires_at is None else _encode(self.expires_at.isoformat()),
            _or_null(self.slots_in_use),
            _or_null(self.consumptions_left),
            "true" if self.verified else "false",
            _or_null(self.slots_allowed),
            "null" if self.at is None else round(self.at, 3),
        )

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Return the result that a line of `to_json` stands for."""
        fields: dict[str, Any] = json.loads(line)
        ends = fields["expires_at"]
        fields["outcome"] = Outcome(fields["outcome"])
        fields["expires_at"] = None if ends is None else datetime.fromisoformat(ends)
        return cls(**fields)


_LINE: Final = "{" + ",".join(f'"{name}":%s' for name in attrs.fields_dict(Result)) + "}"


def _or_null(number: int | None) -> int | str:
    return "null" if number is None else number
