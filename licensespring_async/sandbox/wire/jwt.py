"""JSON Web Tokens (RFC 7519) signed with HMAC-SHA256; they are not stored."""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import attrs

from .jsontext import JsonObject, encode


@attrs.frozen
class TokenKey:
    """A key that issues and verifies tokens."""

    _key: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), init=False, repr=False)

    def issue(self, claims: JsonObject) -> str:
        """Return a token with these claims and a jti, so that two tokens of the same second differ."""
        header = encode({"alg": "HS256", "typ": "JWT"})
        signed = f"{_base64(header)}.{_base64(encode({**claims, 'jti': secrets.token_hex(8)}))}"
        return f"{signed}.{self._signature(signed)}"

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token; None if this key did not issue it."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        # The signature proves that we wrote these claims, so they need no validation.
        claims: dict[str, Any] = json.loads(_unbase64(signed.partition(".")[2]))
        return claims

    def _signature(self, signed: str) -> str:
        return _base64(hmac.digest(self._key, signed.encode(), sha256))


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
