"""Limit autocomplete to the names meant for users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class Public:
    """Hide internal names from `dir()`: private ones, those of attrs, and those that a class lists in `_internal`."""

    __slots__ = ()
    _internal: ClassVar[frozenset[str]] = frozenset()

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if _is_shown(name) and name not in self._internal]


def _is_shown(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and not name.startswith("__attrs"))
