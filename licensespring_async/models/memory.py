"""Keeps answers that were read before: devices of one license share one answer.

The value depends on the bytes alone. Reading them takes 40 % of a call's own time; copying the value takes a fifth of
that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeVar, cast

from .model import Model
from .shapes import Answer

T = TypeVar("T")

_MOST: Final = 256  # answers
_LONGEST: Final = 8 * 1024  # bytes of an answer: several licenses

_Copy = Callable[[], Any]


class Memory:
    """The latest answers, by their bytes."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[Answer[Any], _Copy | None]] = {}

    def read(self, answer: Answer[T], body: bytes, *, is_verified: bool) -> T:
        """Return the value of a body, as `answer.read` does.

        Raises:
            ResponseError: As `answer.read`.
        """
        shape, copy = self._seen.get(body, (None, None))
        if copy is not None and shape is answer:
            return cast("T", copy())
        value = answer.read(body, is_verified=is_verified)
        if len(body) <= _LONGEST:
            if len(self._seen) >= _MOST and body not in self._seen:
                self._seen.clear()
            # Many answers never come again, so only the second time makes what copies them.
            self._seen[body] = (answer, copying(value) if shape is answer else None)
        return value


def copying(value: object) -> _Copy | None:
    """Return a function that copies a value, down to everything that can be changed.

    Returns:
        None if the value is neither a model nor JSON.
    """
    try:
        return _copying(value)
    except TypeError:
        return None


def _copying(value: object) -> _Copy:
    if isinstance(value, Model):
        return _copying_model(value)
    if _is_constant(value):
        return lambda: value
    if type(value) is dict:
        made = {name: _copying(each) for name, each in cast("dict[str, object]", value).items()}
        return (lambda: {name: make() for name, make in made.items()}) if made else dict
    if type(value) is list:
        makers = [_copying(each) for each in cast("list[object]", value)]
        return lambda: [make() for make in makers]
    if type(value) is tuple:
        items = [_copying(each) for each in cast("tuple[object, ...]", value)]
        return lambda: tuple([make() for make in items])
    raise TypeError


def _copying_model(model: Model) -> _Copy:
    cls = type(model)
    shared = {name: value for name, value in vars(model).items() if _is_constant(value)}
    made = [(name, _copying(value)) for name, value in vars(model).items() if name not in shared]

    def copy() -> Model:
        new = cls.__new__(cls)
        fields = vars(new)
        fields.update(shared)
        for name, make in made:
            fields[name] = make()
        return new

    return copy


def _is_constant(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | datetime | Enum) or value == ()
