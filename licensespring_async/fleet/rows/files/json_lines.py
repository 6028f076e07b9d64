"""Rows from JSONL: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, cast

from ....errors import ConfigurationError
from ..row import COLUMNS, InvalidRow, Row, check_keep, keeping, row_from
from .columns import check_mapping, folded, warn_of_ignored
from .streams import LONGEST_LINE, bounded, refuse_other_encoding


def rows_in(
    text: IO[str], name: str, mapping: Mapping[str, str], *, keep: Sequence[str] = ()
) -> Iterator[Row | InvalidRow]:
    """Yield the rows of a text; a line that is no object becomes an `InvalidRow`, and blank lines are skipped.

    Raises:
        ConfigurationError: It is JSON, but not one object per line.
    """
    check_mapping(mapping)
    check_keep(keep)
    names = {ours: folded(mapping.get(ours, ours)) for ours in COLUMNS}
    row = 0
    for number, (line, is_whole) in enumerate(bounded(text), 1):
        if not line.strip():
            continue
        if not row:
            refuse_other_encoding([line], name)
        if not row and line.lstrip().startswith("["):
            raise ConfigurationError(f"{name}: is a JSON array; write one object a line (jq -c '.[]' does that)")
        if not row and line.strip() == "{":
            raise ConfigurationError(f"{name}: has objects over several lines; write one a line (jq -c . does that)")
        row += 1
        # Each of the files that were joined may begin with a byte order mark.
        found = (
            _parsed(line.strip().removeprefix("\ufeff")) if is_whole else f"is longer than {LONGEST_LINE:,} characters"
        )
        if isinstance(found, Object) and (twice := found.twice(names.values())):
            found = f"names {' and '.join(twice)} more than once"
        if isinstance(found, str):
            yield InvalidRow(row=row, line=number, reason=found)
        else:
            if row == 1:
                read = [ours for ours, given in names.items() if ours in mapping or given in found.fields]
                warn_of_ignored([given for given, _ in found.pairs], read, keep, source=name)
            fields = {ours: found.fields.get(given) for ours, given in names.items()}
            known = found.fields | fields
            kept = {name: _plain(known.get(folded(name))) for name in keep}
            yield keeping(row_from(fields, row=row, line=number), kept)


class Object:
    """A JSON object with normalized names.

    Attributes:
        pairs: Its original names and values.
    """

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        self.pairs = pairs
        self._names = [folded(name) for name, _ in pairs]
        self.fields = dict(zip(self._names, (value for _, value in pairs), strict=True))

    def twice(self, names: Iterable[str]) -> list[str]:
        """Return the names that it has more than once."""
        if len(self._names) == len(self.fields):
            return []
        return [name for name in names if self._names.count(name) > 1]


def _plain(value: object) -> object:
    """Turn `Object`s in a value back into dicts."""
    if isinstance(value, Object):
        return {name: _plain(each) for name, each in value.pairs}
    return [_plain(each) for each in cast("list[object]", value)] if isinstance(value, list) else value


def _parsed(line: str) -> Object | str:
    """Return the object of a line, or what is wrong with it; never quote the line, which may hold a key."""
    try:
        value: object = json.loads(line, object_pairs_hook=Object)
    except json.JSONDecodeError as e:
        return f"is not JSON: {e.msg} at character {e.pos + 1}"
    except (ValueError, RecursionError):
        return "cannot be read as JSON: a number is too long, or it is nested too deeply"
    return value if isinstance(value, Object) else "is not a JSON object"
