"""Equality, hash and repr by fields, once for many classes: attrs would compile them for each class at every import."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import attrs


class ByFields:
    """Compare, hash and show an attrs class by its fields, as attrs does. Its decorator says `eq=False, repr=False`."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        cls: type = type(self)
        compared = _compared(cls)
        return compared(self) == compared(other)

    def __hash__(self) -> int:
        cls: type = type(self)
        return hash(_hashed(cls)(self))

    def __repr__(self) -> str:
        cls: type[Any] = type(self)
        fields = [each for each in attrs.fields(cls) if each.repr]
        shown = [f"{each.name}={_shown(each, getattr(self, each.name))}" for each in fields]
        return f"{cls.__name__}({', '.join(shown)})"


@cache
def _compared(cls: type[Any]) -> Callable[[object], object]:
    return attrgetter(*(each.name for each in attrs.fields(cls) if each.eq))


@cache
def _hashed(cls: type[Any]) -> Callable[[object], object]:
    names = [each.name for each in attrs.fields(cls) if each.eq and each.hash is not False]
    return attrgetter("__class__", *names)


def _shown(field: attrs.Attribute[Any], value: object) -> str:
    return field.repr(value) if callable(field.repr) else repr(value)
