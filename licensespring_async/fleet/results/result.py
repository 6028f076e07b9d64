"""The result of each row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from operator import attrgetter, call
from typing import Annotated, Any, Final, Self, cast, get_type_hints

import attrs

from ...errors.codes import OK
from .fields import COUNT, FIGURE, FLAG, MOMENT, NAME, SECONDS, TEXT, TIME, Kind, encode


class Outcome(StrEnum):
    """Outcome of a check."""

    LICENSED = "licensed"
    NOT_LICENSED = "not_licensed"
    ERROR = "error"
    SKIPPED = "skipped"


def _outcome(value: object) -> Outcome:
    try:
        return Outcome(str(value))
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Outcome)}") from None


@attrs.frozen(kw_only=True)
class Verdict:
    """An answer or an error, judged.

    Attributes:
        code: The reason in a word: an error code of the service or of this package; "ok" if licensed.
        message: The reason in a sentence; "" if licensed.
    """

    outcome: Outcome
    code: str
    message: str = ""


_OUTCOME: Final = Kind(to_json=encode, read=_outcome, column=("string",), to_column=str)


@attrs.frozen(kw_only=True, slots=False)
class Result:
    """The result of one row; it holds no secret except in `kept`.

    Attributes:
        row: Number of the row.
        line: Line of the file, or None.
        code: As in `Verdict`.
        message: As in `Verdict`.
        product: Short code, or "" if the row could not be read.
        feature: Code of the feature, or "" for other checks and rows that could not be read.
        hardware: Fingerprint of the device's id.
        key: Fingerprint of the license key or user name.
        http_status: Status of the answer, or None without one.
        attempts: HTTP requests sent.
        seconds: Duration of the check, without `waited`.
        expires_at: End of the feature or license; for a bundle, the first end among its valid licenses.
        slots_in_use: Floating slots in use; for a bundle, the most among its valid licenses.
        consumptions_left: Consumptions left; for a bundle, the fewest among its valid licenses.
        verified: Whether the answer's signature was checked; false without an answer.
        slots_allowed: Floating slots that exist, for the feature or license of `slots_in_use`.
        at: End of the check, by this machine's clock; None if nothing was checked.
        waited: Seconds that the check waited for rate limits, a free connection or a token.
        check: Kind of check: `feature`, `license` or `bundle`; "" if the row could not be read.
        kept: Columns of the input, name to text, in the clear.
    """

    row: Annotated[int, COUNT]
    line: Annotated[int | None, COUNT] = None
    outcome: Annotated[Outcome, _OUTCOME]
    code: Annotated[str, TEXT] = ""
    message: Annotated[str, TEXT] = ""
    product: Annotated[str, TEXT] = ""
    feature: Annotated[str, TEXT] = ""
    hardware: Annotated[str, NAME] = ""
    key: Annotated[str, NAME] = ""
    http_status: Annotated[int | None, COUNT] = None
    attempts: Annotated[int, COUNT] = 0
    seconds: Annotated[float, SECONDS] = 0.0
    expires_at: Annotated[datetime | None, MOMENT] = None
    slots_in_use: Annotated[int | None, FIGURE] = None
    consumptions_left: Annotated[int | None, FIGURE] = None
    verified: Annotated[bool, FLAG] = False
    slots_allowed: Annotated[int | None, FIGURE] = None
    at: Annotated[datetime | None, TIME] = None
    waited: Annotated[float, SECONDS] = 0.0
    check: Annotated[str, TEXT] = ""
    kept: Mapping[str, str] = attrs.field(factory=dict[str, str], hash=False)

    def __attrs_post_init__(self) -> None:
        # Results of an earlier version have none.
        if self.outcome is Outcome.LICENSED and not self.code:
            object.__setattr__(self, "code", OK)

    def to_json(self) -> str:
        """Return the result as one line of ASCII JSON with every field, without the line end."""
        own = vars(self)  # where it is kept, for journal and output: a cached_property would cost more than a look
        line: str | None = own.get("_line")
        if line is None:
            # From a template: a dict of the fields and its JSON would take longer.
            line = _LINE % tuple(map(_write, _WRITE, _values(self)))
            own["_line"] = line = f"{line[:-1]},{_encode_kept(self.kept)[1:]}" if self.kept else line
        return line

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read a line written by `to_json`.

        Raises:
            ValueError: It is no result.
        """
        try:
            loaded: object = json.loads(line)
        except RecursionError:
            raise ValueError("is nested too deeply") from None
        if not isinstance(loaded, dict):
            raise ValueError("is not a JSON object")  # noqa: TRY004  # the value is from a file
        fields = cast("dict[str, object]", loaded)
        kept = {name: value for name, value in fields.items() if name not in KINDS and isinstance(value, str)}
        return attrs.evolve(cls.from_fields(fields), kept=kept) if kept else cls.from_fields(fields)

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read a result from JSON values, CSV cells or column values; other fields are ignored.

        Raises:
            ValueError: A field is missing or cannot be read; the text names it.
        """
        read: dict[str, Any] = {}
        for name, kind in KINDS.items():
            value = fields.get(name)
            if value is None or value == "":
                continue
            try:
                read[name] = kind.read(value)
            except ValueError as e:
                raise ValueError(f"{name}: {e}") from None
        for name in ("row", "outcome"):
            if name not in read:
                raise ValueError(f"{name}: is missing")
        return cls(**read)


KINDS: Final[Mapping[str, Kind]] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Result, include_extras=True).items()
    if name in attrs.fields_dict(Result) and name != "kept"
}
"""The kind of each field of a result, in the order in which they are written."""

_encode_kept: Final = json.JSONEncoder(separators=(",", ":")).encode
_LINE: Final = "{" + ",".join(f'"{name}":%s' for name in KINDS) + "}"
_WRITE: Final = [kind.to_json for kind in KINDS.values()]
_values: Final = attrgetter(*KINDS)
_write: Final = cast("Callable[[Callable[[Any], object], Any], object]", call)
