"""Floating slots held for the length of an `async with`: taken, renewed in one task, released once."""

import typing as _typing

if _typing.TYPE_CHECKING:
    from .lease import Lease

__all__ = ["Lease"]


def __getattr__(name: str) -> object:
    """Import leases when something asks for one, as `typing.get_type_hints` of a client does."""
    if name != "Lease":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .lease import Lease  # noqa: PLC0415

    return Lease
