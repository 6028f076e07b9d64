"""Parts of the package that need an extra to be installed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from .errors import ConfigurationError


@contextmanager
def needs_extra(extra: str, *modules: str) -> Generator[None]:
    """Say what to install when an import in the block fails because an extra is missing.

    Raises:
        ConfigurationError: One of `modules` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as e:
        missing = (e.name or "").partition(".")[0]
        if missing not in modules:
            raise
        raise ConfigurationError(
            f'this needs {missing}, which is not installed: python -m pip install "licensespring-async[{extra}]"'
        ) from e
