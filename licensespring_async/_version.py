"""The version, in the one place where packaging and code both read it."""

__version__ = "0.2.0.dev0"
