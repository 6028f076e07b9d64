"""Where in a TOML text a key stands: tomllib does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias, cast

Path: TypeAlias = tuple[str | int, ...]

_ENDS: Final = re.compile(r"[]}]|\"\"\"|'''")
_MOST_PARSED: Final = 3_000_000  # characters; a value of many lines is parsed again at each that may be its last


class Lines:
    """The lines of paths such as ("licenses", 3, "features", 0, "code") in a valid TOML text."""

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
            # A path's own line, and that of tables which exist only through it.
            for length in range(1, len(path) + 1):
                self._lines.setdefault(path[:length], number)

    def of(self, path: Path) -> int:
        """Return the line of a path, or of the nearest thing around it; counted from 1."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _resolved(self, steps: Sequence[str], *, is_array: bool) -> Path:
        """Put the indices of arrays of tables into a header's path."""
        path: Path = ()
        for number, step in enumerate(steps):
            path = (*path, step)
            if is_array and number == len(steps) - 1:
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path = (*path, self._last[path])
        return path


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Split a text into headers and key/value pairs, each with the line that it begins on."""
    pending, begun, parsed = "", 0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        is_inside = bool(pending)
        pending, begun = (f"{pending}\n{line}", begun) if pending else (line, number)
        if is_inside and not _ENDS.search(line):
            continue
        parsed += len(pending)
        if is_inside and parsed > _MOST_PARSED:
            return  # later keys get the line of what encloses them
        try:
            content = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # a value that goes on in the next line
        if content:
            yield begun, pending
        pending = ""


def _steps(statement: dict[str, Any]) -> Sequence[str]:
    """Return the keys of `a.b = 1`, `[a.b]` or `[[a.b]]`; what is inside the value counts as its line."""
    steps: list[str] = []
    table: dict[str, Any] = statement
    while len(table) == 1:
        ((key, inner),) = table.items()
        steps.append(key)
        table = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    return steps
