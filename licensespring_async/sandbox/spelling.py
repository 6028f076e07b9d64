"""Words that are not known: a clear refusal, with the word that may have been meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, get_args

import attrs

from ..errors import ConfigurationError

P = ParamSpec("P")
Owner = TypeVar("Owner")
Described = TypeVar("Described")
Made = TypeVar("Made")
Value = TypeVar("Value")

_LONGEST: Final = 100  # characters of a word that came from outside


def suggestion(word: str, known: Collection[str]) -> str:
    """Return what may have been meant, or what there is, as the end of a sentence."""
    if close := get_close_matches(word, known, n=1):
        return f"; did you mean {close[0]}?"
    return f"; there are: {', '.join(sorted(known))}" if known else ""


def known_keywords(described: type[attrs.AttrsInstance]) -> list[str]:
    """Return the keywords that an attrs class takes."""
    return [attribute.alias for attribute in attrs.fields(described) if attribute.init]


def keywords_of(thing: attrs.AttrsInstance, described: type[attrs.AttrsInstance]) -> dict[str, Any]:
    """Return the keywords that would make an instance of a class with a thing's values, where the class is its base."""
    return {each.alias: getattr(thing, each.name) for each in attrs.fields(described) if each.init}


def strict(described: type[Described]) -> type[Described]:
    """Make an attrs class refuse unknown keywords and bad values with one clear sentence.

    Its constructor raises ConfigurationError, which names what was meant.
    """
    name, build = described.__name__, described.__init__

    @wraps(build)
    def checked(self: Described, *args: Any, **keywords: Any) -> None:
        _refuse_unknown(name, keywords, described)
        try:
            build(self, *args, **keywords)
        except (TypeError, ValueError) as error:
            if len(error.args) == 1:
                raise
            # attrs' own validators put the attribute and all that they know behind the sentence.
            raise ConfigurationError(f"{name}: {error.args[0]}") from error

    described.__init__ = checked  # type: ignore[assignment]
    return described


def takes(
    described: Callable[P, Described],
) -> Callable[[Callable[[Owner, Described], Made]], Callable[Concatenate[Owner, P], Made]]:
    """Make a method that takes a description take the description's own arguments instead.

    Type checkers see those arguments, so that each of them is written once: in the description's class.
    """

    def decorate(method: Callable[[Owner, Described], Made]) -> Callable[Concatenate[Owner, P], Made]:
        @wraps(method)
        def described_by(self: Owner, /, *args: P.args, **keywords: P.kwargs) -> Made:
            _refuse_unknown(method.__name__, keywords, described)
            return method(self, described(*args, **keywords))

        own = signature(method)
        me, _ = own.parameters.values()
        taken = signature(described).replace(return_annotation=own.return_annotation)
        # What `help` and editors show.
        described_by.__signature__ = taken.replace(parameters=[me, *taken.parameters.values()])  # type: ignore[attr-defined]  # pyright: ignore
        return described_by

    return decorate


def one_of(choices: Any) -> Callable[[object, attrs.Attribute[Value], Value], None]:
    """Return a validator for a value that is one of a Literal's."""
    known: tuple[str, ...] = get_args(choices)

    def check(_: object, attribute: attrs.Attribute[Value], value: Value) -> None:
        if value not in known:
            word = str(value)[:_LONGEST]
            raise ConfigurationError(f"{attribute.alias}: {word!r} is not known{suggestion(word, known)}")

    return check


def at_least(least: int) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return a validator for a whole number."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigurationError(f"'{attribute.alias}' must be a whole number: {str(value)[:_LONGEST]!r}")
        if value < least:
            raise ConfigurationError(f"'{attribute.alias}' must be >= {least}: {value}")

    return check


def _refuse_unknown(name: str, keywords: Mapping[str, object], described: Any) -> None:
    known = known_keywords(described)
    for keyword in keywords:
        if keyword not in known:
            raise ConfigurationError(f"{name}: unknown keyword {keyword[:_LONGEST]}{suggestion(keyword, known)}")
