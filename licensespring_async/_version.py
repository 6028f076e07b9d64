"""The version, in the one place where packaging and code both read it."""

__version__ = "0.1.0"
