"""JSON values to models and back: the only cattrs code.

cattrs' own primitives coerce (`bool("false")` is True, `str(None)` is "None"), so every scalar has a strict hook here.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import ClassValidationError, IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from ..errors import ResponseError
from .bundles import Bundle
from .json_types import JsonObject, JsonScalar, in_utc
from .licenses import License

T = TypeVar("T")

_NOT_JSON = frozenset({"extra", "time_floor"})
"""Fields that no answer names: what is left over, and what the client adds."""

_MOST_ERRORS = 5

_JSON_NAMES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number with a fraction",
    str: "a string",
    dict: "an object",
    list: "an array",
    type(None): "null",
}


class _WrongType(ValueError):
    """A JSON value of another type than documented; says the types and never the value, which may be a secret."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(f"expected {expected}, got {_JSON_NAMES.get(type(value), 'something else')}")


def _exactly(kind: type, expected: str) -> Callable[[object, object], object]:
    def structure(value: object, _: object) -> object:
        if type(value) is not kind:  # bool is a subclass of int, and 5.0 is no id
            raise _WrongType(expected, value)
        return value

    return structure


def _exactly_or_none(kind: type, expected: str) -> Callable[[object, object], object]:
    def structure(value: object, _: object) -> object:
        if value is not None and type(value) is not kind:
            raise _WrongType(f"{expected} or null", value)
        return value

    return structure


def _moment(value: object, _: object) -> datetime:
    if type(value) is not str:
        raise _WrongType("a date-time string", value)
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("expected an ISO 8601 date-time, got another string") from None


def _optional_moment(value: object, _: object) -> datetime | None:
    return None if value is None else _moment(value, _)


def _release_date(value: object, _: object) -> datetime | None:
    # Older answers say "" for a product without an installation file.
    return None if value is None or value == "" else _moment(value, _)


def _object(value: object, _: object) -> JsonObject:
    if type(value) is not dict:
        raise _WrongType("an object", value)
    return cast("JsonObject", value)


def _scalar(value: object, _: object) -> JsonScalar:
    if not isinstance(value, JsonScalar):
        raise _WrongType("a string, number, boolean or null", value)
    return value


def _is_open_enum(kind: Any) -> bool:
    return get_origin(kind) in (types.UnionType, Union) and any(
        isinstance(option, type) and issubclass(option, StrEnum) for option in get_args(kind)
    )


def _open_enum(kind: Any) -> Callable[[object, object], object]:
    options = get_args(kind)
    enum: type[StrEnum] = next(each for each in options if isinstance(each, type) and issubclass(each, StrEnum))
    members = {each.value: each for each in enum}
    nullable = type(None) in options

    def structure(value: object, _: object) -> object:
        if type(value) is not str:
            if value is None and nullable:
                return None
            raise _WrongType("a string", value)
        if value in members:
            return members[value]
        try:
            return enum(value)  # another spelling of a member
        except ValueError:
            return value

    return structure


def _is_array(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _array(kind: Any) -> Callable[[object, object], object]:
    item = get_args(kind)[0]
    structure_item = _converter.get_structure_hook(item)

    def structure(value: object, _: object) -> tuple[object, ...]:
        if type(value) is not list:  # cattrs would iterate over the characters of a string
            raise _WrongType("an array", value)
        items: list[object] = []
        errors: list[Exception] = []
        for index, each in enumerate(cast("list[object]", value)):
            try:
                items.append(structure_item(each, item))
            except Exception as e:  # noqa: BLE001  # as cattrs itself does
                e.add_note(IterableValidationNote("", index, item))
                errors.append(e)
                # An error takes a thousand times its item, and nobody reads the fiftieth.
                if len(errors) == _MOST_ERRORS:
                    break
        if errors:
            raise IterableValidationError("", errors, kind)  # pyright: ignore[reportCallIssue]  # its base has two
        return tuple(items)

    return structure


def _omitted(cls: Any) -> dict[str, Any]:
    return {name: override(omit=True) for name in _NOT_JSON & attrs.fields_dict(cls).keys()}


def _model(cls: Any) -> Callable[[object, object], object]:
    known = frozenset(field.name for field in attrs.fields(cls)) - _NOT_JSON
    overrides: dict[str, Any] = _omitted(cls)
    if "release_date" in known:
        overrides["release_date"] = override(struct_hook=_release_date)
    structure_fields = make_dict_structure_fn(cls, _converter, _cattrs_detailed_validation=True, **overrides)

    def structure(value: object, _: object) -> object:
        fields = _object(value, _)
        model = structure_fields(fields, cls)
        if fields.keys() <= known:
            return model
        return attrs.evolve(model, extra={key: field for key, field in fields.items() if key not in known})

    return structure


def _bundle(value: object, _: object) -> Bundle:
    # The documented schema block describes one object; everything else says an array of them.
    items = [cast("object", value)] if type(value) is dict else value
    return Bundle(_converter.structure(items, tuple[License, ...]))


def _to_json(cls: Any) -> Callable[[Any], dict[str, object]]:
    unstructure_fields = make_dict_unstructure_fn(cls, _converter, **_omitted(cls))

    def unstructure(model: Any) -> dict[str, object]:
        fields = unstructure_fields(model)
        # An optional field that was absent stays absent; a required one that is null stays null.
        absent = {f.name for f in attrs.fields(cls) if f.default is None and fields.get(f.name) is None}
        return {key: value for key, value in fields.items() if key not in absent} | dict(model.extra)

    return unstructure


_converter = Converter(detailed_validation=True)
for _kind, _expected in ((bool, "a boolean"), (int, "an integer"), (str, "a string")):
    _converter.register_structure_hook(_kind, _exactly(_kind, _expected))
    _converter.register_structure_hook(_kind | None, _exactly_or_none(_kind, _expected))
_converter.register_structure_hook(datetime, _moment)
_converter.register_structure_hook_func(lambda kind: kind == datetime | None, _optional_moment)
_converter.register_structure_hook_func(lambda kind: kind == JsonObject, _object)
_converter.register_structure_hook_func(lambda kind: kind == JsonScalar, _scalar)
_converter.register_structure_hook_factory(_is_open_enum, _open_enum)
_converter.register_structure_hook_factory(_is_array, _array)
_converter.register_structure_hook_factory(attrs.has, _model)
_converter.register_structure_hook(Bundle, _bundle)
_converter.register_unstructure_hook_factory(lambda kind: attrs.has(kind) and kind is not Bundle, _to_json)
_converter.register_unstructure_hook(Bundle, lambda bundle: [_converter.unstructure(each) for each in bundle])
_converter.register_unstructure_hook(datetime, in_utc)
_converter.register_unstructure_hook(StrEnum, str)
_converter.register_unstructure_hook_func(lambda kind: kind == JsonObject, lambda value: value)


def structure(value: object, model: type[T], *, called: str | None = None) -> T:
    """Return a JSON value as a model.

    Args:
        value: What `json_body.decode` gave.
        model: A class of `licensespring_async.models`.
        called: What an error calls it; None for the name of the class.

    Raises:
        ResponseError: The value does not have the model's shape; `problems` says where, as JSON paths.
    """
    try:
        return _converter.structure(value, model)
    except (ClassValidationError, IterableValidationError) as e:
        problems = tuple(transform_error(e, format_exception=_problem))
    except ValueError as e:
        problems = (f"{e} @ $",)
    # Outside the handler: cattrs' errors hold the values, and a chained traceback would show them.
    raise ResponseError(
        f"the answer is not a {called or model.__name__}: " + "; ".join(problems[:5]), problems=problems
    )


def _problem(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) if isinstance(error, ValueError) else "unexpected value"


def unstructure(model: object) -> object:
    """Return a model as the JSON value it came from: undocumented fields included, absent ones absent.

    Date-times are written as `2026-06-18T00:00:00.000Z`, whatever form they came in.
    """
    return _converter.unstructure(model)


__all__ = ["structure", "unstructure"]
