"""Frameworks that are not installed."""

from __future__ import annotations


def missing(extra: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return what to raise for a failed import: what to install when the framework itself is missing."""
    if (error.name or "").partition(".")[0] != extra:
        return error
    return ModuleNotFoundError(
        f'this needs {extra}, which is not installed: python -m pip install "licensespring-async[{extra}]"', name=extra
    )
