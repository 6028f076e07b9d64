"""Single sign-on: the tokens and codes of users who have logged in.

The identity provider is a stand-in, and its page asks for no password. A code works once, within a minute; a token
works for five minutes.
https://docs.licensespring.com/license-api/single-sign-on-url
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

import attrs

from ...wire.jwt import TokenKey
from ...wire.refusals import ServiceError

Kind: TypeAlias = Literal["access", "id", "code"]

SECONDS: Final[dict[Kind, int]] = {"access": 300, "id": 300, "code": 60}


@attrs.define
class SignOn:
    """The tokens and codes of users who have logged in."""

    _key: TokenKey = attrs.field(factory=TokenKey, init=False, repr=False)
    _spent: set[str] = attrs.field(factory=set[str], init=False, repr=False)

    def issue(self, kind: Kind, username: str, *, company: int, account: str, now: datetime) -> str:
        """Return a token or a code for a user who logged in to a customer account."""
        issued_at = int(now.timestamp())
        return self._key.issue(
            {
                "exp": issued_at + SECONDS[kind],
                "iat": issued_at,
                "typ": kind,
                "azp": "license-users",
                "preferred_username": username,
                "company": company,
                "account": account,
            }
        )

    def username(self, text: str, kind: Kind, *, company: int, account: str, now: datetime) -> str:
        """Return the user of a token or code; a code cannot be used again.

        Raises:
            ServiceError: It is invalid, expired, used already, or for another account.
        """
        claims = self._key.read(text)
        if claims is None or (claims["company"], claims["account"]) != (company, account):
            raise ServiceError("validation_error", "The sign-on is not for this customer account.")
        if claims["typ"] != kind:
            raise ServiceError("validation_error", f"Send the {kind} of the sign-on, not its {claims['typ']}.")
        if now.timestamp() >= claims["exp"] or claims["jti"] in self._spent:
            raise ServiceError("validation_error", "The sign-on has expired or was already used; log in again.")
        if kind == "code":
            self._spent.add(claims["jti"])
        username: str = claims["preferred_username"]
        return username
