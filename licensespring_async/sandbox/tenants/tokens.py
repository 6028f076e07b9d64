"""OAuth 2.0 client credentials: the token endpoint's answers and tokens.

Answers and errors have Keycloak's format, not the License API's.
https://docs.licensespring.com/license-api/license-api-authorization/oauth-authorization
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from datetime import datetime
from urllib.parse import unquote_plus

import attrs

from ..wire.jsontext import JsonObject
from ..wire.jwt import TokenKey
from ..wire.parameters import Values
from ..wire.refusals import ServiceError
from .tenants import Tenant, Tenants

TOKEN_PATH = "/realms/user-portal/protocol/openid-connect/token"  # noqa: S105 - a path, not a password


class TokenError(Exception):
    """The refusal of a token request, in Keycloak's format."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


@attrs.frozen(kw_only=True)
class TokenIssuer:
    """Issues tokens for the tenants' OAuth clients; a token contains its client and its expiry, and is not stored."""

    tenants: Tenants
    lifetime: int
    _key: TokenKey = attrs.field(factory=TokenKey, init=False, repr=False)

    def answer(self, form: Values, authorization: str, now: datetime) -> JsonObject:
        """Answer a token request, or raise TokenError; `lifetime` (seconds) becomes `expires_in`."""
        if "grant_type" not in form:
            raise TokenError(400, "invalid_request", "Missing form parameter: grant_type")
        if form["grant_type"] != "client_credentials":
            raise TokenError(400, "unsupported_grant_type", "Unsupported grant_type")
        client_id, secret = _credentials(form, authorization)
        tenant = self.tenants.of_client_id(client_id)
        if tenant is None or not hmac.compare_digest(secret.encode(), tenant.client_secret.encode()):
            raise TokenError(401, "invalid_client", "Invalid client or Invalid client credentials")
        return {
            "access_token": self._issue(client_id, now),
            "expires_in": self.lifetime,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": "profile email",
        }

    def check(self, token: str, now: datetime) -> Tenant:
        """Return the tenant of a valid token.

        Raises:
            ServiceError: oauth_token_malformed or oauth_token_expired.
        """
        claims = self._key.read(token)
        tenant = None if claims is None else self.tenants.of_client_id(claims["azp"])
        if claims is None or tenant is None:
            raise ServiceError("oauth_token_malformed")
        if now.timestamp() >= claims["exp"]:
            raise ServiceError("oauth_token_expired")
        return tenant

    def _issue(self, client_id: str, now: datetime) -> str:
        issued_at = int(now.timestamp())
        return self._key.issue({"exp": issued_at + self.lifetime, "iat": issued_at, "azp": client_id})


def _credentials(form: Values, authorization: str) -> tuple[str, str]:
    """Return the id and the secret of a client, from HTTP Basic (RFC 6749, 2.3.1) or from the form."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
