"""The line of each key in a TOML text, which tomllib does not report."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias, cast

Path: TypeAlias = tuple[str | int, ...]

_ENDS: Final = re.compile(r"[]}]|\"\"\"|'''")
_MOST_PARSED: Final = 3_000_000  # characters; a value of many lines is parsed again at each possible last line


class Lines:
    """Maps paths such as ("licenses", 3, "features", 0, "code") to lines of a valid TOML text."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._last: dict[Path, int] = {}  # index of the newest element of an array of tables
        table: Path = ()
        for number, statement in _statements(text):
            steps = _steps(tomllib.loads(statement))
            is_header = statement.lstrip().startswith("[")
            if is_header:
                path = self._resolved(steps, is_array=statement.lstrip().startswith("[["))
                table = path
            else:
                path = (*table, *steps)
            # Also for tables that exist only because of this path.
            for length in range(1, len(path) + 1):
                self._lines.setdefault(path[:length], number)

    def of(self, path: Path) -> int:
        """Return the line of a path or of what encloses it, counted from 1."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _resolved(self, steps: Sequence[str], *, is_array: bool) -> Path:
        """Add the indices of arrays of tables to a header's path."""
        path: Path = ()
        for number, step in enumerate(steps):
            path = (*path, step)
            if is_array and number == len(steps) - 1:
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path = (*path, self._last[path])
        return path


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Split a text into headers and key/value pairs, each with its first line."""
    pending, begun, parsed = "", 0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        is_inside = bool(pending)
        pending, begun = (f"{pending}\n{line}", begun) if pending else (line, number)
        if is_inside and not _ENDS.search(line):
            continue
        parsed += len(pending)
        if is_inside and parsed > _MOST_PARSED:
            return  # `of` then returns the line of what encloses a key
        try:
            content = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # the value continues on the next line
        if content:
            yield begun, pending
        pending = ""


def _steps(statement: dict[str, Any]) -> Sequence[str]:
    """Return the keys of `a.b = 1`, `[a.b]` or `[[a.b]]`; keys inside a value have the value's line."""
    steps: list[str] = []
    table: dict[str, Any] = statement
    while len(table) == 1:
        ((key, inner),) = table.items()
        steps.append(key)
        table = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    return steps
