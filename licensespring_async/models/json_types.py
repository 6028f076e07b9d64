"""JSON as it is before and after the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

JsonObject: TypeAlias = Mapping[str, object]
JsonScalar: TypeAlias = str | int | float | bool | None


def exact(value: str) -> str:
    """Return the text that a string is, as an exact `str`: an enum's member prints, and hashes as, its name."""
    return value if type(value) is str else str.__str__(value)


def is_text(value: str) -> bool:
    """Return whether a string can be sent and stored: lone surrogates, which undecodable input leaves, cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
