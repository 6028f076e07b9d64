"""Parts of the package that need an extra."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from .errors import ConfigurationError

_MODULES: Final[Mapping[str, frozenset[str]]] = {
    "cli": frozenset({"typer", "rich", "click", "httptools"}),
    "dask": frozenset({"dask", "distributed", "httptools"}),
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
        raise ConfigurationError(f"this needs {missing}, which is not installed: {installing(extra)}") from e


def installing(extra: str, *, prefix: str = sys.prefix, origin: str | None = None) -> str:
    """Return the command that installs an extra, for the way in which this package was installed.

    Args:
        extra: The missing extra.
        prefix: The prefix of this Python.
        origin: The text of `direct_url.json` (PEP 610), or "" if there is none; by default this installation's.
    """
    if _is_of_pipx(prefix):
        return f"pipx install --force {_tool(extra, origin=origin)}"
    if _is_of_uv(prefix):
        return f"uv tool install {_tool(extra, origin=origin)}"
    return f"{_pip()} install {_named(extra, origin)}"


def installing_beside(package: str, *, prefix: str = sys.prefix, origin: str | None = None) -> str:
    """Return the command that installs another package beside this one, for the way in which this one was installed.

    Args:
        package: The missing package.
        prefix: The prefix of this Python.
        origin: As for `installing`.
    """
    if _is_of_pipx(prefix):
        return f"pipx inject licensespring-async {package}"
    if _is_of_uv(prefix):
        return f"uv tool install --with {package} {_tool(origin=origin)}"
    return f"{_pip()} install {package}"


def _tool(*more: str, origin: str | None) -> str:
    # A tool is reinstalled, with only the extras that the command names.
    return _named(",".join(sorted({"cli", *more, *(each for each in _MODULES if _is_there(each))})), origin)


def _named(extras: str, origin: str | None) -> str:
    """Return this package with extras, as an installer takes it: from where it came, since an index may not have it."""
    import json  # noqa: PLC0415  # only an error needs these
    from urllib.parse import urlsplit  # noqa: PLC0415
    from urllib.request import url2pathname  # noqa: PLC0415

    came: dict[str, Any] = json.loads((_origin() if origin is None else origin) or "{}")
    url, folder = str(came.get("url", "")), came.get("dir_info")
    if not url:
        return f'"licensespring-async[{extras}]"'
    if folder is not None:
        return f'{"-e " if folder.get("editable") else ""}"{url2pathname(urlsplit(url).path)}[{extras}]"'
    system = came.get("vcs_info", {}).get("vcs")
    return f'"licensespring-async[{extras}] @ {f"{system}+" if system else ""}{url}"'


def _origin() -> str:
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415

    try:
        return distribution("licensespring-async").read_text("direct_url.json") or ""
    except PackageNotFoundError:  # a frozen program
        return ""


def _pip() -> str:
    return "python -m pip" if find_spec("pip") is not None else "uv pip"


def _is_of_pipx(prefix: str) -> bool:
    return (Path(prefix) / "pipx_metadata.json").exists()


def _is_of_uv(prefix: str) -> bool:
    return (Path(prefix) / "uv-receipt.toml").exists()


def _is_there(extra: str) -> bool:
    return all(find_spec(each) is not None for each in _MODULES[extra] - {"click"})
