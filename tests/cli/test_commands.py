"""`command`: option groups in a function's signature."""

from __future__ import annotations

from typing import Annotated

import attrs
import pytest
import typer
from typer.testing import CliRunner, Result

from licensespring_async import ConfigurationError
from licensespring_async.cli.commands import Group, command
from licensespring_async.cli.console import OUT, say, speak_json


@attrs.frozen(kw_only=True)
class Size(Group):
    panel = "Size"

    width: Annotated[int, typer.Option(help="In points.", min=1)]
    depth: Annotated[int, typer.Option(help="In bits.", rich_help_panel="Colour")] = 8


@attrs.frozen(kw_only=True)
class Picture(Group):
    name: Annotated[str, typer.Argument()] = "untitled"
    size: Size


def invoke(function: object, *words: str) -> Result:
    app = typer.Typer()
    app.command()(function)  # type: ignore[type-var]
    return CliRunner().invoke(app, words, env={"COLUMNS": "80"})


@command
def draw(*, picture: Picture, twice: Annotated[bool, typer.Option("--twice")] = False) -> None:
    """Draw a picture."""
    if picture.size.depth > 64:
        raise ConfigurationError("--depth: too deep")
    say(OUT, f"{picture} {twice}")


def test_a_group_is_given_as_its_options() -> None:
    """The function gets each group as an object, groups within groups too, and other options as they are."""
    done = invoke(draw, "cat", "--width", "3", "--twice")
    assert done.stdout == "Picture(name='cat', size=Size(width=3, depth=8)) True\n"


def test_options_have_the_heading_of_their_group_or_their_own() -> None:
    """The help shows a group under its panel, with the defaults and which option is required."""
    shown = invoke(draw, "--help").stdout
    assert "Draw a picture." in shown
    assert shown.index("─ Size ─") < shown.index("--width") < shown.index("─ Colour ─") < shown.index("--depth")
    assert "[required]" in shown
    assert "[default: 8]" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing option '--width'"),
        (["--width", "0"], "Invalid value for '--width'"),
        (["--width", "1", "--depth", "65"], "Error: --depth: too deep\n"),
    ],
)
def test_wrong_values_are_told_as_in_any_command(words: list[str], message: str) -> None:
    """The option's name is in the message, and the exit code is 2."""
    done = invoke(draw, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_json_is_spoken_for_one_command_alone() -> None:
    """A command that speaks JSON has its error written so, and the next one speaks as people do."""

    @command
    def fail(*, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
        if as_json:
            speak_json()
        raise ConfigurationError("no")

    assert invoke(fail, "--json").stderr == '{"event": "error", "text": "no", "advice": ""}\n'
    assert invoke(fail).stderr == "Error: no\n"
