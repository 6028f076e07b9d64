"""Single sign-on: where users log in, and the tokens and codes that they come back with.

The provider is a stand-in: its page asks for no password. A code is good once and for a minute, a token for five.
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
        """Return whose token or code it is, and spend a code.

        Raises:
            ServiceError: It is not good, not any more, or not for this account.
        """
        claims = self._key.read(text)
        if claims is None or (claims["company"], claims["account"]) != (company, account):
            raise ServiceError("validation_error", "The sign-on is not of this customer account.")
        if claims["typ"] != kind:
            raise ServiceError("validation_error", f"Send the {kind} of the sign-on, not its {claims['typ']}.")
        if now.timestamp() >= claims["exp"] or claims["jti"] in self._spent:
            raise ServiceError("validation_error", "The sign-on has expired, or was used; log in again.")
        if kind == "code":
            self._spent.add(claims["jti"])
        username: str = claims["preferred_username"]
        return username
