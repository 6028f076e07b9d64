"""Help that cuts nothing off on narrow terminals, and suggestions for mistyped words."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from ..redaction import printable
from .console import write

SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Context settings of every command."""

_NARROW: Final = 70
_IDENTITIES: Final = ("license_key", "username", "id_token", "code")
"""Options that identify the license; exactly one of them is used."""
_OTHERS: Final = re.compile(r"'([^']*)' is not one of (.+)")


class Command(TyperCommand):
    """A command whose help groups the options by panel."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option that prints the help."""
        return _printed_by_write(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is not None:
                is_argument = each.param_type_name == "argument"
                panel = "Arguments" if is_argument else getattr(each, "rich_help_panel", None) or "Options"
                # Typer shows an argument's name and its metavar, which are one here.
                shown = each.metavar or each.name.upper() if is_argument else record[0]
                sections.setdefault(panel, []).append((shown, record[1]))
        for panel, records in sections.items():
            _write(formatter, panel, records)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; an error about a mistyped value suggests the right one."""
        try:
            rest = super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _with_suggestion(error.message)
            raise
        _prefer_typed(ctx)
        return rest


class Group(TyperGroup):
    """A group whose help shows the whole first paragraph of each command."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option that prints the help."""
        return _printed_by_write(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; an error about a mistyped name suggests the right one."""
        name, known = args[0], self.list_commands(ctx)
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = get_close_matches(name.lower().replace("_", "-"), known, n=1)
            near = near or get_close_matches(name.lower(), known, n=1)
            ctx.fail(f"No such command '{printable(name)}'." + (f" Did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, then the commands."""
        records = [each.get_help_record(ctx) for each in self.get_params(ctx)]
        _write(formatter, "Options", [each for each in records if each is not None])
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        _write(formatter, "Commands", [(name, _first(each.help)) for name, each in found if each is not None])


def _printed_by_write(option: Any) -> Any:
    """Have the help printed by `write`, so that a full disk is reported; return the option."""

    def show(ctx: Any, _: object, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            write(f"{ctx.get_help()}\n")
            ctx.exit()

    if option is not None:
        option.callback = show
    return option


def _heading(title: str) -> str:
    return typer.style(title, bold=True) if sys.stdout is not None and sys.stdout.isatty() else title


def _write(formatter: Any, title: str, records: Sequence[tuple[str, str]]) -> None:
    if not records:
        return
    with formatter.section(_heading(title)):
        formatter.write_dl(records, col_max=22 if formatter.width < _NARROW else 30)


def _prefer_typed(ctx: Any) -> None:
    """Let an identity on the command line override another kind of identity in the environment."""
    sources = {name: ctx.get_parameter_source(name) for name in _IDENTITIES if ctx.params.get(name) is not None}
    if any(each.name == "COMMANDLINE" for each in sources.values()):
        ctx.params.update({name: None for name, each in sources.items() if each.name != "COMMANDLINE"})


def _first(text: str | None) -> str:
    """Return the first paragraph of a text."""
    return " ".join((text or "").partition("\n\n")[0].split())


def _with_suggestion(message: str) -> str:
    message = message.removeprefix("Value error, ")
    found = _OTHERS.search(message)
    if found is None:
        return message
    near = get_close_matches(found[1].lower(), re.findall(r"'([^']*)'", found[2]), n=1)
    return f"{message.rstrip('.')}. Did you mean {near[0]}?" if near else message
