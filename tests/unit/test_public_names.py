"""What the package offers, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import licensespring_async

NAMES = (Path(__file__).parent / "public_names.txt").read_text().split()


def test_the_public_names() -> None:
    """Offers these names and no others: taking one away breaks users."""
    assert sorted(licensespring_async.__all__) == NAMES


def test_the_public_names_are_in_order() -> None:
    """Lists its names as a reader looks for them: constants, classes, the rest."""
    names = [name for name in licensespring_async.__all__ if not name.isupper()]

    assert names == sorted(names)


def test_nothing_else_is_public() -> None:
    """Leaves no other names about, except its own modules."""
    modules = {name for name, value in vars(licensespring_async).items() if type(value) is type(sys)}

    others = {name for name in vars(licensespring_async) if not name.startswith("_")} - modules

    assert others <= set(NAMES)


def test_every_public_class_is_documented() -> None:
    """Has every name that it lists, and says what every class is for."""
    classes = [name for name in NAMES if name[0].isupper() and not name.isupper()]

    assert [name for name in NAMES if not hasattr(licensespring_async, name)] == []
    assert [name for name in classes if not getattr(licensespring_async, name).__doc__] == []


def test_the_version_is_a_version() -> None:
    """Names its version."""
    assert licensespring_async.__version__.split(".")[0].isdigit()


OPTIONAL = [
    *("typer", "rich", "fastapi", "litestar", "starlette", "uvicorn", "httptools", "dask", "distributed"),
    *(
        "opentelemetry",
        "jinja2",
        "matplotlib",
        "pyarrow",
        "sqlalchemy",
        "backports",
        "filelock",
        "pytest",
        "trio",
        "respx",
    ),
]
ROOMS = [
    "licensespring_async.offline",
    "licensespring_async.services",
    "licensespring_async.sandbox",
    "licensespring_async.fleet",
    "licensespring_async.cli",
]


def test_an_import_brings_nothing_optional() -> None:
    """Imports neither an optional extra nor the rooms that need one, beyond what httpx finds by itself."""
    code = """
import sys, anyio, attrs, cattrs, cryptography, httpcore, httpx
before = set(sys.modules)
import licensespring_async
print(*sys.modules.keys() - before, sep="\\n")
"""

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    imported = set(done.stdout.split())
    assert "licensespring_async.client" in imported
    assert [name for name in OPTIONAL + ROOMS if name in imported] == []


def test_an_import_leaves_what_only_clients_need() -> None:
    """Imports neither what sends requests nor what reads, verifies and authorizes them: most of the time to import."""
    code = "import sys, licensespring_async; print(*sys.modules, sep='\\n')"

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    later = {"asyncio", "cattrs", "cryptography", "httpx"}
    assert later & set(done.stdout.split()) == set()


def test_an_import_says_nothing() -> None:
    """Prints nothing, and warns of nothing, when it is imported."""
    code = "import licensespring_async"

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
