"""The base of all models: undocumented fields and JSON."""

# Annotations are evaluated here: other modules inherit these fields, but do not have their names.

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple, cast

import attrs

from ..autocomplete import Public
from ..by_fields import ByFields
from ..redaction import fingerprint
from .fields import SECRET
from .json_types import JsonObject, in_utc


# Without slots: a class can have only one base with slots, and instances are made a third faster.
@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Model(Public, ByFields):
    """An answer of the service, or a part of one.

    Models are immutable, compare by value, and can be hashed; hashes leave out free-form JSON objects. A repr shows
    what the answer said, without its secrets.

    Attributes:
        extra: Undocumented fields of the answer, as they came.
    """

    extra: JsonObject = attrs.field(factory=dict[str, object], hash=False)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, is_secret, value in self._said() if not is_secret]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        # Without it, rich shows every field, and so do the tracebacks of many programs.
        return ((name, value) for name, is_secret, value in self._said() if not is_secret)

    def to_dict(self, *, masked: bool = False) -> dict[str, object]:
        """Return the model as JSON-ready data, with undocumented fields and without absent ones.

        Date-times are written as `2026-06-18T00:00:00.000Z`, in whatever form they came.

        Args:
            masked: Whether to write fingerprints in place of license keys, people, devices and signatures, and of every
                text in an undocumented field.
        """
        written = {
            name: _hidden(value) if masked and is_secret else to_json(value, masked=masked)
            for name, is_secret, value in self._said()
        }
        for name, value in self.extra.items():
            written[name] = _hidden(value) if masked else to_json(value)
        return written

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from .json_schema import core_schema_of  # noqa: PLC0415  # only pydantic needs it

        return core_schema_of(cls, to_json)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, object]:
        from .json_schema import json_schema_of  # noqa: PLC0415  # only pydantic needs it

        return json_schema_of(cls)

    def _said(self) -> Iterator[tuple[str, bool, object]]:
        """Yield each field that the answer had: its name, whether it is a secret, and its value."""
        cls: type = type(self)
        for name, is_secret, is_optional in _fields(cls):
            value = getattr(self, name)
            # An optional field that was absent stays absent; a required one that is null stays null.
            if value is not None or not is_optional:
                yield name, is_secret, value


_PLAIN: Final = frozenset({bool, int, float, str, type(None)})


class _Field(NamedTuple):
    name: str
    is_secret: bool
    is_optional: bool


@cache
def _fields(cls: type[Any]) -> tuple[_Field, ...]:
    """Return the fields that an answer names, a class's own ones before those of its bases."""

    def order(field: "attrs.Attribute[Any]") -> int:
        return next(i for i, base in enumerate(cls.__mro__) if field.name in vars(base).get("__annotations__", ()))

    named = [each for each in attrs.fields(cls) if each.name != "extra" and not each.name.startswith("_")]
    return tuple(_Field(each.name, each.metadata == SECRET, each.default is None) for each in sorted(named, key=order))


def to_json(value: object, *, masked: bool = False) -> object:
    """Return a model, several of them, or any value in one, as JSON-ready data.

    Args:
        value: A model, a tuple of models, None, or a JSON value.
        masked: As in `Model.to_dict`.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, str):
        return str(value)  # of an enum's member, its value
    if kind is datetime:
        return in_utc(cast("datetime", value))
    if isinstance(value, Sequence):  # a bundle too
        return [to_json(each, masked=masked) for each in cast("Sequence[object]", value)]
    if isinstance(value, Model):
        return value.to_dict(masked=masked)
    return {name: to_json(each, masked=masked) for name, each in cast("Mapping[str, object]", value).items()}


def _hidden(value: object) -> object:
    """Return a JSON value with fingerprints in place of its texts."""
    if isinstance(value, str):
        return fingerprint(value) if value else value
    if isinstance(value, Sequence):
        return [_hidden(each) for each in cast("Sequence[object]", value)]
    if isinstance(value, Mapping):
        return {name: _hidden(each) for name, each in cast("Mapping[str, object]", value).items()}
    return value
