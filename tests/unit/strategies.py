"""From a JSON schema to bodies that have its shape, and to the smallest changes after which they no longer have it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import cast

import attrs
from hypothesis import strategies as st

from .schemas import Schema

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_AWARE = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=_ZONES)
_NAIVE = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
MOMENTS = st.one_of(
    _AWARE.map(lambda moment: moment.isoformat(timespec="milliseconds")),
    _NAIVE.map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
    _NAIVE.map(lambda moment: moment.isoformat(timespec="seconds")),
    st.dates().map(lambda day: day.isoformat()),
)

_INTEGERS = st.integers(-(2**63), 2**63)
_SIMPLE: dict[str, st.SearchStrategy[object]] = {
    "boolean": st.booleans(),
    "integer": _INTEGERS,
    "number": _INTEGERS | st.floats(allow_nan=False, allow_infinity=False),
    "null": st.none(),
}

WRONG: dict[str, tuple[object, ...]] = {
    "boolean": ("false", "true", 0, 1, 1.0, [], {}),
    "integer": ("5", "", 5.9, 5.0, True, False, [], {}),
    "string": (5, 5.5, True, False, [], {}, ["text"]),
    "object": ([], "{}", "", 5, 5.5, True, [{}]),
    "array": ("[]", "", 5, 5.5, True),
}
"""Values that are not of a type, above all those that a careless conversion would take for it."""

_KINDS: dict[type, set[str]] = {
    bool: {"boolean"},
    int: {"integer"},
    float: {"integer"},  # milliseconds may have a fraction
    str: {"string"},
    dict: {"object"},
    list: {"array"},
}

_EXAMPLES: dict[str, object] = {"boolean": True, "integer": 12, "string": "text", "object": {"key": ["value"]}}


def types(schema: Schema) -> list[str]:
    """The JSON types that a schema allows."""
    named = schema["type"]
    return [str(each) for each in cast("list[object]", named)] if isinstance(named, list) else [str(named)]


def properties(schema: Schema) -> dict[str, Schema]:
    """The properties of an object's schema; none for an object of any shape."""
    return cast("dict[str, Schema]", schema.get("properties", {}))


def required(schema: Schema) -> list[str]:
    """The names of the properties that an object must have."""
    return cast("list[str]", schema.get("required", []))


def items(schema: Schema) -> Schema:
    """The schema of an array's items."""
    return cast("Schema", schema["items"])


def bodies(schema: Schema) -> st.SearchStrategy[object]:
    """Values of a schema's shape."""
    return st.one_of(*(_of_type(kind, schema) for kind in types(schema)))


def _of_type(kind: str, schema: Schema) -> st.SearchStrategy[object]:
    if kind == "integer" and schema.get("format") == "date-time":
        return st.integers(0, 7_000_000_000_000)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind == "array":
        return st.lists(bodies(items(schema)), max_size=2)
    return _object(schema) if kind == "object" else _string(schema)


def _string(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return MOMENTS
    if "examples" not in schema:
        return TEXT.filter(bool) if schema.get("minLength") else TEXT
    documented = st.sampled_from([str(each) for each in cast("list[object]", schema["examples"])])
    # The documentation's other spelling of the same thing is not given back as it came.
    return documented | TEXT.filter(lambda text: text != "license_key")


def _object(schema: Schema) -> st.SearchStrategy[object]:
    inside = properties(schema)
    if not inside:
        return OBJECTS
    any_of = cast("list[str]", schema.get("anyOf", []))
    return (
        st.one_of(*(_with(inside, {*required(schema), name}) for name in any_of))
        if any_of
        else _with(inside, {*required(schema)})
    )


def _with(inside: dict[str, Schema], always: set[str]) -> st.SearchStrategy[object]:
    return st.fixed_dictionaries(
        {name: bodies(each) for name, each in inside.items() if name in always},
        optional={name: bodies(each) for name, each in inside.items() if name not in always},
    )


def complete(schema: Schema) -> object:
    """A body with every documented field in it, and nothing null."""
    kind = types(schema)[0]
    if kind == "array":
        return [complete(items(schema)), complete(items(schema))]
    if inside := properties(schema):
        return {name: complete(each) for name, each in inside.items()}
    if schema.get("format") == "date-time":
        return "2027-03-04T05:06:07.000Z"
    return copy.deepcopy(_EXAMPLES[kind])


@attrs.frozen(kw_only=True)
class Place:
    """A documented field in a body."""

    path: str
    keys: tuple[str | int, ...]
    schema: Schema
    required: bool

    @property
    def wrong_values(self) -> list[object]:
        """Values that the documentation does not allow here; null counts as absent in an optional field."""
        allowed = types(self.schema)
        if "number" in allowed:
            return [[], {}, ["text"]]
        values = [each for each in WRONG[allowed[0]] if not _KINDS[type(each)] & {*allowed[1:]}]
        return [*values, None] if self.required and "null" not in allowed else values


def places(
    body: object, schema: Schema, path: str = "$", keys: tuple[str | int, ...] = (), *, must: bool = True
) -> Iterator[Place]:
    """Every documented field that a body holds, at any depth."""
    yield Place(path=path, keys=keys, schema=schema, required=must)
    if isinstance(body, list):
        for number, item in enumerate(cast("list[object]", body)):
            yield from places(item, items(schema), f"{path}[{number}]", (*keys, number))
    elif isinstance(body, dict):
        fields = cast("dict[str, object]", body)
        for name, each in properties(schema).items():
            if name in fields:
                is_required = name in required(schema)
                yield from places(fields[name], each, f"{path}.{name}", (*keys, name), must=is_required)


def reached(value: object, place: Place) -> object:
    """What is in one place of a body, or of the model that was made of it."""
    for key in place.keys:
        if isinstance(value, dict | list | tuple):
            value = cast("dict[str | int, object]", value)[key]
        else:
            value = getattr(value, str(key))
    return value


def replaced(body: object, place: Place, value: object) -> object:
    """A copy of a body with another value in one place."""
    if not place.keys:
        return value
    changed = copy.deepcopy(body)
    container = _container(changed, place)
    container[place.keys[-1]] = value
    return changed


def removed(body: object, place: Place) -> object:
    """A copy of a body without the field in one place."""
    changed = copy.deepcopy(body)
    del _container(changed, place)[place.keys[-1]]
    return changed


def _container(body: object, place: Place) -> dict[str | int, object]:
    for key in place.keys[:-1]:
        body = cast("dict[str | int, object]", body)[key]
    return cast("dict[str | int, object]", body)
