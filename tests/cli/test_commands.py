"""`command`: option groups in a function's signature."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import attrs
import pytest
import typer
from typer.testing import CliRunner, Result

from licensespring_async import ConfigurationError
from licensespring_async.cli import app
from licensespring_async.cli.commands import Group, command
from licensespring_async.cli.console import OUT, say, speak_json
from licensespring_async.cli.help import Command


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
    drawing = typer.Typer(rich_markup_mode=None)
    drawing.command(cls=Command)(function)  # type: ignore[type-var]
    return CliRunner().invoke(drawing, words, env={"COLUMNS": "80"})


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
    assert shown.index("Size:\n") < shown.index("--width") < shown.index("Colour:\n") < shown.index("--depth")
    assert "required]" in shown
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


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["fleet", "check"], "'FILE'"),
        (["fleet", "check", "--sandbox", "--output"], "'--output' / '-o'"),
        (["fleet", "report"], "'RESULTS'"),
        (["fleet", "report", "r.jsonl", "--output"], "'--output' / '-o'"),
        (["offline", "request", "--output"], "'--output' / '-o'"),
        (["offline", "load"], "'FILE'"),
        (["airgap", "confirm", "--policy"], "'--policy'"),
        (["download", "--output"], "'--output' / '-o'"),
        (["check", "--public-key"], "'--public-key'"),
        (["sandbox", "--db"], "'--db'"),
        (["sandbox", "--world"], "'--world'"),
    ],
)
def test_an_empty_name_of_a_file_is_refused(words: list[str], named: str) -> None:
    """A shell passes one for an unset variable; as a path it would be the current directory."""
    done = CliRunner().invoke(app, [*words, ""])
    assert done.exit_code == 2
    assert f"Invalid value for {named}" in done.stderr
    assert done.stderr.endswith(": is empty; name a file\n")


def test_json_is_spoken_for_one_command_alone() -> None:
    """A command that speaks JSON has its error written so, and the next one speaks as people do."""

    @command
    def fail(*, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
        if as_json:
            speak_json()
        raise ConfigurationError("no")

    assert invoke(fail, "--json").stderr == '{"event": "error", "text": "no", "advice": ""}\n'
    assert invoke(fail).stderr == "Error: no\n"


class Paper(StrEnum):
    MATT = "matt"
    GLOSSY = "glossy"


@command
def print_it(
    *,
    paper: Annotated[Paper, typer.Option(help="What it is printed on.")] = Paper.MATT,
    twice: Annotated[bool, typer.Option("--twice", "-t", help="On both sides.")] = False,
) -> None:
    """Print a picture."""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("glosy", "'glosy' is not one of 'matt', 'glossy'. Did you mean glossy?\n"),
        ("MATT ", "'MATT ' is not one of 'matt', 'glossy'. Did you mean matt?\n"),
        ("steel", "'steel' is not one of 'matt', 'glossy'"),
    ],
)
def test_a_wrong_choice_is_told_with_the_right_one(given: str, told: str) -> None:
    """A slip has its answer in the message; what is like none of them has none."""
    done = invoke(print_it, "--paper", given)
    assert done.exit_code == 2
    assert told in done.stderr
    assert ("Did you mean" in done.stderr) is ("Did you mean" in told)


def test_a_flag_is_shown_without_a_type() -> None:
    """The help of an option that takes no value shows none."""
    shown = invoke(print_it, "--help").stdout
    assert "-t, --twice" in shown
    assert "bool" not in shown


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("check-", ["check-feature", "check-bundle"]),
        ("fleet r", ["report", "retry"]),
        ("api check_license_", ["check_license_feature"]),
        ("fleet check --progress j", ["json"]),
        ("sandbox --pri", ["--print-env", "--print-world"]),
    ],
)
def test_a_shell_completes_commands_options_and_choices(typed: str, offered: list[str]) -> None:
    """Also those of commands that are made only when they are used."""
    words = f"licensespring-async {typed}"
    environment = {
        "_LICENSESPRING_ASYNC_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = CliRunner().invoke(app, prog_name="licensespring-async", env=environment)
    assert done.stdout.split() == offered
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).stdout
