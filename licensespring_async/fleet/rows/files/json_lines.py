"""Rows from JSONL: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, cast

from ....errors import ConfigurationError
from ..row import COLUMNS, InvalidRow, Row, row_from
from .columns import check_mapping
from .streams import LONGEST_LINE, bounded


def rows_in(text: IO[str], name: str, mapping: Mapping[str, str]) -> Iterator[Row | InvalidRow]:
    """Return the rows of a text; a line that is no object is an `InvalidRow`, a blank line is none.

    Raises:
        ConfigurationError: It is JSON, but not one object a line.
    """
    check_mapping(mapping)
    names = {ours: mapping.get(ours, ours).strip().lower() for ours in COLUMNS}
    row = 0
    for number, (line, is_whole) in enumerate(bounded(text), 1):
        if not line.strip():
            continue
        if not row and line.lstrip().startswith("["):
            raise ConfigurationError(f"{name}: is a JSON array; write one object a line (jq -c '.[]' does that)")
        row += 1
        found = _parsed(line.strip()) if is_whole else f"is longer than {LONGEST_LINE:,} characters"
        if isinstance(found, str):
            yield InvalidRow(row=row, line=number, reason=found)
        else:
            fields = {key.strip().lower(): value for key, value in found.items()}
            yield row_from({ours: fields.get(given) for ours, given in names.items()}, row=row, line=number)


def _parsed(line: str) -> dict[str, object] | str:
    """Return the object of a line, or what is wrong with it; never a part of it, which could be a key."""
    try:
        value: object = json.loads(line)
    except json.JSONDecodeError as e:
        return f"is not JSON: {e.msg} at character {e.pos + 1}"
    except (ValueError, RecursionError):
        return "is not JSON that can be read: a number is too long, or it is nested too deeply"
    return cast("dict[str, object]", value) if isinstance(value, dict) else "is not a JSON object"
