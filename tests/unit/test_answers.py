"""Answers that are no success become errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import (
    ApiError,
    InternalError,
    InvalidClient,
    LicenseNotFound,
    LicenseSpringError,
    RateLimited,
    ResponseError,
)
from licensespring_async.redaction import fingerprint
from licensespring_async.transport import HttpResponse
from licensespring_async.transport.failures import failure

from ..fakes import http_date
from . import bodies

NOW = 1_800_000_000.0
KEY = "license-key-0004"
USER = "robin@example.org"


def failed(status: int, body: bytes = b"", secrets: tuple[str, ...] = (), **headers: str) -> LicenseSpringError:
    """The error that an answer stands for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = failure(HttpResponse(status, named, body), secrets, NOW)
    assert error is not None
    return error


def api_failed(status: int, body: bytes = b"", secrets: tuple[str, ...] = (), **headers: str) -> ApiError:
    error = failed(status, body, secrets, **headers)
    assert isinstance(error, ApiError)
    return error


def test_no_content_is_a_success() -> None:
    """Returns None for a 204, and an error when it has content all the same."""
    assert failure(HttpResponse(204, {}, b""), (), NOW) is None
    assert type(failed(204, b"{}")) is ResponseError


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_is_no_error(status: int) -> None:
    """Returns None for a success, whatever its body."""
    assert failure(HttpResponse(status, {}, bodies.encoded(bodies.error("license_not_found"))), (), NOW) is None


def test_a_status_that_only_looks_like_success_is_an_error() -> None:
    """Takes no other 2xx for a success: 202 is a promise, 203 was changed on the way, 206 is a part."""
    for status in {*range(200, 300)} - {200, 201, 204}:
        assert type(failed(status)) is ResponseError


def test_a_code_twice_is_no_code() -> None:
    """Believes neither of two codes."""
    error = api_failed(400, b'{"status":400,"code":"license_not_found","code":"blacklisted","message":"no"}')

    assert (type(error), error.code) == (ApiError, "")


@pytest.mark.parametrize(
    "code",
    ["LicenseNotFound", "LicenseSpringError", "__class__", " license_not_found", "ok", "200"],
)
def test_only_documented_codes_name_a_class(code: str) -> None:
    """Makes a plain ApiError of a code that is not documented, whatever it reminds of."""
    assert type(api_failed(400, bodies.encoded(bodies.error(code)))) is ApiError


def test_the_documented_envelope() -> None:
    """Reads status, code and message of the documented envelope into the code's class."""
    error = api_failed(400, bodies.encoded(bodies.error("license_not_found", "No such license.")))

    assert type(error) is LicenseNotFound
    assert (error.status, error.code, error.message) == (400, "license_not_found", "No such license.")


def test_the_status_of_the_answer_counts() -> None:
    """Takes the status of HTTP, not the one that the body repeats."""
    assert api_failed(503, bodies.encoded(bodies.error("internal_error", status=200))).status == 503


@pytest.mark.parametrize("message", [None, 5, ["text"], {"text": "text"}])
def test_an_envelope_with_an_odd_message(message: object) -> None:
    """Keeps the code when the message is no text."""
    error = api_failed(400, bodies.encoded(bodies.error("license_not_found", message)))

    assert type(error) is LicenseNotFound
    assert error.message == ""


def test_an_envelope_without_a_message() -> None:
    """Keeps the code when there is no message."""
    assert type(api_failed(400, b'{"code":"license_not_found"}')) is LicenseNotFound


def test_the_envelope_of_the_token_endpoint() -> None:
    """Reads the shape of Keycloak's errors, which is that of RFC 6749, 5.2."""
    error = api_failed(401, b'{"error":"invalid_client","error_description":"Invalid client credentials"}')

    assert type(error) is InvalidClient
    assert error.message == "Invalid client credentials"


def test_the_documented_envelope_goes_first() -> None:
    """Prefers the documented envelope when a body has both."""
    body = {**bodies.error("license_not_found"), "error": "invalid_client"}

    assert type(api_failed(400, bodies.encoded(body))) is LicenseNotFound


def test_an_unknown_code_is_kept() -> None:
    """Surfaces a code that is not documented."""
    error = api_failed(409, bodies.encoded(bodies.error("brand_new_code", "New.")))

    assert type(error) is ApiError
    assert (error.status, error.code, error.message) == (409, "brand_new_code", "New.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"   \n", ""),
        (b"Bad gateway", "Bad gateway"),
        (b"<html>\r\n<h1>502 Bad Gateway</h1>\r\n</html>", "<html> <h1>502 Bad Gateway</h1> </html>"),
        (b'["license_not_found"]', '["license_not_found"]'),
        (b'"license_not_found"', '"license_not_found"'),
        (b"null", "null"),
        (b"{}", "{}"),
        (b'{"code":5,"message":"text"}', '{"code":5,"message":"text"}'),
        (b'{"code":null}', '{"code":null}'),
        (b'{"message":"text"}', '{"message":"text"}'),
        (b'{"code":"license_not', '{"code":"license_not'),
        ("Käse".encode(), "Käse"),
        (b"K\xe4se", "K\N{REPLACEMENT CHARACTER}se"),
        (b"one\x00two\x1b[2Jthree", "one two [2Jthree"),
    ],
)
@pytest.mark.parametrize("status", [400, 404, 502])
def test_any_other_body_is_shown(status: int, body: bytes, message: str) -> None:
    """Keeps the status and the text of a body that is no envelope, fit for a terminal."""
    error = api_failed(status, body)

    assert type(error) is ApiError
    assert (error.status, error.code, error.message) == (status, "", message)


def test_only_the_start_of_a_body_is_shown() -> None:
    """Shows the first 300 characters of a long body."""
    assert api_failed(502, b"x" * 5_000_000).message == "x" * 300 + "…"


def test_a_message_is_cut_and_cleaned_too() -> None:
    """Treats the message of an envelope as foreign text."""
    error = api_failed(400, bodies.encoded(bodies.error("license_not_found", "a\x1b[31m\nb" + "x" * 500)))

    assert error.message == "a [31m b" + "x" * 292 + "…"


def test_a_code_is_cut_and_cleaned_too() -> None:
    """Treats the code of an envelope as foreign text."""
    assert api_failed(400, bodies.encoded(bodies.error("\x1b[31m" + "x" * 500))).code == "[31m" + "x" * 296 + "…"


ECHOES = [
    bodies.encoded(bodies.error("license_not_found", f"No license {KEY} of {USER}.")),
    bodies.encoded({"error": "invalid_client", "error_description": f"{KEY} {USER}"}),
    f"Not found: {KEY} {USER}".encode(),
    f"{'x' * 290} {KEY} {USER}".encode(),
    bodies.encoded([KEY, USER]),
]


@pytest.mark.parametrize("body", ECHOES)
@pytest.mark.parametrize("status", [400, 429, 500])
def test_echoed_secrets_are_hidden(status: int, body: bytes) -> None:
    """Shows a fingerprint where the service echoes who was asked for."""
    error = failed(status, body, (KEY, USER))

    shown = f"{error} {error!r} {error.args}"
    assert fingerprint(KEY)[:5] in shown
    assert [secret for secret in (KEY, USER, KEY[:12]) if secret in shown] == []


@pytest.mark.parametrize("field", ["code", "error"])
def test_a_secret_in_a_code_is_hidden(field: str) -> None:
    """Shows a fingerprint where the service echoes a key in the error's code."""
    error = failed(400, bodies.encoded({field: f"unknown {KEY}"}), (KEY,))

    assert KEY not in f"{error} {error!r}"


def test_a_secret_in_an_echoed_address_is_hidden() -> None:
    """Hides a secret that is echoed as it was sent, percent-encoded in the request target."""
    error = failed(404, b"Cannot GET /api/v4/check_bundle?username=robin%40example.org", (USER,))

    assert "robin" not in str(error)


def test_a_secret_across_the_cut_is_hidden() -> None:
    """Hides a secret of which only the start is looked at."""
    secret = "K" * 50 + "-" + "L" * 59

    error = failed(502, secret.encode() * 19, (secret,))

    assert "KKKKKKKKKK" not in str(error)


@given(before=st.text(max_size=350), after=st.text(max_size=50), status=st.sampled_from([400, 401, 429, 500]))
def test_no_message_holds_a_secret(before: str, after: str, status: int) -> None:
    """Hides a secret at any place of any body."""
    error = failed(status, (before + KEY + after).encode(), (KEY,))

    assert KEY not in f"{error} {error!r}"


@pytest.mark.parametrize("status", [0, -1, 100, 101, 103, 199, 600, 999, 10**6])
def test_a_status_that_says_nothing(status: int) -> None:
    """Refuses a status that is neither success, redirect nor error."""
    error = failed(status, b"{}")

    assert isinstance(error, ResponseError)
    assert error.status == status
    assert f"HTTP status {status}" in str(error)


WAITS = [
    ("0", 0.0),
    ("7", 7.0),
    (" 120 ", 120.0),
    ("999999999999999", 999999999999999.0),
    (http_date(NOW + 90), 90.0),
    (http_date(NOW - 90), 0.0),
    ("Fri, 15 Jan 2027 08:01:30 -0000", 90.0),
    ("Fri, 15 Jan 2027 10:01:30 +0200", 90.0),
    ("", None),
    ("soon", None),
    ("-5", None),
    ("1.5", None),
    ("+5", None),
    ("1e3", None),
    ("nan", None),
    ("inf", None),
    ("-inf", None),
    ("0x10", None),
    ("1_000", None),
    ("\N{ARABIC-INDIC DIGIT FIVE}", None),
    ("\N{SUPERSCRIPT TWO}", None),
    ("9" * 16, None),
    ("9" * 5_000, None),
    ("5, 5", None),
    ("Fri, 15 Jan 999999999999 08:01:30 GMT", None),
    ("Fri, 45 Jan 2027 08:01:30 GMT", None),
    ("Fri, 15 Jan 2027 08:01:30 +9999", None),
    ("\x00", None),
]
each_wait = pytest.mark.parametrize(("header", "wait"), WAITS, ids=lambda value: repr(value)[:30])


@each_wait
def test_a_limited_answer_says_how_long_to_wait(header: str, wait: float | None) -> None:
    """Reads `Retry-After` of a 429 as seconds or as a date, and anything else as nothing."""
    error = failed(429, b"", retry_after=header)

    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


@each_wait
def test_other_errors_say_how_long_to_wait(header: str, wait: float | None) -> None:
    """Reads `Retry-After` of any other error too."""
    assert api_failed(503, b"", retry_after=header).retry_after == wait


def test_a_limited_answer_without_a_wait() -> None:
    """Knows no wait when the service names none."""
    error = failed(429, b"slow down")

    assert isinstance(error, RateLimited)
    assert (error.status, error.code, error.message, error.retry_after) == (429, "", "slow down", None)


def test_a_limited_answer_keeps_its_envelope() -> None:
    """Reads code and message of a 429 that has an envelope."""
    error = failed(429, bodies.encoded(bodies.error("too_many_requests", "Slow down.")))

    assert isinstance(error, RateLimited)
    assert (error.code, error.message) == ("too_many_requests", "Slow down.")


def test_an_internal_error_has_its_class() -> None:
    """Reads the documented code of a failure inside the service."""
    assert type(api_failed(500, bodies.encoded(bodies.error("internal_error")))) is InternalError


@given(
    status=st.integers(-1, 1000),
    headers=st.dictionaries(st.sampled_from(["retry-after", "location", "content-type"]), st.text(st.characters())),
    body=st.binary(),
)
def test_any_answer(status: int, headers: dict[str, str], body: bytes) -> None:
    """Makes an error of any answer but a success, and never fails itself."""
    error = failure(HttpResponse(status, headers, body), (KEY,), NOW)

    assert (error is None) == (status in (200, 201) or (status == 204 and body == b""))
