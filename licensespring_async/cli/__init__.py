"""The command line (extra: `cli`); nothing else in the package imports it."""

from .app import app

__all__ = ["app"]
