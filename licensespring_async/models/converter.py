"""JSON values to models: the only cattrs code.

cattrs' own primitives coerce (`bool("false")` is True, `str(None)` is "None"), so every scalar has a strict hook here.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import ClassValidationError, IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from ..errors import ResponseError
from .json_types import JsonObject, JsonScalar, OptionalDate, RecordedAt
from .resources.bundles import Bundle
from .resources.files import InstallationFile
from .resources.licenses import License
from .resources.trials import Trial

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
    """A JSON value has the wrong type. The text names types, never the value, which may be a secret."""

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


def _optional_date(value: object, _: object) -> datetime | None:
    # Older answers say "" for a product without an installation file.
    return None if value is None or value == "" else _moment(value, _)


def _recorded_at(value: object, _: object) -> datetime | None:
    if type(value) is not int and type(value) is not float:  # a boolean is not a number of milliseconds
        return _optional_date(value, _)
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        raise ValueError("expected milliseconds since 1970, got a number too large") from None


def _text_or_file(value: object, _: object) -> str | InstallationFile | None:
    if value is None or type(value) is str:
        return value
    if type(value) is not dict:
        raise _WrongType("a string, an object or null", value)
    return _converter.structure(cast("object", value), InstallationFile)


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
                # An error takes a thousand times the memory of its item, and nobody reads the fiftieth.
                if len(errors) == _MOST_ERRORS:
                    break
        if errors:
            raise IterableValidationError("", errors, kind)  # pyright: ignore[reportCallIssue]  # its base has two
        return tuple(items)

    return structure


def _or_empty(value: object, kind: Any) -> object:
    return () if value is None else _converter.structure(value, kind)


def _as_checked(fields: JsonObject) -> JsonObject:
    """Return a license's fields under the names that a check uses.

    An activation calls `license_active` `active`. It may leave out whether the license is enabled: a disabled one would
    have been refused. In every other answer, a missing one of the two is an error.
    """
    if "active" not in fields or "license_active" in fields:
        return fields
    named = {name: value for name, value in fields.items() if name != "active"} | {"license_active": fields["active"]}
    if "license_enabled" not in named:
        named["license_enabled"] = named.pop("enabled", True)
    return named


def _with_its_key(fields: JsonObject) -> JsonObject:
    """Return a trial's fields with its key as `license_key`: some answers call it `license`."""
    key = fields.get("license")
    if key is None or fields.get("license_key") not in (None, "", key):
        return fields
    return {name: value for name, value in fields.items() if name != "license"} | {"license_key": key}


_READ_AS: dict[type, Callable[[JsonObject], JsonObject]] = {License: _as_checked, Trial: _with_its_key}


def _model(cls: Any) -> Callable[[object, object], object]:
    fields = attrs.fields(cls)
    known = frozenset(field.name for field in fields if field.name != "extra" and not field.name.startswith("_"))
    overrides: dict[str, Any] = {field.name: override(omit=True) for field in fields if field.name not in known}
    overrides |= {field.name: override(struct_hook=_or_empty) for field in fields if field.default == ()}
    structure_fields = make_dict_structure_fn(cls, _converter, _cattrs_detailed_validation=True, **overrides)
    read_as = _READ_AS.get(cls)

    def structure(value: object, _: object) -> object:
        given = _object(value, _)
        if read_as is not None:
            given = read_as(given)
        model = structure_fields(given, cls)
        if given.keys() <= known:
            return model
        return attrs.evolve(model, extra={name: each for name, each in given.items() if name not in known})

    return structure


@cache
def _bundle_file() -> Callable[[object, object], object]:
    return _model(Bundle)  # the hook of a bundle reads an array


def _bundle(value: object, _: object) -> Bundle:
    if type(value) is dict:
        fields = cast("JsonObject", value)
        if "licenses" in fields:  # an offline file
            return cast("Bundle", _bundle_file()(fields, _))
        # The documented schema block of check_bundle describes one object; everything else says an array of them.
        value = [fields]
    return Bundle(licenses=_converter.structure(value, tuple[License, ...]))


_converter = Converter(detailed_validation=True)
for _kind, _expected in ((bool, "a boolean"), (int, "an integer"), (str, "a string")):
    _converter.register_structure_hook(_kind, _exactly(_kind, _expected))
    _converter.register_structure_hook(_kind | None, _exactly_or_none(_kind, _expected))
_converter.register_structure_hook(datetime, _moment)
_converter.register_structure_hook_func(lambda kind: kind == datetime | None, _optional_moment)
_converter.register_structure_hook_func(lambda kind: kind == OptionalDate, _optional_date)
_converter.register_structure_hook_func(lambda kind: kind == RecordedAt, _recorded_at)
_converter.register_structure_hook_func(lambda kind: kind == JsonObject, _object)
_converter.register_structure_hook_func(lambda kind: kind == JsonScalar, _scalar)
_converter.register_structure_hook_factory(_is_open_enum, _open_enum)
_converter.register_structure_hook_func(lambda kind: kind == str | InstallationFile | None, _text_or_file)
_converter.register_structure_hook_factory(_is_array, _array)
_converter.register_structure_hook_factory(attrs.has, _model)
_converter.register_structure_hook(Bundle, _bundle)


def structure(value: object, model: type[T], *, called: str | None = None) -> T:
    """Return a JSON value as a model.

    Args:
        value: What `json_body.decode` gave.
        model: A class of `licensespring_async.models`.
        called: Its name in errors; None for the class name.

    Raises:
        ResponseError: The value does not have the model's shape; `problems` says where, as JSON paths.
    """
    try:
        return _converter.structure(value, model)
    except (ClassValidationError, IterableValidationError) as e:
        problems = tuple(transform_error(e, format_exception=_problem))
    except ValueError as e:
        problems = (f"{e} @ $",)
    # Raised outside the handler: cattrs' errors hold the values, and a chained traceback would show them.
    raise ResponseError(
        f"the answer is not a {called or model.__name__}: " + "; ".join(problems[:5]), problems=problems
    )


def _problem(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) if isinstance(error, ValueError) else "unexpected value"


__all__ = ["structure"]
