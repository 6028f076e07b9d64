"""Rows and outcomes as JSON text, sent between the workers and the process that keeps the journal.

Nothing from a worker is unpickled: unpickling would let the worker run code in the process with the journal. Any other
text is not accepted as an outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import attrs

from ...checks import FeatureCheck
from ...errors import ConnectionLost, LicenseSpringError
from ...redaction import fingerprint
from ..results.result import Result
from ..rows.row import Row, kind_of, packed, unpacked

Outcome = Result | LicenseSpringError | None
"""Outcome of a row: its result, its error, or None if it was not sent."""


@attrs.frozen
class Checked:
    """Outcome of a chunk.

    Attributes:
        outcomes: One per row.
        throttled: Requests of this worker so far that were answered with HTTP 429.
    """

    outcomes: Sequence[Outcome]
    throttled: int


class NoAnswer(ConnectionLost):
    """A worker's answer is not an outcome; the worker may have another version, or not be ours."""


def written_rows(rows: Sequence[Row]) -> str:
    """Return rows as text."""
    # Columns to copy into the results stay here.
    return json.dumps([packed(attrs.evolve(each, kept={})) for each in rows])


def read_rows(text: str) -> list[Row]:
    """Read rows from text."""
    return [row for row in map(unpacked, json.loads(text)) if isinstance(row, Row)]


def written_error(error: LicenseSpringError | None) -> str:
    """Return an error or None as text."""
    return json.dumps(_plain(error))


def read_error(text: object) -> LicenseSpringError | None:
    """Read an error, or None, from text.

    Raises:
        NoAnswer: The text is something else.
    """
    outcome = _outcome(_loaded(text))
    if isinstance(outcome, Result):
        raise NoAnswer(_NO_ANSWER)
    return outcome


def written_checked(checked: Checked) -> str:
    """Return the outcome of a chunk as text."""
    return json.dumps({"outcomes": [_plain(each) for each in checked.outcomes], "throttled": checked.throttled})


def read_checked(text: object, rows: Sequence[Row]) -> Checked | LicenseSpringError:
    """Read the outcome of a chunk, or the error that all of it failed with; name the rows here, not by the worker.

    Raises:
        NoAnswer: The text is something else.
    """
    loaded = _loaded(text)
    fields = _fields(loaded)
    if "outcomes" not in fields:
        outcome = _outcome(loaded)
        if isinstance(outcome, LicenseSpringError):
            return outcome
        raise NoAnswer(_NO_ANSWER)
    found, throttled = fields["outcomes"], fields.get("throttled")
    outcomes = cast("list[object]", found) if isinstance(found, list) else []
    if len(outcomes) != len(rows) or type(throttled) is not int:
        raise NoAnswer(_NO_ANSWER)
    return Checked([_named(_outcome(each), row) for each, row in zip(outcomes, rows, strict=True)], throttled)


_NO_ANSWER: Final = "a Dask worker's answer cannot be read; all workers need this package in the same version"


def _fields(loaded: object) -> dict[str, object]:
    return cast("dict[str, object]", loaded) if isinstance(loaded, dict) else {}


def _named(outcome: Outcome, row: Row) -> Outcome:
    if not isinstance(outcome, Result):
        return outcome
    check = row.check
    return attrs.evolve(
        outcome,
        row=row.row,
        line=row.line,
        product=check.product,
        feature=check.feature if isinstance(check, FeatureCheck) else "",
        # With the salt of the run, which the workers do not know.
        hardware=fingerprint(check.hardware_id),
        key=fingerprint(check.identity),
        check=kind_of(check),
        kept=row.kept,
    )


def _plain(outcome: Outcome) -> object:
    if outcome is None:
        return None
    if isinstance(outcome, Result):
        return outcome.to_json()
    # The failures of earlier attempts stay with the worker.
    fields = {name: value for name, value in vars(outcome).items() if _is_plain(value)}
    args = [each if _is_plain(each) else str(each) for each in outcome.args]
    return {"error": type(outcome).__name__, "args": args, "fields": fields}


def _loaded(text: object) -> object:
    if not isinstance(text, str):
        raise NoAnswer(_NO_ANSWER)
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        raise NoAnswer(_NO_ANSWER) from None


def _outcome(plain: object) -> Outcome:
    try:
        if plain is None:
            return None
        if isinstance(plain, str):
            return Result.from_json(plain)
        return _error(cast("dict[str, Any]", plain))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise NoAnswer(_NO_ANSWER) from None


def _error(plain: dict[str, Any]) -> LicenseSpringError:
    error = {each.__name__: each for each in _kinds(LicenseSpringError)}[plain["error"]](*plain["args"])
    given = {name: value for name, value in plain["fields"].items() if _is_plain(value)}
    vars(error).update({name: value for name, value in given.items() if _is_alike(getattr(error, name, None), value)})
    return error


def _kinds(kind: type[LicenseSpringError]) -> Iterator[type[LicenseSpringError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_alike(own: object, given: object) -> bool:
    return own is None or given is None or isinstance(given, type(own)) or {type(own), type(given)} <= {int, float}
