"""Strict conversion of TOML to the world's classes; every problem is reported with its line and key."""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from importlib.resources.abc import Traversable
from os import PathLike
from typing import Any, Final, Literal, cast, get_args, get_origin

import attrs
from cattrs import BaseConverter, Converter
from cattrs.cols import list_structure_factory
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn

from ..errors import SandboxError
from ..spelling import known_keywords, suggestion
from ..wire.jsontext import JsonObject, json_object
from ..world.consumption import ConsumptionPool
from .lines import Lines, Path
from .schema import Changes, FileTable, GrantTable

_MOST_SHOWN: Final = 10
_LARGEST: Final = 16_000_000
_TYPE_NAMES: Final[dict[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "a table",
    list: "an array",
    datetime: "a date",
}


class WorldFileError(SandboxError):
    """A world file cannot be used; the text has file, line, key and reason of each problem.

    Attributes:
        problems: One line per problem, in the order of the file.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        shown = list(problems[:_MOST_SHOWN])
        if len(problems) > _MOST_SHOWN:
            shown.append(f"and {len(problems) - _MOST_SHOWN} more")
        super().__init__("\n".join(shown))
        self.problems = tuple(problems)


@attrs.frozen
class Problem:
    """A problem and its key."""

    path: Path
    text: str


@attrs.frozen
class Source:
    """A file's name and text, for locating problems."""

    name: str
    text: str

    def error(self, problems: Sequence[Problem]) -> WorldFileError:
        """Return the error with all problems, in the order of the file."""
        lines = Lines(self.text)
        placed = sorted(((lines.of(problem.path), problem) for problem in problems), key=lambda pair: pair[0])
        return WorldFileError(
            [f"{self.name}:{line}: {_dotted(problem.path)}: {problem.text}" for line, problem in placed]
        )


def read(path: str | PathLike[str] | Traversable) -> tuple[FileTable, Source]:
    """Read a world file.

    Raises:
        WorldFileError: It cannot be read, is not TOML, or has unknown keys or wrong values.
    """
    name = str(path)
    try:
        text = (_content(path) if isinstance(path, str | PathLike) else path.read_bytes()).decode()
    except OSError as error:
        raise WorldFileError([f"{name}: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise WorldFileError([f"{name}: not UTF-8 at byte {error.start}"]) from error
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WorldFileError([_syntax(name, text, error)]) from error
    source = Source(name, text)
    try:
        return _CONVERTER.structure(content, FileTable), source
    except ClassValidationError as error:
        raise source.error(list(_problems(error, ()))) from error


def _content(path: str | PathLike[str]) -> bytes:
    """Read a regular file up to a size limit: reading a device or a pipe might never end."""
    with os.fdopen(
        os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb"
    ) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(errno.EFBIG, f"has more than {_LARGEST:,} bytes, the maximum for a world file")
    return content


def _syntax(name: str, text: str, error: Exception) -> str:
    """Move tomllib's line number to the front, as in compiler errors."""
    what, _, where = str(error).rpartition(" (at ")
    line = where.removesuffix(")")
    if line.startswith("line "):
        return f"{name}:{line.split()[1].rstrip(',')}: {what}"
    return f"{name}:{len(text.splitlines()) or 1}: {what or error}"


def _problems(error: BaseException, path: Path) -> Iterator[Problem]:
    if isinstance(error, ClassValidationError | IterableValidationError):
        inside, about = error.group_exceptions()
        for inner, note in inside:
            step = note.index if isinstance(note, IterableValidationNote) else note.name.lstrip("_")
            yield from _problems(inner, (*path, step))
        for inner in about:
            yield from _problems(inner, path)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = known_keywords(error.cl)
        for key in sorted(error.extra_fields):
            yield Problem((*path, key), f"unknown key{suggestion(key, known)}")
    elif isinstance(error, KeyError):
        yield Problem(path, "is missing")
    elif named := re.fullmatch(r"'(\w+)' (must .+)", str(error), re.DOTALL):  # from an attrs validator
        yield Problem((*path, named[1]), named[2])
    else:
        yield Problem(path, str(error))


def _dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "the file"


def _exactly(value: object, kind: type) -> object:
    if type(value) is not kind:  # bool is a subclass of int
        raise TypeError(_expected(kind, value))
    return value


def _expected(kind: type, value: object) -> str:
    found = _TYPE_NAMES.get(type(value), type(value).__name__)
    return f"expected {_TYPE_NAMES[kind]}, not {found}"


def _moment(value: object, _: object) -> datetime:
    """Read any TOML date or date-time; without an offset it is UTC, as the service's times are."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise TypeError(f"{_expected(datetime, value)}; write 2030-12-31 or 2030-12-31T12:00:00Z without quotes")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _json(value: object, _: object) -> JsonObject:
    table = cast("JsonObject", _exactly(value, dict))
    _refuse_dates(table)
    return json_object(table)


def _refuse_dates(value: object) -> None:
    if isinstance(value, date | time):
        raise TypeError("JSON has no dates; put it in quotes")
    if isinstance(value, dict | list):
        content = cast("dict[str, object] | list[object]", value)
        for inner in content.values() if isinstance(content, dict) else content:
            _refuse_dates(inner)


def _list(kind: Any, converter: BaseConverter) -> Callable[[object, object], object]:
    # cattrs would read a text as an array of letters.
    return _checked(list, list_structure_factory(kind, converter))


def _table(kind: Any, converter: BaseConverter) -> Callable[[object, object], object]:
    return _checked(
        dict, make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_use_alias=True)
    )


def _checked(kind: type, structure: Callable[[Any, Any], object]) -> Callable[[object, object], object]:
    def structure_checked(value: object, wanted: object) -> object:
        return structure(_exactly(value, kind), wanted)

    return structure_checked


def _pool(value: object, _: object) -> ConsumptionPool:
    """Read a pool's code as a placeholder; building the world replaces it by the pool."""
    return ConsumptionPool(cast("str", _exactly(value, str)))


def _changes(converter: Converter) -> Callable[[Any, object], Changes]:
    def structure(value: Any, _: object) -> Changes:
        table = converter.structure(value, GrantTable)
        given = [attribute for attribute in attrs.fields(GrantTable) if attribute.alias in value]
        values = {attribute.name: getattr(table, attribute.name) for attribute in given if attribute.name != "features"}
        return Changes(values, table.features)

    return structure


def _choice(value: object, kind: object) -> object:
    choices = cast("Sequence[str]", get_args(kind))
    if value not in choices:
        raise ValueError(f"expected one of: {', '.join(choices)}")
    return value


def _is(origin: object) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _converter() -> Converter:
    converter = Converter(detailed_validation=True)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook_func(_is(Literal), _choice)
    converter.register_structure_hook_factory(_is(list), _list)
    converter.register_structure_hook_factory(attrs.has, _table)
    converter.register_structure_hook_func(lambda kind: kind == JsonObject, _json)
    converter.register_structure_hook_func(lambda kind: kind is ConsumptionPool, _pool)
    converter.register_structure_hook(Changes, _changes(converter))
    return converter


_CONVERTER: Final = _converter()
