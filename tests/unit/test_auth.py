"""Credentials sign requests, and never show themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ApiKey, ClientCredentials, ConfigurationError
from licensespring_async.auth import imf_fixdate, is_loopback, require_secure
from licensespring_async.redaction import fingerprint

DATE = "Tue, 07 Jun 2011 20:51:35 GMT"
DOCUMENTED = ApiKey(api_key="afce72fb-2fba-4e75", shared_key="kw4qSnpSwXzgiv5yxYpZZmFEd9QAeiKTQ6OuyMja")
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1)


def test_the_documented_signature() -> None:
    """Computes the signature of the documented example.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/request-signature
    """
    assert DOCUMENTED.sign(DATE) == "UDysfR6MndUZReo07Y9r+vErn8vSxrnQ5ulit18iJ/Q="


def test_the_documented_header() -> None:
    """Writes the header as it is documented."""
    assert DOCUMENTED.authorization(DATE) == (
        'algorithm="hmac-sha256", headers="date", signature="UDysfR6MndUZReo07Y9r+vErn8vSxrnQ5ulit18iJ/Q=", '
        'apikey="afce72fb-2fba-4e75"'
    )


@given(api_key=PRINTABLE, shared_key=PRINTABLE, timestamp=st.integers(0, 2**34))
def test_any_key_signs_the_date(api_key: str, shared_key: str, timestamp: int) -> None:
    """Signs two lines, a fixed word and the date, with the shared key."""
    date = imf_fixdate(timestamp)
    digest = hmac.digest(shared_key.encode(), b"licenseSpring\ndate: " + date.encode(), hashlib.sha256)

    signed = ApiKey(api_key=api_key, shared_key=shared_key).authorization(date)

    assert f'signature="{base64.b64encode(digest).decode()}"' in signed
    assert signed.endswith(f', apikey="{api_key}"')


def test_the_shared_key_never_travels() -> None:
    """Puts no shared key into the header."""
    assert DOCUMENTED.shared_key not in DOCUMENTED.authorization(DATE)


@pytest.mark.parametrize(
    ("timestamp", "date"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1307479895, DATE),
        (1307479895.999, DATE),
        (1709164800, "Thu, 29 Feb 2024 00:00:00 GMT"),
    ],
)
def test_a_date_header_is_an_imf_fixdate(timestamp: float, date: str) -> None:
    """Writes dates as RFC 9110 wants them: English, GMT, whole seconds."""
    assert imf_fixdate(timestamp) == date


@pytest.mark.parametrize(
    "api_key",
    [
        'with"quote',
        "with\\backslash",
        "with space",
        "with\ttab",
        "with\nline",
        "with\rreturn",
        "with\0nul",
        "schlüssel",
    ],
)
def test_a_key_that_no_header_can_carry_is_refused(api_key: str) -> None:
    """Refuses an API key that could break out of its header."""
    with pytest.raises(ConfigurationError, match=r"^api_key: "):
        ApiKey(api_key=api_key, shared_key="shared")


FIELDS = [
    (ApiKey, "api_key"),
    (ApiKey, "shared_key"),
    (ClientCredentials, "client_id"),
    (ClientCredentials, "client_secret"),
]


@pytest.mark.parametrize(("kind", "name"), FIELDS)
@pytest.mark.parametrize(
    "value", ["", None, b"bytes", 5, " SECRET", "SECRET\n", "SECRET\ufeff", "SEC\u200bRET", "SECRET" * 1_000]
)
def test_a_credential_that_cannot_be_right_is_refused(
    kind: type[ApiKey | ClientCredentials], name: str, value: object
) -> None:
    """Refuses a credential that is empty or was copied with white space, by its name and not its value."""
    names = ("api_key", "shared_key") if kind is ApiKey else ("client_id", "client_secret")
    given = {**dict.fromkeys(names, "good"), name: value}

    with pytest.raises(ConfigurationError, match=f"^{name}: ") as caught:
        kind(**given)  # type: ignore[arg-type]

    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), FIELDS[1:])
def test_a_credential_that_is_no_text_is_refused(kind: type[ApiKey | ClientCredentials], name: str) -> None:
    """Refuses a lone surrogate at once, instead of failing on every call with an error that holds the secret."""
    names = ("api_key", "shared_key") if kind is ApiKey else ("client_id", "client_secret")

    with pytest.raises(ConfigurationError, match=name):
        kind(**{**dict.fromkeys(names, "good"), name: "SECRET\udcff"})


def test_the_repr_of_a_key_holds_neither_part() -> None:
    """Shows a fingerprint in place of the key."""
    key = ApiKey(api_key="visible-key", shared_key="hidden-key")

    assert repr(key) == str(key) == f"ApiKey({fingerprint('visible-key')})"


def test_the_repr_of_client_credentials_holds_neither_part() -> None:
    """Shows a fingerprint in place of the client."""
    client = ClientCredentials(client_id="visible-id", client_secret="hidden-secret")

    assert repr(client) == str(client) == f"ClientCredentials({fingerprint('visible-id')})"


@pytest.mark.parametrize("name", ["api_key", "shared_key"])
def test_a_key_cannot_be_changed(name: str) -> None:
    """Refuses to be edited: whoever holds a key holds that key."""
    with pytest.raises(AttributeError):
        setattr(ApiKey(api_key="a", shared_key="b"), name, "c")


def test_client_credentials_ask_for_a_token() -> None:
    """Writes the form of a client credentials request, percent-encoded.

    Source: RFC 6749, 4.4.2
    """
    form = ClientCredentials(client_id="id", client_secret="a&b=c d+e/ü").token_request_body()

    assert form.isascii()
    assert parse_qs(form.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["a&b=c d+e/ü"],
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://auth.example.org/realms/x/token",
        "https://auth.example.org:8443/token?realm=x",
        "http://localhost:8080/token",
        "http://LOCALHOST/token",
        "http://127.0.0.1:8080/token",
        "http://127.8.9.10/token",
        "http://[::1]:8080/token",
    ],
)
def test_a_safe_token_url(url: str) -> None:
    """Takes https, and plain http to this very machine."""
    assert ClientCredentials(client_id="id", client_secret="s", token_url=url).token_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example.org/token",
        "http://localhost.example.org/token",
        "http://127.0.0.1.example.org/token",
        "http://192.168.0.1/token",
        "http://[::2]/token",
        "http://0.0.0.0/token",
        "HTTP://AUTH.EXAMPLE.ORG/token",
    ],
)
def test_a_token_url_in_the_clear_is_refused(url: str) -> None:
    """Refuses to send the secret over plain http to another machine, however much its name looks like this one."""
    with pytest.raises(ConfigurationError, match=r"^token_url: "):
        ClientCredentials(client_id="id", client_secret="s", token_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "auth.example.org/token",
        "//auth.example.org/token",
        "https://",
        "https:///token",
        "ftp://auth.example.org/token",
        "file:///etc/passwd",
        "https://auth.example.org/to ken",
        "https://auth.example.org/\ntoken",
        "https://auth.example.org/\x00",
        "https://auth.example.org:99999/token",
        "https://auth.example.org:x/token",
        "https://[::1/token",
        "https://robin:SECRET@auth.example.org/token",
        "https://auth.example.org@evil.example/token",
        "https://auth.example.org/token#part",
    ],
)
def test_a_token_url_that_is_none_is_refused(url: str) -> None:
    """Refuses what is no absolute URL, by its name and not its value."""
    with pytest.raises(ConfigurationError, match=r"^token_url: ") as caught:
        ClientCredentials(client_id="id", client_secret="s", token_url=url)

    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(url=st.text() | st.text(alphabet="htps:/@[]#?.%0129 a").map("https://".__add__))
def test_any_text_for_a_url(url: str) -> None:
    """Accepts a text as a URL, or raises ConfigurationError, and nothing else."""
    try:
        require_secure("url", url)
    except ConfigurationError:
        return
    assert url[:4].lower() == "http"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("127.0.0.1.example.org", False),
        ("128.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("example.org", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, loopback: bool) -> None:
    """Knows the names and addresses of this very machine."""
    assert is_loopback(host) is loopback
