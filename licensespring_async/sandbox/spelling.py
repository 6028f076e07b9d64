"""Clear errors for unknown names and wrong values, with a suggestion for misspelled ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cache, wraps
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from ..errors import ConfigurationError

P = ParamSpec("P")
Owner = TypeVar("Owner")
Described = TypeVar("Described")
Made = TypeVar("Made")
Value = TypeVar("Value")

LARGEST: Final = 2**53 - 1
"""The largest whole number that JavaScript reads exactly."""

_LONGEST: Final = 100  # characters of a user's word to show
_KIND_NAMES: Final[Mapping[type, str]] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    datetime: "a datetime with a time zone",
    Mapping: "a mapping",
}


def suggestion(word: str, known: Collection[str]) -> str:
    """Return the closest known word, or else all known words, as the end of a sentence."""
    if close := get_close_matches(word, known, n=1):
        return f"; did you mean {close[0]}?"
    return f"; choose from: {', '.join(sorted(known))}" if known else ""


@cache
def known_keywords(described: type[attrs.AttrsInstance]) -> Mapping[str, str]:
    """Return an attrs class's keywords, each with the attribute that it sets."""
    return {attribute.alias: attribute.name for attribute in attrs.fields(described) if attribute.init}


def keywords_of(thing: attrs.AttrsInstance, described: type[attrs.AttrsInstance]) -> dict[str, Any]:
    """Return a thing's values as keyword arguments for one of its base classes."""
    return {keyword: getattr(thing, name) for keyword, name in known_keywords(described).items()}


def strict(described: type[Described]) -> type[Described]:
    """Make an attrs class refuse unknown keywords and wrong values with one clear sentence.

    Its constructor then raises ConfigurationError, with a suggestion for a misspelled word.
    """
    name, build = described.__name__, described.__init__
    positional = [each.alias for each in attrs.fields(described) if each.init and not each.kw_only]  # type: ignore[arg-type]  # pyright: ignore

    @wraps(build)
    def checked(self: Described, *args: Any, **keywords: Any) -> None:
        _refuse_unknown(name, keywords, described)
        _refuse_other_kinds({**dict(zip(positional, args, strict=False)), **keywords}, described)
        try:
            build(self, *args, **keywords)
        except TypeError as error:  # too few or too many arguments
            raise ConfigurationError(f"{name}: {str(error.args[0]).rpartition('() ')[2]}") from error
        except ValueError as error:
            if len(error.args) == 1:
                raise
            # attrs' own validators append the attribute and more to the sentence.
            raise ConfigurationError(f"{name}: {error.args[0]}") from error

    described.__init__ = checked  # type: ignore[assignment]
    return described


def resolve_hints(*described: type[attrs.AttrsInstance]) -> None:
    """Have `typing.get_type_hints` resolve the constructors of attrs classes.

    attrs looks their annotations up in the class's module, when it makes the class. It does not find classes that are
    defined later, nor names that only the module of a base class or a converter has.
    """
    for each in described:
        fields = attrs.fields(attrs.resolve_types(each))
        types = {field.alias: _taken_by(field.converter) if field.converter else field.type for field in fields}
        constructor: Any = each.__init__
        given: Mapping[str, object] = constructor.__annotations__
        constructor.__annotations__ = {name: types.get(name, hint) for name, hint in given.items()}


def _taken_by(converter: Any) -> object:
    return next(iter(get_type_hints(converter).values()))


def takes(
    described: Callable[P, Described],
) -> Callable[[Callable[[Owner, Described], Made]], Callable[Concatenate[Owner, P], Made]]:
    """Let a method take the arguments of a description instead of the description itself.

    Type checkers see these arguments, so each is declared only once, in the description's class.
    """

    def decorate(method: Callable[[Owner, Described], Made]) -> Callable[Concatenate[Owner, P], Made]:
        @wraps(method)
        def described_by(self: Owner, /, *args: P.args, **keywords: P.kwargs) -> Made:
            _refuse_unknown(method.__name__, keywords, described)
            return method(self, described(*args, **keywords))

        own = signature(method)
        me, _ = own.parameters.values()
        taken = signature(described).replace(return_annotation=own.return_annotation)
        # For `help` and editors.
        described_by.__signature__ = taken.replace(parameters=[me, *taken.parameters.values()])  # type: ignore[attr-defined]  # pyright: ignore
        return described_by

    return decorate


def one_of(choices: Any) -> Callable[[object, attrs.Attribute[Value], Value], None]:
    """Return a validator for the values of a Literal."""
    known: tuple[str, ...] = get_args(choices)

    def check(_: object, attribute: attrs.Attribute[Value], value: Value) -> None:
        if value not in known:
            word = str(value)[:_LONGEST]
            raise ConfigurationError(f"{attribute.alias}: {word!r} is not known{suggestion(word, known)}")

    return check


def at_least(least: int, *, most: int = LARGEST) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return a validator for whole numbers from `least` to `most`, by default to the largest that JavaScript reads."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigurationError(f"'{attribute.alias}' must be a whole number: {str(value)[:_LONGEST]!r}")
        if value < least:
            raise ConfigurationError(f"'{attribute.alias}' must be >= {least}: {value}")
        if value > most:
            raise ConfigurationError(f"'{attribute.alias}' must be <= {most:,}")

    return check


def text_or_empty(value: str | None) -> str:
    """Return a text, or "" for None: a name that was left out."""
    return value or ""


def require_text(name: str, value: object) -> None:
    """Raise ConfigurationError unless the value is a non-empty string."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{name}: expected a text, not {_shown(value)}")
    if not value:
        raise ConfigurationError(f"{name}: is empty; no request could refer to it")


def _refuse_other_kinds(keywords: Mapping[str, object], described: Any) -> None:
    kinds = _kinds(described)
    for keyword, value in keywords.items():
        kind = kinds.get(keyword)
        if kind is None or (value is None and kind.may_be_none):
            continue
        values = cast("Iterable[object]", value) if kind.is_list and isinstance(value, list | tuple) else [value]
        for each in values:
            is_truth = isinstance(each, bool) and bool not in kind.types  # a bool is an int
            is_number = isinstance(each, int) and float in kind.types
            if is_truth or not (is_number or isinstance(each, kind.types)):
                raise ConfigurationError(f"{keyword}: expected {kind.name}, not {_shown(each)}")


@attrs.frozen
class _Kind:
    """The types that a keyword accepts, alone or in a list."""

    types: tuple[type, ...]
    may_be_none: bool
    is_list: bool

    @property
    def name(self) -> str:
        names = " or ".join(_KIND_NAMES.get(each, f"a {each.__name__}") for each in self.types)
        return f"a list, each item {names}" if self.is_list else names


@cache
def _kinds(described: type[attrs.AttrsInstance]) -> Mapping[str, _Kind]:
    """Read a class's annotations, so that a value of the wrong type fails at once."""
    kinds: dict[str, _Kind] = {}
    for field in attrs.fields(attrs.resolve_types(described)):
        choices = get_args(field.type) if get_origin(field.type) in (Union, UnionType) else (field.type,)
        is_list = any(get_origin(choice) is list for choice in choices)
        plain = [get_args(choice)[0] if is_list and get_args(choice) else choice for choice in choices]
        types = tuple(
            Mapping if get_origin(each) is dict else each
            for each in plain
            if each in _KIND_NAMES or attrs.has(each) or get_origin(each) is dict
        )
        is_checked = field.init and field.validator is None  # a validator has the better message
        if is_checked and types and len(types) == len([each for each in choices if each is not NoneType]):
            kinds[field.alias] = _Kind(types, field.converter is not None or NoneType in choices, is_list)
    return kinds


def _shown(value: object) -> str:
    """Show a value with its type, because the text '5' and the number 5 look alike."""
    return f"the {type(value).__name__} {str(value)[:_LONGEST]!r}"


def _refuse_unknown(name: str, keywords: Mapping[str, object], described: Any) -> None:
    known = known_keywords(described)
    for keyword in keywords:
        if keyword not in known:
            raise ConfigurationError(f"{name}: unknown keyword {keyword[:_LONGEST]}{suggestion(keyword, known)}")
