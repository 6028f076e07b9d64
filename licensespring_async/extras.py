"""Parts of the package that need an extra to be installed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from .errors import ConfigurationError

_MODULES: Final[Mapping[str, frozenset[str]]] = {
    "cli": frozenset({"typer", "rich", "click"}),
    "dask": frozenset({"dask", "distributed"}),
    "device": frozenset({"machineid"}),
    "fast": frozenset({"httptools"}),
    "fastapi": frozenset({"fastapi"}),
    "litestar": frozenset({"litestar"}),
    "offline": frozenset({"filelock"}),
    "otel": frozenset({"opentelemetry"}),
    "parquet": frozenset({"pyarrow"}),
    "report": frozenset({"jinja2", "markupsafe", "matplotlib", "numpy"}),
    "sandbox": frozenset({"httptools", "starlette", "uvicorn"}),
    "sql": frozenset({"sqlalchemy"}),
    "starlette": frozenset({"starlette"}),
    "zstd": frozenset({"backports"}),
}


@contextmanager
def needs_extra(extra: str) -> Generator[None]:
    """Say what to install when an import in the block fails because an extra is missing.

    Raises:
        ConfigurationError: A module that the extra brings is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as e:
        missing = (e.name or "").partition(".")[0]
        if missing not in _MODULES[extra]:
            raise
        raise ConfigurationError(
            f'this needs {missing}, which is not installed: python -m pip install "licensespring-async[{extra}]"'
        ) from e
