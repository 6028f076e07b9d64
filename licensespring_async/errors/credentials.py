"""Refused credentials: no license was checked.

Source: https://docs.licensespring.com/license-api/error-responses and the "List of exceptions" of each endpoint's page.
"""

from __future__ import annotations

from .base import AuthorizationError


class MissingHeaders(AuthorizationError, code="missing_headers"):
    """The `Date` or `Authorization` header did not arrive; look for a proxy that strips headers."""


class DateHeaderDiff(AuthorizationError, code="date_header_diff"):
    """The `Date` header is more than 15 minutes off the service's clock; set this machine's clock (NTP)."""


class AuthorizationInvalidHeaders(AuthorizationError, code="authorization_invalid_headers"):
    """The `Authorization` header names signed headers the service does not accept; look for a proxy rewriting it."""


class AuthorizationMissingParams(AuthorizationError, code="authorization_missing_params"):
    """The `Authorization` header lacks a part; look for a proxy rewriting it."""


class HmacRequired(AuthorizationError, code="hmac_required"):
    """The service wants HMAC-SHA256 signatures; use `ApiKey`, and look for a proxy rewriting the header."""


class InvalidApiKey(AuthorizationError, code="invalid_api_key"):
    """The service does not know this API key; check `api_key`, and that `base_url` is the right environment."""


class SignatureMismatch(AuthorizationError, code="signature_mismatch"):
    """The request's signature is wrong; check `shared_key`. (A wrong signature on an *answer* is a SignatureError.)"""


class OauthTokenExpired(AuthorizationError, code="oauth_token_expired"):
    """The access token has expired; a fresh one was refused too, so check this machine's clock."""


class OauthTokenMalformed(AuthorizationError, code="oauth_token_malformed"):
    """The service cannot read the access token; check that `token_url` and `base_url` belong together."""


class InvalidClient(AuthorizationError, code="invalid_client"):
    """The token endpoint does not accept the client; check `client_id` and `client_secret`."""


class UnauthorizedClient(AuthorizationError, code="unauthorized_client"):
    """The client may not use client credentials; enable its service account, or check `client_secret`."""
