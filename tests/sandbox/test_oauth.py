"""Authorization by OAuth client credentials."""

from __future__ import annotations

from base64 import b64encode

import httpx
import pytest

from licensespring_async.sandbox import License

from .calling import FEATURE, TOKEN, Caller, refusal

pytestmark = pytest.mark.anyio

Ask = dict[str, str | int]


def _form(caller: Caller, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": caller.sandbox.client_id,
        "client_secret": caller.sandbox.client_secret,
        **changes,
    }


async def _bearer(caller: Caller) -> dict[str, str]:
    token = (await caller.post_token(_form(caller))).json()["access_token"]
    return {"Date": caller.signed()["Date"], "Authorization": f"Bearer {token}"}


async def test_issues_a_token(caller: Caller) -> None:
    """Answers client credentials with a Bearer token that lasts 480 seconds."""
    response = await caller.post_token(_form(caller))
    answer = response.json()
    assert response.status_code == 200
    assert answer.pop("access_token")
    assert answer == {
        "expires_in": 480,
        "refresh_expires_in": 0,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "profile email",
    }


async def test_never_issues_a_token_twice(caller: Caller) -> None:
    """Issues a different token each time, even within one second."""
    assert (await _bearer(caller)) != (await _bearer(caller))


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
async def test_refuses_in_keycloaks_shape(caller: Caller, changes: dict[str, str], status: int, error: str) -> None:
    """Refuses a token request with Keycloak's object, not with the License API's envelope."""
    response = await caller.post_token(_form(caller, **changes))
    assert response.status_code == status
    assert set(response.json()) == {"error", "error_description"}
    assert response.json()["error"] == error


async def _ask_by_basic(caller: Caller, credentials: bytes, **form: str) -> httpx.Response:
    return await caller.http.post(
        f"{caller.sandbox.url}{TOKEN}",
        data={"grant_type": "client_credentials", **form},
        headers=[(b"Authorization", b"Basic " + credentials)],
    )


async def test_takes_the_credentials_from_http_basic(caller: Caller) -> None:
    """Issues a token to a client that sends its form-encoded credentials as OAuth libraries do, not in the form."""
    secret = caller.sandbox.client_secret
    encoded = f"{caller.sandbox.client_id}:%{ord(secret[0]):x}{secret[1:]}"
    assert (await _ask_by_basic(caller, b64encode(encoded.encode()))).status_code == 200


async def test_asks_for_http_basic(caller: Caller) -> None:
    """Refuses a wrong secret with the scheme that it expects, as RFC 6749 demands of a 401."""
    response = await _ask_by_basic(caller, b64encode(f"{caller.sandbox.client_id}:wrong".encode()))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"] == 'Basic realm="user-portal"'


@pytest.mark.parametrize("sent", [b"x", b"\xe9", b"Og==", b"/w=="])
async def test_refuses_basic_credentials_that_are_none(caller: Caller, sent: bytes) -> None:
    """Refuses what is not Base64 of an id and a secret with invalid_client, whatever the form has."""
    response = await _ask_by_basic(caller, sent, **_form(caller))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_refuses_a_form_that_repeats_a_field(caller: Caller) -> None:
    """Refuses a token request that gives a field twice with invalid_request."""
    response = await caller.http.post(f"{caller.sandbox.url}{TOKEN}", content=b"grant_type=a&grant_type=b")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_accepts_a_token(caller: Caller, license: License, ask: Ask) -> None:
    """Accepts a request that carries a token instead of a signature."""
    license.add_feature("render")
    assert (await caller.get(FEATURE, ask, await _bearer(caller))).status_code == 200


async def test_refuses_an_expired_token(caller: Caller) -> None:
    """Refuses a token from the second on at which it expires with oauth_token_expired."""
    headers = await _bearer(caller)
    caller.clock.advance(minutes=8)
    response = await caller.get(FEATURE, {}, headers)
    assert response.status_code == 401
    assert refusal(response) == "oauth_token_expired"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é"])
async def test_refuses_a_malformed_token(caller: Caller, token: str) -> None:
    """Refuses a token that it did not issue with oauth_token_malformed."""
    response = await caller.http.get(
        f"{caller.sandbox.url}{FEATURE}",
        headers=[
            (b"Date", caller.signed()["Date"].encode()),
            (b"Authorization", f"Bearer {token}x".encode("latin-1")),
        ],
    )
    assert refusal(response) == "oauth_token_malformed"


async def test_refuses_a_token_whose_claims_were_changed(caller: Caller) -> None:
    """Refuses a token whose claims were changed with oauth_token_malformed."""
    headers = await _bearer(caller)
    header, claims, signature = headers["Authorization"].split(".")
    headers["Authorization"] = ".".join([header, claims[:-1], signature])
    assert refusal(await caller.get(FEATURE, {}, headers)) == "oauth_token_malformed"


async def test_needs_a_date_beside_a_token(caller: Caller) -> None:
    """Refuses a token without a Date header with missing_headers."""
    headers = await _bearer(caller)
    del headers["Date"]
    assert refusal(await caller.get(FEATURE, {}, headers)) == "missing_headers"


async def test_discovers_the_token_url(caller: Caller) -> None:
    """Answers oauth_url without authorization with the address of its token endpoint."""
    response = await caller.get("/api/v4/oauth_url", {"login_type": "client_credentials"}, {})
    assert response.json() == {"url": f"{caller.sandbox.url}{TOKEN}", "login_type": "client_credentials"}


@pytest.mark.parametrize(("query", "code"), [("", "missing_parameters"), ("login_type=password", "validation_error")])
async def test_refuses_other_logins(caller: Caller, query: str, code: str) -> None:
    """Refuses oauth_url for a login type that is missing or unknown."""
    assert await caller.code("/api/v4/oauth_url", query) == code
