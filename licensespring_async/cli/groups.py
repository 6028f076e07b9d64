"""Groups that make a command when it is used, so that other commands start without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import typer

from .help import SETTINGS, Command, Group


def group(about: str, *, names: Callable[[], Iterable[str]], make: Callable[[str], Callable[..., None]]) -> typer.Typer:
    """Return a group of commands.

    Args:
        about: Its help.
        names: Returns the names of its commands, in the order of the help.
        make: Makes the command with a name.
    """

    class Lazy(Group):
        def list_commands(self, ctx: Any) -> list[str]:
            """Return the names of the commands."""
            return list(names())

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """Return the command with a name, or None."""
            if cmd_name not in names():
                return None
            one = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            one.command(cmd_name, cls=Command, context_settings=SETTINGS)(make(cmd_name))
            return typer.main.get_command(one)

    return typer.Typer(cls=Lazy, help=about, no_args_is_help=True, rich_markup_mode=None)
