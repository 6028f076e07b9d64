"""The schemas of models for pydantic, and so for FastAPI."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from pydantic_core.core_schema import CoreSchema

_PLAIN: Mapping[object, dict[str, object]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
}


def core_schema_of(model: type[object], to_json: Callable[[object], object]) -> CoreSchema:
    """Return pydantic's schema. It accepts an instance as it is, and serializes it with a function."""
    from pydantic_core import core_schema  # noqa: PLC0415  # pydantic calls this, so it is installed

    write = core_schema.plain_serializer_function_ser_schema(to_json)
    return core_schema.is_instance_schema(model, serialization=write)


def json_schema_of(model: type[object]) -> dict[str, object]:
    """Return the JSON schema of `to_dict`'s result, inner models included."""
    if hasattr(model, "__getitem__"):  # a bundle is an array in JSON
        return {"title": model.__name__, "type": "array", "items": _of(get_type_hints(model)["licenses"])["items"]}
    hints = {name: kind for name, kind in get_type_hints(model).items() if name != "extra" and not name.startswith("_")}
    return {"title": model.__name__, "type": "object", "properties": {name: _of(kind) for name, kind in hints.items()}}


def _of(kind: Any) -> dict[str, Any]:
    if kind in _PLAIN:
        return {**_PLAIN[kind]}
    if get_origin(kind) in (types.UnionType, Union):
        return {"anyOf": [_of(each) for each in get_args(kind)]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _of(get_args(kind)[0])}
    if isinstance(kind, type) and hasattr(kind, "to_dict"):
        return json_schema_of(kind)
    if isinstance(kind, type) and issubclass(kind, str):  # an enum, which other texts may join
        return {"type": "string"}
    return {"type": "object"} if get_origin(kind) is dict else {}
