"""Data flows one way: what may import what, and how long modules get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import licensespring_async

PACKAGE = Path(licensespring_async.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# From the bottom of the flow to its top: each imports only from those before it.
ROOMS = [
    *(
        "_version",
        "errors",
        "extras",
        "file_writing",
        "redaction",
        "autocomplete",
        "by_fields",
        "models",
        "public_keys",
        "signatures",
        "signing",
        "testing",
        "auth",
        "transport",
    ),
    *("endpoints", "answers", "offline", "device"),
    *(
        "configuration",
        "credentials",
        "methods",
        "caller",
        "checks",
        "judging",
        "leases",
        "client",
        "services",
        "sandbox",
        "fleet",
        "cli",
    ),
    *("__init__", "__main__", "_pyinstaller"),
]
SANDBOX = [
    *("errors", "spelling", "state", "wire", "world", "worldfile", "demo", "service", "tenants", "portal"),
    *("steering", "server"),
    "__init__",
]
"""The same inside the sandbox."""


def name_of(module: Path) -> str:
    """The dotted name of a module below the package, "" for the package itself."""
    return ".".join(module.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


NAMES = {name_of(module): module for module in MODULES}


def room(name: str) -> str:
    return name.partition(".")[0] or "__init__"


def inner_room(name: str) -> str:
    return room(name.partition(".")[2])


def imported(module: Path) -> Iterator[str]:
    """The modules that a module imports from, in function bodies and for type checkers too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = module.relative_to(PACKAGE).parts[: -node.level]
            base = ".".join([*package, *([node.module] if node.module else [])])
            for each in node.names:
                inside = f"{base}.{each.name}".removeprefix(".")
                yield inside if inside in NAMES else base


def test_every_room_has_its_place() -> None:
    """Knows each room of the package."""
    assert {room(name) for name in NAMES} == set(ROOMS)


def test_a_room_imports_only_from_those_below_it() -> None:
    """Imports nothing from a room that comes later in the flow."""
    place = {each: ROOMS.index(each) for each in ROOMS}
    pairs = [(name, each) for name, module in NAMES.items() for each in imported(module)]

    assert [(name, each) for name, each in pairs if place[room(each)] > place[room(name)]] == []


def test_an_inner_room_of_the_sandbox_imports_only_from_those_below_it() -> None:
    """Imports nothing from an inner room that comes later in the flow."""
    place = {name: SANDBOX.index(inner_room(name)) for name in NAMES if room(name) == "sandbox"}
    pairs = [(name, each) for name in place for each in imported(NAMES[name]) if each in place]

    assert [(name, each) for name, each in pairs if place[each] > place[name]] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Has no circle of imports, however many modules it goes through."""
    TopologicalSorter({name: {*imported(module)} - {name} for name, module in NAMES.items()}).prepare()


@pytest.mark.parametrize("first", ["sandbox", "fleet"])
def test_the_sandbox_and_the_fleet_know_nothing_of_each_other(first: str) -> None:
    """Keeps two rooms apart that only the command line brings together."""
    other = {"sandbox": "fleet", "fleet": "sandbox"}[first]
    knowing = [
        name
        for name, module in NAMES.items()
        if room(name) == first and other in {room(each) for each in imported(module)}
    ]
    assert knowing == []
