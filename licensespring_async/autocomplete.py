"""Limit autocomplete to the names meant for users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class Public:
    """Keeps what is not for users out of `dir()`: private names, what attrs adds, and what a class says is internal."""

    __slots__ = ()
    _internal: ClassVar[frozenset[str]] = frozenset()

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if _is_shown(name) and name not in self._internal]


def _is_shown(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and not name.startswith("__attrs"))
