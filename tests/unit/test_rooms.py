"""Data flows one way: what may import what, and how long modules get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import licensespring_async

PACKAGE = Path(licensespring_async.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# From the bottom of the flow to its top: each imports only from those before it.
ROOMS = [
    *("_version", "errors", "extras", "file_writing", "redaction", "models", "signatures", "auth", "transport"),
    *("endpoints", "answers", "leases", "configuration", "methods", "client", "services", "sandbox", "fleet", "cli"),
    *("__init__", "__main__"),
]


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(module: Path) -> Iterator[str]:
    """The rooms that a module imports from when it is imported itself."""
    for node in at_import(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = module.relative_to(PACKAGE).parts[: -node.level]
            inside = [*package, *(node.module or "").split(".")] if node.module else [*package]
            names = [inside[0]] if inside else [each.name for each in node.names]
            yield from names


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those of functions and of what only type checkers read."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from at_import(child)


def test_every_room_has_its_place() -> None:
    """Knows each room of the package."""
    assert {room(module) for module in MODULES} == set(ROOMS)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_room_imports_only_from_those_below_it(module: Path) -> None:
    """Imports nothing from a room that comes later in the flow."""
    own = ROOMS.index(room(module))
    later = [each for each in imported_rooms(module) if each != room(module) and ROOMS.index(each) > own]
    assert later == []


@pytest.mark.parametrize("first", ["sandbox", "fleet"])
def test_the_sandbox_and_the_fleet_know_nothing_of_each_other(first: str) -> None:
    """Keeps two rooms apart that only the command line brings together."""
    other = {"sandbox": "fleet", "fleet": "sandbox"}[first]
    knowing = [module for module in MODULES if room(module) == first and other in imported_rooms(module)]
    assert knowing == []
