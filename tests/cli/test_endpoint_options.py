"""Options and help from an endpoint function: its signature, its docstring and the table of parameters."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from licensespring_async import ConfigurationError, endpoints
from licensespring_async.cli.commands import with_signature
from licensespring_async.cli.endpoints.signature import arguments_for, options_of, taking
from licensespring_async.endpoints.parameters import PARAMETERS


def borrow(
    *,
    product: str,
    borrowed_until: datetime | None,
    license_key: str | None = None,
    license_id: int | None = None,
    include_expired_features: bool | None = None,
    variables: Mapping[str, str] | None = None,
    event: Sequence[str] | None = None,
    tpm: object | None = None,
) -> None:
    """Borrow a book.

    It has to be brought back.

    Args:
        product: Which book; see `license_key`
            and `elsewhere`.
        license_id: Which copy.

    Returns:
        Nothing.
    """


def invoke(endpoint: Callable[..., object], *words: str, **environment: str) -> Result:
    def show(**given: Any) -> None:
        typer.echo(json.dumps(given, default=datetime.isoformat))

    app = typer.Typer(rich_markup_mode="markdown")
    app.command()(taking(show, endpoint, notice="On Mondays.", exits="0 for a book"))
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"} | environment)


def test_each_parameter_is_an_option_of_its_type() -> None:
    """Text, numbers, yes and no, moments and objects reach the function as what they are; the rest are None."""
    words = ["--product", "P", "--license-id", "7", "--no-include-expired-features"]
    words += ["--borrowed-until", "2030-01-31T12:00:00+00:00", "--variables", '{"a": "b"}']
    words += ["--event", "one", "--event", "two"]
    done = invoke(borrow, *words)
    assert json.loads(done.stdout) == {
        "product": "P",
        "license_key": None,
        "license_id": 7,
        "include_expired_features": False,
        "borrowed_until": datetime(2030, 1, 31, 12, tzinfo=UTC).isoformat(),
        "variables": {"a": "b"},
        "event": ["one", "two"],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing option '--product'"),
        (
            ["--product", "P", "--borrowed-until", "tomorrow"],
            "Invalid value for '--borrowed-until': must be a date and time in ISO 8601",
        ),
        (
            ["--product", "P", "--borrowed-until", "2030-01-31"],
            "Invalid value for '--borrowed-until': must have an offset from UTC",
        ),
        (["--product", "P", "--variables", "a=b"], "'LICENSESPRING_VARIABLES'): must be a JSON object"),
        (["--product", "P", "--variables", "[]"], "'LICENSESPRING_VARIABLES'): must be a JSON object"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(words: list[str], message: str) -> None:
    """The option and what it takes are named, and the exit code is 2."""
    done = invoke(borrow, *words)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr


def test_what_may_be_none_need_not_be_given() -> None:
    """Where None means something to an endpoint, leaving the option out says it."""
    assert json.loads(invoke(borrow, "--product", "P").stdout)["borrowed_until"] is None


def test_the_help_is_the_docstring() -> None:
    """What stands before the arguments is the command's text; an option has its own line, or else the table's."""
    shown = " ".join(invoke(borrow, "--help").stdout.split())
    assert "Borrow a book. On Mondays." in shown
    assert "It has to be brought back." in shown
    assert "Exits with 0 for a book, 1 for an error" in shown
    assert "Which book; see --license-key and elsewhere." in shown
    assert PARAMETERS["license_key"].about in shown
    assert "Nothing" not in shown


def test_a_secret_may_come_from_the_environment() -> None:
    """A license key does not have to be in the list of processes; what is public is no variable."""
    done = invoke(borrow, "--product", "P", LICENSESPRING_LICENSE_KEY="K", LICENSESPRING_LICENSE_ID="7")
    assert (json.loads(done.stdout)["license_key"], json.loads(done.stdout)["license_id"]) == ("K", None)


@pytest.mark.parametrize("name", endpoints.__all__)
def test_every_endpoint_can_be_called(name: str) -> None:
    """Each parameter that an endpoint needs has an option, with a sentence in the help."""
    endpoint = getattr(endpoints, name)
    given = {each.name: each for each in options_of(endpoint)}
    needed = {
        each.name for each in inspect.signature(endpoint).parameters.values() if each.default is inspect.Parameter.empty
    }
    assert needed <= given.keys()
    assert all(each.annotation.__metadata__[0].help for each in given.values())


def login(*, username: str, password: str, id_token: str | None = None) -> None:
    """Log in."""


def logging_in(*words: str, stdin: str = "", **environment: str) -> Result:
    def run(**given: object) -> None:
        typer.echo(json.dumps(arguments_for(login, given)))

    app = typer.Typer()
    app.command()(with_signature(run, list(options_of(login))))
    return CliRunner().invoke(app, words, input=stdin, env=environment)


@pytest.mark.parametrize(
    ("words", "environment"), [(["--password", "-"], {}), ([], {"LICENSESPRING_PASSWORD": "pass word"})]
)
def test_a_password_needs_no_argument(words: list[str], environment: dict[str, str]) -> None:
    """It is read from the standard input, or taken from the environment."""
    done = logging_in("--username", "ana", *words, stdin="pass word\nmore\n", **environment)
    assert json.loads(done.stdout) == {"username": "ana", "password": "pass word", "id_token": None}


def test_several_secrets_are_read_in_the_order_of_their_parameters() -> None:
    """The standard input has a line for each."""
    done = logging_in("--username", "ana", "--id-token", "-", "--password", "-", stdin="first\nsecond\n")
    assert json.loads(done.stdout) == {"username": "ana", "password": "first", "id_token": "second"}


def test_a_password_that_is_missing_is_asked_for_at_a_terminal_alone() -> None:
    """Without one the error names the variable."""
    done = logging_in("--username", "ana")
    assert isinstance(done.exception, ConfigurationError)
    assert "--password: is needed; set LICENSESPRING_PASSWORD" in str(done.exception)
