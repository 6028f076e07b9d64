"""Arguments are checked before anything is sent, and sent exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ConfigurationError, InvalidParameter, LicenseSpring, endpoints
from licensespring_async.endpoints import check_bundle, check_license_feature, release_floating_feature
from licensespring_async.transport.values import Call

from .fakes import DEVICE, FEATURE, KEY, UnusedEngine

Endpoint = Callable[..., Call[Any]]

TEXTS = [
    *((check_license_feature, name) for name in ("product", "feature", "hardware_id", "license_key", "bundle_code")),
    *((check_bundle, name) for name in ("product", "hardware_id", "license_key", "env", "os_ver", "hostname")),
    *((check_bundle, name) for name in ("os_hostname", "ip", "ip_local", "app_ver", "sdk_ver", "mac_address")),
]
each_text = pytest.mark.parametrize(("endpoint", "name"), TEXTS)
each_endpoint = pytest.mark.parametrize("endpoint", [check_license_feature, check_bundle])


def arguments(endpoint: Endpoint, **changes: object) -> dict[str, object]:
    """Arguments that an endpoint accepts, with changes."""
    if endpoint is not check_bundle:
        return {**FEATURE, **changes}
    return {**DEVICE, **changes}


def refusal(endpoint: Endpoint, **changes: object) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as caught:
        endpoint(**arguments(endpoint, **changes))
    return caught.value


def query(call: Call[Any]) -> dict[str, str]:
    """The parameters of a call, as a server reads them."""
    pairs = parse_qsl(urlsplit(call.request.target).query, keep_blank_values=True, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


@each_text
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
def test_a_text_that_cannot_be_sent_is_refused(endpoint: Endpoint, name: str, value: object, problem: str) -> None:
    """Refuses a text that cannot be sent, and names the parameter."""
    error = refusal(endpoint, **{name: value})

    assert error.parameter == name
    assert problem in error.problem
    assert str(error) == f"{name}: {error.problem}"


IDENTIFIERS = [
    *((check_license_feature, name) for name in ("product", "feature", "hardware_id", "license_key", "bundle_code")),
    *((release_floating_feature, name) for name in ("product", "feature", "hardware_id", "license_key")),
    *((check_bundle, name) for name in ("product", "hardware_id", "license_key", "env")),
]


@pytest.mark.parametrize(("endpoint", "name"), IDENTIFIERS)
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
    ],
)
def test_an_identifier_with_something_unseen_is_refused(
    endpoint: Endpoint, name: str, value: str, problem: str
) -> None:
    """Says what crept into a key while it was copied, where the service would only not find it."""
    error = refusal(endpoint, **{name: value})

    assert error.parameter == name
    assert error.problem.startswith(problem)
    assert "KEY" not in str(error)


@pytest.mark.parametrize(
    "value",
    ["Ana Müller", "鍵", "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "a@b.example", "a|B", "x y  z"],
)
def test_an_identifier_may_be_any_text_that_can_be_seen(value: str) -> None:
    """Sends spaces inside a name, other scripts, and the joiners that are a part of their words."""
    call = check_bundle(product="APP", hardware_id="d", username=value)

    assert query(call)["username"] == value


def test_a_text_that_is_no_identifier_is_sent_as_it_is() -> None:
    """Leaves alone what only describes the device."""
    assert query(check_bundle(**DEVICE, os_ver=" Linux\u200b "))["os_ver"] == " Linux\u200b "


@each_endpoint
@pytest.mark.parametrize("name", ["product", "hardware_id"])
def test_none_for_a_required_text_is_refused(endpoint: Endpoint, name: str) -> None:
    """Refuses None for what must be given."""
    assert str(refusal(endpoint, **{name: None})) == f"{name}: must be a string, not NoneType"


@each_endpoint
@pytest.mark.parametrize("value", ["", " ", "a\nb", 5])
def test_a_bad_username_is_refused(endpoint: Endpoint, value: object) -> None:
    """Checks the user as it checks a key."""
    assert refusal(endpoint, license_key=None, username=value).parameter == "username"


@each_endpoint
def test_both_identities_are_refused(endpoint: Endpoint) -> None:
    """Refuses a key together with a user."""
    error = refusal(endpoint, username="robin@example.org")

    assert str(error) == "license_key / username: both were given; pass exactly one of them"


@each_endpoint
def test_no_identity_is_refused(endpoint: Endpoint) -> None:
    """Refuses to ask for nobody's license."""
    error = refusal(endpoint, license_key=None)

    assert str(error) == "license_key / username: neither was given; pass exactly one of them"


@each_endpoint
@pytest.mark.parametrize(
    ("value", "kind"), [(True, "bool"), (False, "bool"), ("5", "str"), (5.0, "float"), (5.9, "float"), ([5], "list")]
)
def test_a_license_id_is_an_integer(endpoint: Endpoint, value: object, kind: str) -> None:
    """Refuses an id that is no integer, a boolean included."""
    assert str(refusal(endpoint, license_id=value)) == f"license_id: must be an integer, not {kind}"


@each_endpoint
def test_an_endless_license_id_is_refused(endpoint: Endpoint) -> None:
    """Refuses an id that has too many digits to be written."""
    assert refusal(endpoint, license_id=10**5_000).parameter == "license_id"


@pytest.mark.parametrize("value", [1, 0, "true", "false", None.__class__, 1.0])
def test_a_flag_is_a_boolean(value: object) -> None:
    """Refuses a flag that is neither True nor False, whatever its truth."""
    error = refusal(check_bundle, include_expired_features=value)

    assert error.parameter == "include_expired_features"
    assert error.problem.startswith("must be True or False, not ")


def test_a_refusal_is_a_value_error_too() -> None:
    """Is both a ConfigurationError and the ValueError that other code expects for a bad value."""
    error = refusal(check_bundle, product="")

    assert isinstance(error, ValueError)
    assert isinstance(error, ConfigurationError)


@pytest.mark.parametrize("name", ["license_key", "hardware_id"])
@pytest.mark.parametrize("tail", ["\r", "\0", "\ud800"])
def test_a_refusal_never_shows_the_value(name: str, tail: str) -> None:
    """Says what is wrong with a value without showing it."""
    error = refusal(check_bundle, **{name: "SECRET" + tail})

    assert "SECRET" not in f"{error} {error!r} {error.args} {error.__cause__}"


@each_endpoint
@given(text=st.text(min_size=1).filter(str.strip))
def test_any_text_arrives_as_it_was(endpoint: Endpoint, text: str) -> None:
    """Encodes any text so that the server reads the very same, or refuses what cannot be sent or seen."""
    given = arguments(endpoint, product=text, hardware_id=text[::-1], license_key=text * 2)

    try:
        call = endpoint(**given)
    except InvalidParameter:
        assert not text.isprintable() or text != text.strip()
    else:
        assert query(call) == given


@each_endpoint
@given(text=st.text(min_size=1).filter(str.strip))
def test_a_target_is_plain_ascii(endpoint: Endpoint, text: str) -> None:
    """Sends nothing in a request target but letters, digits and what RFC 3986 leaves unreserved."""
    try:
        target = endpoint(**arguments(endpoint, product=text)).request.target
    except InvalidParameter:
        return
    assert set(target) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?&=%")


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["check_license_feature", "check_bundle"])
async def test_a_bad_call_sends_nothing(method: str) -> None:
    """Refuses a bad argument of a client's method before any request."""
    with pytest.warns(UserWarning, match="verify_signatures"):
        client = LicenseSpring(auth=KEY, engine=UnusedEngine(), verify_signatures=False)
    bad = arguments(getattr(endpoints, method), hardware_id="")

    with pytest.raises(InvalidParameter, match="hardware_id: is empty"):
        await getattr(client, method)(**bad)


@each_endpoint
def test_arguments_are_named(endpoint: Endpoint) -> None:
    """Takes no positional arguments, so that two texts are never swapped."""
    with pytest.raises(TypeError, match="positional"):
        endpoint("APP", "device-0003")
