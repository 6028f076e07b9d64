"""Arguments are checked before anything is sent, and sent exactly."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ConfigurationError, InvalidParameter, endpoints
from licensespring_async.endpoints.parameters import (
    LONGEST_DOCUMENT,
    LONGEST_TEXT,
    LONGEST_TOKEN,
    MOST_VARIABLES,
    PARAMETERS,
    document,
    secrets_of,
    text,
    token,
    variables,
)
from licensespring_async.endpoints.requests import required
from licensespring_async.transport.values import Call

from ..fakes import ScriptedEngine, client
from .cases import arguments

each_endpoint = pytest.mark.parametrize("endpoint", endpoints.__all__)


def call(endpoint: str, **given: object) -> Call[Any]:
    made: Call[Any] = getattr(endpoints, endpoint)(**given)
    return made


def refusal(endpoint: str, **changes: object) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as caught:
        call(endpoint, **arguments(endpoint, **changes))
    return caught.value


def taking(kind: object) -> Iterator[tuple[str, str]]:
    """Each endpoint and each of its parameters that takes such values."""
    for endpoint in endpoints.__all__:
        for name, parameter in inspect.signature(getattr(endpoints, endpoint), eval_str=True).parameters.items():
            if parameter.annotation in (kind, kind | None):  # type: ignore[operator]
                yield endpoint, name


def refusals(kind: object, value: object) -> Iterator[tuple[str, InvalidParameter]]:
    """Each parameter that takes such values, and how it refuses this one."""
    for endpoint, name in taking(kind):
        alone = {"license_key": None} if name == "username" else {}
        yield name, refusal(endpoint, **{**alone, name: value})


def sent(made: Call[Any]) -> dict[str, Any]:
    """The parameters of a call, as a server reads them."""
    if made.request.body is not None:
        fields: dict[str, Any] = json.loads(made.request.body)
        return fields
    pairs = parse_qsl(urlsplit(made.request.target).query, keep_blank_values=True, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("   ", "is empty", id="blank"),
        pytest.param("\t \N{NO-BREAK SPACE}", "is empty", id="other white space"),
        pytest.param("a\rb", "a carriage return", id="CR"),
        pytest.param("a\nb", "a line feed", id="LF"),
        pytest.param("a\r\nX-Header: b", "a carriage return", id="CRLF"),
        pytest.param("a\0b", "a NUL", id="NUL"),
        pytest.param("a\ud800b", "a lone surrogate", id="lone surrogate"),
        pytest.param(5, "must be a string, not int", id="a number"),
        pytest.param(b"bytes", "must be a string, not bytes", id="bytes"),
        pytest.param(True, "must be a string, not bool", id="a boolean"),
        pytest.param(["a"], "must be a string, not list", id="a list"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(value: object, problem: str) -> None:
    """Refuses a text that cannot be sent, wherever an endpoint takes one, and names the parameter."""
    for name, error in refusals(str, value):
        assert error.parameter == name
        assert problem in error.problem
        assert str(error) == f"{name}: {error.problem}"


LONGER = {"id_token": LONGEST_TOKEN, "code": LONGEST_TOKEN, "request": LONGEST_DOCUMENT}


@pytest.mark.parametrize("letter", ["a", "é", " "])
def test_a_text_has_a_greatest_length(letter: str) -> None:
    """Refuses what is longer than can be sent, wherever an endpoint takes a text, and says how long it may be."""
    for name, error in refusals(str, letter * (LONGEST_DOCUMENT + 1)):
        assert error.parameter == name
        assert error.problem == f"has 65,537 characters; at most {LONGER.get(name, LONGEST_TEXT):,} can be sent"


@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_text_may_be_as_long_as_it_may_be(letter: str) -> None:
    """Takes a text of the greatest length."""
    for name, parameter in PARAMETERS.items():
        if parameter.check in (text, token, document):
            longest = letter * LONGER.get(name, LONGEST_TEXT)
            assert parameter.check(name, longest) == longest


def test_variables_have_a_greatest_number() -> None:
    """Takes 256 variables at once and no more, none of them longer than a text."""
    given = {f"v{number}": "x" for number in range(MOST_VARIABLES)}
    assert variables("variables", given) == given
    with pytest.raises(InvalidParameter, match="has 257 variables; at most 256"):
        variables("variables", given | {"one": "more"})
    with pytest.raises(InvalidParameter, match=r"at most 4,096"):
        variables("variables", {"v": "x" * (LONGEST_TEXT + 1)})


@each_endpoint
@pytest.mark.parametrize("name", ["product", "hardware_id"])
def test_none_for_a_required_text_is_refused(endpoint: str, name: str) -> None:
    """Refuses None for what must be given."""
    assert str(refusal(endpoint, **{name: None})) == f"{name}: must be a string, not NoneType"


@each_endpoint
def test_both_identities_are_refused(endpoint: str) -> None:
    """Refuses a key together with a user."""
    error = refusal(endpoint, username="robin@example.org")

    assert str(error) == "license_key / username: both were given; pass exactly one of them"


@each_endpoint
def test_no_identity_is_refused(endpoint: str) -> None:
    """Refuses to ask for nobody's license."""
    error = refusal(endpoint, license_key=None)

    assert str(error) == "license_key / username: neither was given; pass exactly one of them"


@pytest.mark.parametrize(
    ("value", "kind"), [(True, "bool"), (False, "bool"), ("5", "str"), (5.0, "float"), (5.9, "float"), ([5], "list")]
)
def test_an_integer_is_an_integer(value: object, kind: str) -> None:
    """Refuses a number that is no integer, a boolean included."""
    for name, error in refusals(int, value):
        assert str(error) == f"{name}: must be an integer, not {kind}"


@pytest.mark.parametrize("value", [-1, 2**63, pytest.param(10**5_000, id="more digits than can be written")])
def test_an_id_that_the_service_cannot_have_is_refused(value: int) -> None:
    """Refuses an id that is negative or has more than 63 bits."""
    for name, error in refusals(int, value):
        assert error.parameter == name


@pytest.mark.parametrize("value", [1, 0, "true", "false", None.__class__, 1.0])
def test_a_flag_is_a_boolean(value: object) -> None:
    """Refuses a flag that is neither True nor False, whatever its truth."""
    for name, error in refusals(bool, value):
        assert error.parameter == name
        assert error.problem.startswith("must be True or False, not ")


@pytest.mark.parametrize("kind", [str, int, bool])
def test_these_are_looked_at(kind: type) -> None:
    """Finds parameters of each kind, so that the refusals above are of something."""
    assert list(taking(kind)) != []


def test_a_refusal_is_a_value_error_too() -> None:
    """Is both a ConfigurationError and the ValueError that other code expects for a bad value."""
    error = refusal("check_bundle", product="")

    assert isinstance(error, ValueError)
    assert isinstance(error, ConfigurationError)


@pytest.mark.parametrize("name", ["license_key", "hardware_id"])
@pytest.mark.parametrize("tail", ["\r", "\0", "\ud800"])
def test_a_refusal_never_shows_the_value(name: str, tail: str) -> None:
    """Says what is wrong with a value without showing it."""
    error = refusal("check_bundle", **{name: "SECRET" + tail})

    assert "SECRET" not in f"{error} {error!r} {error.args} {error.__cause__}"


@each_endpoint
@given(text=st.text(min_size=1).filter(str.strip))
def test_any_text_arrives_as_it_was(endpoint: str, text: str) -> None:
    """Encodes any text so that the server reads the very same, or refuses it for its CR, LF or NUL."""
    given = arguments(endpoint, product=text, hardware_id=text[::-1], license_key=text * 2)

    try:
        made = call(endpoint, **given)
    except InvalidParameter:
        assert set(text) & set("\r\n\0") or not text[::-1].strip()
    else:
        assert sent(made) == given


@each_endpoint
@given(text=st.text(min_size=1).filter(str.strip))
def test_a_target_is_plain_ascii(endpoint: str, text: str) -> None:
    """Sends nothing in a request target but letters, digits and what RFC 3986 leaves unreserved."""
    try:
        target = call(endpoint, **arguments(endpoint, product=text)).request.target
    except InvalidParameter:
        return
    assert set(target) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?&=%")


@pytest.mark.anyio
@each_endpoint
async def test_a_bad_call_sends_nothing(endpoint: str) -> None:
    """Refuses a bad argument of a client's method before any request."""
    engine = ScriptedEngine()
    bad = arguments(endpoint, hardware_id="")

    with pytest.raises(InvalidParameter):
        await getattr(client(engine), endpoint)(**bad)
    assert engine.requests == []


@each_endpoint
def test_arguments_are_named(endpoint: str) -> None:
    """Takes no positional arguments, so that two texts are never swapped."""
    with pytest.raises(TypeError, match="positional"):
        getattr(endpoints, endpoint)("APP", "device-0003")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        (datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC), "2027-03-04T05:06:07.000Z"),
        (datetime(2027, 3, 4, 5, 6, 7, 250_000, tzinfo=timezone(timedelta(hours=2))), "2027-03-04T03:06:07.250Z"),
    ],
    ids=["the longest", "UTC", "another zone"],
)
def test_a_moment_is_sent_in_utc(value: datetime | None, sent: str | None) -> None:
    """Writes a moment as the service does, and None as null."""
    assert required(borrowed_until=value) == {"borrowed_until": sent}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("borrowed_until", datetime(2027, 3, 4), "with a time zone"),
        ("borrowed_until", "2027-03-04", "must be a datetime or None, not str"),
        ("borrowed_until", 5, "must be a datetime or None, not int"),
        ("consumptions", 1.0, "must be an integer, not float"),
        ("consumptions", True, "must be an integer, not bool"),
        ("consumptions", 2**63, "at most 63 bits"),
        ("variables", {}, "at least one"),
        ("variables", [("a", 1)], "must be a mapping"),
        ("variables", {"": 1}, "is empty"),
        ("variables", {1: 1}, "must be a string, not int"),
        ("variables", {"a": None}, "must be an integer, not NoneType"),
        ("variables", {"a": math.nan}, "must be a finite number"),
        ("variables", {"a": [1]}, "must be an integer, not list"),
        ("variables", {"a": "x\0"}, "a NUL"),
        ("event", "consumption_add", "must be a list of strings, not str"),
        ("event", [], "is empty"),
        ("event", [5], "must be a string, not int"),
        ("event", 5, "must be a list of strings, not int"),
    ],
)
def test_what_cannot_be_sent_is_named(name: str, value: object, problem: str) -> None:
    """Refuses a value of the wrong kind before any I/O, by the name of its argument."""
    with pytest.raises(InvalidParameter) as caught:
        required(**{name: value})

    assert caught.value.parameter.startswith(name)
    assert problem in caught.value.problem


def test_variables_are_strings_numbers_and_booleans() -> None:
    """Sends variables with the types that they have."""
    given = {"a": "text", "b": 5, "c": 1.5, "d": True}

    assert required(variables=given) == {"variables": given}


def test_the_values_of_variables_are_secrets() -> None:
    """Hides what a program stores with a device."""
    assert secrets_of(required(product="TP", variables={"token": "s3cret", "size": 5})) == ("s3cret", "5")


def test_a_negative_count_gives_back() -> None:
    """Sends a negative number of uses as it is."""
    assert required(consumptions=-3) == {"consumptions": -3}


def test_every_parameter_is_described_in_a_sentence() -> None:
    """Has a text for docstrings and the command line that is a sentence."""
    assert [
        name for name, each in PARAMETERS.items() if not (each.about[0].isupper() and each.about.endswith("."))
    ] == []
