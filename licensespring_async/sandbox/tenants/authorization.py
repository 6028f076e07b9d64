"""Authorization of a request: an HMAC of its Date with an API key's secret, or an OAuth token.

Every documented form of the Authorization header is accepted: its parts in any order, with or without a space after
the comma, and with names in any case (`apikey`, `apiKey`).
https://docs.licensespring.com/license-api/license-api-authorization/api-key-authorization

If a request breaks several rules, it is refused for the first of: missing_headers, date_header_diff; with a token then
oauth_token_malformed, oauth_token_expired; with a key authorization_invalid_headers (malformed),
authorization_missing_params, hmac_required, authorization_invalid_headers (does not cover the date), invalid_api_key,
signature_mismatch.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256

import attrs

from ..wire.refusals import ServiceError
from .tenants import Tenant, Tenants
from .tokens import TokenIssuer

_TOLERANCE = timedelta(minutes=15)
_PART = re.compile(r'\s*([A-Za-z]+)\s*=\s*"([^"]*)"\s*(?:,|$)')
_REQUIRED_PARTS = ("headers", "signature", "apikey")


@attrs.frozen(kw_only=True)
class Authorizer:
    """Accepts requests that a tenant's API key signed, or that carry a token of the issuer."""

    tenants: Tenants
    tokens: TokenIssuer

    def authorize(self, headers: Mapping[str, str], now: datetime) -> Tenant:
        """Return the tenant of an authorized request.

        Args:
            headers: The headers, by lower-case name.
            now: The sandbox's time.

        Raises:
            ServiceError: The request is not authorized.
        """
        date = headers.get("date", "").strip()
        authorization = headers.get("authorization", "").strip()
        if not date or not authorization:
            raise ServiceError("missing_headers")
        _check_date(date, now)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self.tokens.check(token.strip(), now)
        return self._signer_of(_parts(authorization), date)

    def company_of(self, authorization: str, now: datetime) -> str:
        """Return the company of an Authorization header, for its rate counters; "" if there is none."""
        scheme, _, token = authorization.strip().partition(" ")
        try:
            if scheme.lower() == "bearer":
                return self.tokens.check(token.strip(), now).api_key
            return _parts(authorization.strip()).get("apikey", "")
        except ServiceError:
            return ""

    def _signer_of(self, parts: Mapping[str, str], date: str) -> Tenant:
        if any(not parts.get(name) for name in _REQUIRED_PARTS):
            raise ServiceError("authorization_missing_params")
        if parts.get("algorithm", "hmac-sha256").lower() != "hmac-sha256":
            raise ServiceError("hmac_required")
        if parts["headers"].lower() != "date":
            raise ServiceError("authorization_invalid_headers")
        tenant = self.tenants.of_api_key(parts["apikey"])
        if tenant is None:
            raise ServiceError("invalid_api_key")
        if not hmac.compare_digest(parts["signature"].encode(), signature(tenant.shared_key, date).encode()):
            raise ServiceError("signature_mismatch")
        return tenant


def credential_of(headers: Mapping[str, str]) -> str:
    """Return the text that a device's TPM key signs: the request's signature, or its date and token."""
    authorization = headers["authorization"].strip()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return headers["date"].strip() + token.strip()
    return _parts(authorization)["signature"]


def signature(shared_key: str, date: str) -> str:
    """Sign the value of a Date header; the signature does not cover path, query and body.

    https://docs.licensespring.com/license-api/license-api-authorization/request-signature
    """
    text = f"licenseSpring\ndate: {date}"
    return b64encode(hmac.digest(shared_key.encode(), text.encode(), sha256)).decode()


def _check_date(text: str, now: datetime) -> None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError) as error:
        raise ServiceError("date_header_diff", "The Date header is not an RFC 7231 date.") from error
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    if abs(date - now) > _TOLERANCE:
        raise ServiceError("date_header_diff")


def _parts(authorization: str) -> Mapping[str, str]:
    parts: dict[str, str] = {}
    position = 0
    while position < len(authorization):
        match = _PART.match(authorization, position)
        if match is None:
            raise ServiceError("authorization_invalid_headers")
        parts[match[1].lower()] = match[2]
        position = match.end()
    return parts
