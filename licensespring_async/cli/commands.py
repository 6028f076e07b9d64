"""Commands whose options come in groups."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, TypeGuard, get_args, get_origin, get_type_hints

import attrs
from typer.models import OptionInfo

from .console import conversation
from .exits import reported


class Group:
    """Options that belong together: a frozen attrs class whose fields are `Annotated` typer options, or groups.

    The methods of a group check its values and work with them.

    Attributes:
        panel: Heading of its options in the help; an option may name another.
    """

    panel: ClassVar[str | None] = None


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap a function for typer: the wrapper takes the options of all its groups.

    An error of this package or an interruption ends the command with one message and its exit code.

    Args:
        function: The command; its docstring is the help. Each parameter is a group, an `Annotated` typer option or
            argument, or the `typer.Context`.
    """
    taken = list(inspect.signature(function, eval_str=True).parameters.values())

    @functools.wraps(function)
    def run(**given: Any) -> None:
        with conversation(), reported():
            function(**{each.name: _collected(each.name, each.annotation, given) for each in taken})

    del run.__wrapped__  # typer would look behind it
    return with_signature(run, [option for each in taken for option in _options(each)])


def with_signature(run: Callable[..., None], options: Sequence[inspect.Parameter]) -> Callable[..., None]:
    """Set the parameters that typer sees on a function that takes any keywords."""
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in options} | {"return": None}
    return run


def _is_group(annotation: object) -> TypeGuard[type[Group]]:
    return isinstance(annotation, type) and issubclass(annotation, Group)


def _options(parameter: inspect.Parameter, panel: str | None = None) -> Iterator[inspect.Parameter]:
    """Yield the options behind a parameter: those of its group, or itself."""
    if _is_group(group := parameter.annotation):
        for each in _fields(group):
            yield from _options(each, group.panel)
    else:
        yield parameter.replace(annotation=_in_panel(parameter.annotation, panel))


def _fields(group: type[Group]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for each in attrs.fields(group):  # type: ignore[arg-type]  # every group is an attrs class
        default = inspect.Parameter.empty if each.default is attrs.NOTHING else each.default
        yield inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])


def _in_panel(annotation: Any, panel: str | None) -> Any:
    if panel is None or get_origin(annotation) is not Annotated:
        return annotation
    kind, option = get_args(annotation)
    if not isinstance(option, OptionInfo) or option.rich_help_panel is not None:
        return annotation
    option = copy.copy(option)
    option.rich_help_panel = panel
    return Annotated[kind, option]


def _collected(name: str, annotation: object, given: dict[str, Any]) -> Any:
    """Return the value of a parameter; a group is built from the values of its options."""
    if not _is_group(annotation):
        return given[name]
    return annotation(**{each.name: _collected(each.name, each.annotation, given) for each in _fields(annotation)})
