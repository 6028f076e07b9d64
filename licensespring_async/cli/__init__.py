"""The command line (extra: `cli`); nothing else in the package imports it."""

from .app import app
from .console import complain
from .streams import guard_streams

__all__ = ["app", "complain", "guard_streams"]
