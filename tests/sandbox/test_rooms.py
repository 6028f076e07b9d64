"""The sandbox's inner rooms: data flows one way, and no import closes a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import licensespring_async.sandbox

ROOM = Path(licensespring_async.sandbox.__file__).parent
MODULES = {".".join(path.relative_to(ROOM).with_suffix("").parts): path for path in sorted(ROOM.rglob("*.py"))}
# From the bottom of the flow to its top: each imports only from those before it.
ORDER = [
    *("errors", "spelling", "state", "wire", "world", "worldfile", "demo", "service", "tenants", "portal"),
    *("steering", "server"),
    "__init__",
]


def imported(name: str, path: Path) -> Iterator[str]:
    """The modules of the sandbox that one imports from, in function bodies and for type checkers too."""
    package = [*name.split(".")[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(package) + 1:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            found = ".".join(part for part in base if part)
            for each in node.names:
                inside = f"{found}.{each.name}".strip(".")
                yield inside if inside in MODULES else found if found in MODULES else f"{found}.__init__"


GRAPH = {name: set(imported(name, path)) for name, path in MODULES.items()}


def test_no_circle() -> None:
    """No module of the sandbox imports, over whatever way, itself."""
    TopologicalSorter(GRAPH).prepare()


def test_a_room_imports_only_from_those_below_it() -> None:
    """Imports nothing from an inner room that comes later in the flow."""
    place = {name: ORDER.index(name.partition(".")[0]) for name in MODULES}
    assert [(one, two) for one, names in GRAPH.items() for two in names if place[two] > place[one]] == []
