"""Arguments are checked before anything is sent, and sent exactly."""

from __future__ import annotations

import inspect
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from licensespring_async import ConfigurationError, InvalidParameter, endpoints
from licensespring_async.endpoints.parameters import (
    LONGEST_DOCUMENT,
    LONGEST_TEXT,
    LONGEST_TOKEN,
    MOST_VARIABLES,
    PARAMETERS,
    boolean,
    document,
    identifier,
    integer,
    secrets_of,
    text,
    token,
    variables,
)
from licensespring_async.endpoints.requests import required, who_activates
from licensespring_async.models.identifiers import IGNORABLE
from licensespring_async.transport.values import Call

from ..fakes import ScriptedEngine, client
from .cases import arguments

each_endpoint = pytest.mark.parametrize("endpoint", endpoints.__all__)
TEXTS = [name for name, each in PARAMETERS.items() if each.check in (text, identifier, token, document)]
IDS = [name for name, each in PARAMETERS.items() if each.check is integer]
FLAGS = [name for name, each in PARAMETERS.items() if each.check is boolean]
ASKING = ["check_license", "check_bundle", "check_license_feature", "deactivate_license", "add_consumption", "versions"]
ACTING = ["activate_license", "activate_bundle", "borrow_floating_license", "borrow_floating_feature"]


def refusal(endpoint: str, **changes: object) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as caught:
        getattr(endpoints, endpoint)(**arguments(endpoint, **changes))
    return caught.value


def refused(name: str, value: object) -> InvalidParameter:
    """What a value is refused with."""
    try:
        required(**{name: value})
    except InvalidParameter as error:
        return error
    raise AssertionError(f"{name}: {value!r} is taken")


def sent(made: Call[Any]) -> dict[str, Any]:
    """The parameters of a call, as a server reads them."""
    if made.request.body is not None:
        fields: dict[str, Any] = json.loads(made.request.body)
        return fields
    pairs = parse_qsl(urlsplit(made.request.target).query, keep_blank_values=True, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def parameters(endpoint: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(getattr(endpoints, endpoint)).parameters)


@each_endpoint
def test_every_parameter_is_in_the_table(endpoint: str) -> None:
    """Takes no argument that the table of parameters does not have, but for the TPM."""
    assert parameters(endpoint).keys() - PARAMETERS.keys() <= {"tpm"}


@each_endpoint
def test_none_for_what_must_be_given_is_refused(endpoint: str) -> None:
    """Refuses None for an argument without a default, by its name."""
    for name, parameter in parameters(endpoint).items():
        if parameter.default is inspect.Parameter.empty:
            assert refusal(endpoint, **{name: None}).parameter == name


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
        pytest.param(None, "must be a string, not NoneType", id="nothing"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(value: object, problem: str) -> None:
    """Refuses a text that cannot be sent, wherever an endpoint takes one, and names the parameter."""
    for name in TEXTS:
        error = refused(name, value)
        assert error.parameter == name
        assert problem in error.problem
        assert str(error) == f"{name}: {error.problem}"


LONGER = {"id_token": LONGEST_TOKEN, "code": LONGEST_TOKEN, "request": LONGEST_DOCUMENT}


NAMES = [name for name, each in PARAMETERS.items() if each.check is identifier]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (" KEY-1", "has white space around it; remove it"),
        ("KEY-1 ", "has white space around it; remove it"),
        ("\tKEY-1", "has white space around it; remove it"),
        ("KEY-1\N{NO-BREAK SPACE}", "has white space around it; remove it"),
        ("\N{IDEOGRAPHIC SPACE}KEY-1", "has white space around it; remove it"),
        ("KEY\u200b-1", "contains U+200B (ZERO WIDTH SPACE), which cannot be seen"),
        ("\ufeffKEY-1", "contains U+FEFF (ZERO WIDTH NO-BREAK SPACE), which cannot be seen"),
        ("KEY-1\u2060", "contains U+2060 (WORD JOINER), which cannot be seen"),
        ("KEY\u00ad-1", "contains U+00AD (SOFT HYPHEN), which cannot be seen"),
        ("KEY\u200d1", "contains U+200D (ZERO WIDTH JOINER), which cannot be seen"),
        ("\u202dKEY-1\u202c", "contains U+202D (LEFT-TO-RIGHT OVERRIDE), which cannot be seen"),
        ("\x1b[200~KEY-1", "contains U+001B (a control character), which cannot be seen"),
        ("KEY\u2028-1", "contains U+2028 (LINE SEPARATOR), which cannot be seen"),
        ("KEY\u3164-1", "contains U+3164 (HANGUL FILLER), which cannot be seen"),
        ("KEY\ufe0f-1", "contains U+FE0F (VARIATION SELECTOR-16), which cannot be seen"),
        ("SCHLÜ\ufe0fSSEL", "contains U+FE0F (VARIATION SELECTOR-16), which cannot be seen"),
        ("KEY\U000e0100-1", "contains U+E0100 (VARIATION SELECTOR-17), which cannot be seen"),
        ("KEY\u180b-1", "contains U+180B (MONGOLIAN FREE VARIATION SELECTOR ONE), which cannot be seen"),
        ("KEY\u17b4-1", "contains U+17B4 (KHMER VOWEL INHERENT AQ), which cannot be seen"),
        ("KEY\u2065-1", "contains U+2065 (a character without a name), which cannot be seen"),
    ],
)
def test_an_identifier_with_something_unseen_is_refused(value: str, problem: str) -> None:
    """Says what crept into a key while it was copied, where the service would only not find it."""
    for name in NAMES:
        error = refused(name, value)
        assert error.parameter == name
        assert error.problem.startswith(problem)
        assert "KEY" not in str(error)


@pytest.mark.parametrize(
    "value",
    [
        "Ana Müller",
        "鍵",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "a@b.example",
        "a|B",
        "x y  z",
        "\u2764\ufe0f",
        "\u2764\ufe0f\u200d\U0001f525 1\ufe0f\u20e3",
    ],
)
def test_an_identifier_may_be_any_text_that_can_be_seen(value: str) -> None:
    """Sends spaces inside a name, other scripts, and the joiners and selectors that are a part of words and emoji."""
    made = endpoints.check_bundle(product="APP", hardware_id="d", username=value)

    assert sent(made)["username"] == value


def test_a_text_that_is_no_identifier_is_sent_as_it_is() -> None:
    """Leaves alone what only describes the device."""
    made = endpoints.check_bundle(**arguments("check_bundle", os_ver=" Linux\u200b "))

    assert sent(made)["os_ver"] == " Linux\u200b "


@pytest.mark.parametrize("letter", ["a", "é", " "])
def test_a_text_has_a_greatest_length(letter: str) -> None:
    """Refuses what is longer than can be sent, wherever an endpoint takes a text, and says how long it may be."""
    for name in TEXTS:
        with pytest.raises(InvalidParameter) as caught:
            required(**{name: letter * (LONGEST_DOCUMENT + 1)})
        assert caught.value.parameter == name
        longest = LONGER.get(name, LONGEST_TEXT)
        assert caught.value.problem == f"has 65,537 characters; at most {longest:,} can be sent"


@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_text_may_be_as_long_as_it_may_be(letter: str) -> None:
    """Takes a text of the greatest length."""
    for name, parameter in PARAMETERS.items():
        if parameter.check in (text, identifier, token, document):
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


@pytest.mark.parametrize("value", [True, "5", 5.0, [5], -1, 2**63, pytest.param(10**5_000, id="endless")])
def test_an_id_is_one_that_the_service_can_have(value: object) -> None:
    """Refuses an id that is no whole number, a boolean included, or is negative or has more than 63 bits."""
    for name in IDS:
        assert refused(name, value).parameter == name


@pytest.mark.parametrize("value", [1, 0, "true", "false", None.__class__, 1.0])
def test_a_flag_is_a_boolean(value: object) -> None:
    """Refuses a flag that is neither True nor False, whatever its truth."""
    for name in FLAGS:
        error = refused(name, value)
        assert error.parameter == name
        assert error.problem.startswith("must be True or False, not ")


@pytest.mark.parametrize("endpoint", ASKING)
def test_exactly_one_identity_asks(endpoint: str) -> None:
    """Refuses a key together with a user, and neither."""
    names = "license_key / username"

    assert str(refusal(endpoint, username="robin")) == f"{names}: both were given; pass exactly one of them"
    assert str(refusal(endpoint, license_key=None)) == f"{names}: neither was given; pass exactly one of them"


@pytest.mark.parametrize("endpoint", ACTING)
def test_exactly_one_identity_acts(endpoint: str) -> None:
    """Refuses two ways of naming a license to act on, and none."""
    assert refusal(endpoint, username="robin", password="p").parameter == "license_key / username"
    assert refusal(endpoint, license_key=None).problem.startswith("none was given; pass exactly one of license_key")


NOBODY: dict[str, Any] = dict.fromkeys(inspect.signature(who_activates).parameters)


@pytest.mark.parametrize(
    ("given", "parameter", "problem"),
    [
        ({"username": "robin"}, "password", "is missing; username needs it"),
        ({"id_token": "t"}, "customer_account_code", "is missing; id_token needs it"),
        ({"code": "c"}, "customer_account_code", "is missing; code needs it"),
        ({"password": "p"}, "license_key / username / id_token / code", "none was given"),
        ({"license_key": "k", "password": "p"}, "password", "does not go with license_key; it goes with username"),
        ({"license_key": "k", "customer_account_code": "a"}, "customer_account_code", "does not go with license_key"),
        ({"license_key": "k", "redirect_uri": "https://x"}, "redirect_uri", "does not go with license_key"),
        ({"id_token": "t", "code": "c", "customer_account_code": "a"}, "id_token / code", "several were given"),
        ({"id_token": "t", "customer_account_code": "a", "password": "p"}, "password", "does not go with id_token"),
    ],
)
def test_half_a_pair_is_refused(given: dict[str, object], parameter: str, problem: str) -> None:
    """Names the half that is missing, or that goes with something else."""
    with pytest.raises(InvalidParameter) as caught:
        who_activates(**{**NOBODY, **given})

    assert caught.value.parameter == parameter
    assert problem in caught.value.problem


def test_a_users_licenses_are_not_asked_for_by_key() -> None:
    """Refuses to list the licenses of nobody."""
    with pytest.raises(InvalidParameter, match="username / id_token / code"):
        endpoints.user_licenses(product="APP")


def test_a_single_sign_on_gives_a_code_or_a_token() -> None:
    """Refuses another response type, which the service would refuse too."""
    with pytest.raises(InvalidParameter, match="response_type: must be 'code' or 'token'"):
        endpoints.sso_url(product="APP", customer_account_code="EXG", response_type="implicit")


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


@pytest.mark.parametrize("endpoint", ["check_license_feature", "deactivate_license"])
@example(text="\u034f")
@given(text=st.text(min_size=1).filter(str.strip))
def test_any_text_arrives_as_it_was(endpoint: str, text: str) -> None:
    """Encodes any text so that the server reads the very same, or refuses what cannot be sent or seen."""
    given = arguments(endpoint, product=text, hardware_id=text[::-1], license_key=text * 2)

    try:
        made: Call[Any] = getattr(endpoints, endpoint)(**given)
    except InvalidParameter:
        is_filled = any(IGNORABLE.match(each) for each in text)  # some of them are printable, says Python
        assert is_filled or not text.isprintable() or text != text.strip()
    else:
        assert sent(made) == given


@given(text=st.text(min_size=1).filter(str.strip))
def test_a_target_is_plain_ascii(text: str) -> None:
    """Sends nothing in a request target but letters, digits and what RFC 3986 leaves unreserved."""
    try:
        target = endpoints.check_license(**arguments("check_license", product=text)).request.target
    except InvalidParameter:
        return
    assert set(target) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?&=%")


@pytest.mark.anyio
@pytest.mark.parametrize("endpoint", [name for name in endpoints.__all__ if "hardware_id" in parameters(name)])
async def test_a_bad_call_sends_nothing(endpoint: str) -> None:
    """Refuses a bad argument of a client's method before any request."""
    engine = ScriptedEngine()

    with pytest.raises(InvalidParameter):
        await getattr(client(engine), endpoint)(**arguments(endpoint, hardware_id=""))
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
        ("borrowed_until", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), "must be within the years"),
        ("consumptions", 1.0, "must be an integer, not float"),
        ("consumptions", True, "must be an integer, not bool"),
        ("consumptions", 2**63, "at most 63 bits"),
        ("variables", {}, "at least one"),
        ("variables", [("a", 1)], "must be a mapping"),
        ("variables", {"": 1}, "is empty"),
        ("variables", {1: 1}, "its names must be strings, not int"),
        ("variables", {"a": None}, "must be a string, a number or a boolean, not NoneType"),
        ("variables", {"a": math.nan}, "must be a finite number"),
        ("variables", {"a": Fraction(10**400, 3)}, "must be a finite number"),
        ("variables", {"a": [1]}, "must be a string, a number or a boolean, not list"),
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
    """Hides the texts that a program stores with a device."""
    assert secrets_of(required(product="TP", variables={"token": "s3cret", "size": 5})) == ("s3cret",)


def test_a_negative_count_gives_back() -> None:
    """Sends a negative number of uses as it is."""
    assert required(consumptions=-3) == {"consumptions": -3}


def test_every_parameter_is_described_in_a_sentence() -> None:
    """Has a text for docstrings and the command line that is a sentence."""
    assert [
        name for name, each in PARAMETERS.items() if not (each.about[0].isupper() and each.about.endswith("."))
    ] == []
