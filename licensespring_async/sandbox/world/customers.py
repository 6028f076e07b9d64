"""Customers and users, as answers about licenses show them."""

from __future__ import annotations

from typing import Final

import attrs

from ..spelling import strict, text_or_empty
from ..state.places import Home
from ..wire.jsontext import JsonObject, json_object

_READ: Final = "SELECT password, is_initial FROM user WHERE tenant = :tenant AND username = :username"
_WRITE: Final = (
    "INSERT OR REPLACE INTO user (tenant, username, password, is_initial)"
    " VALUES (:tenant, :username, :password, :is_initial)"
)


@strict
@attrs.frozen(kw_only=True)
class CustomerAccount:
    """The account of a customer."""

    id: int
    name: str
    code: str


@strict
@attrs.frozen(kw_only=True)
class Customer:
    """The buyer of a license; an unset text is "", as in the service's answers."""

    email: str = ""
    company_name: str = ""
    reference: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    city: str = ""
    postcode: str = ""
    state: str = ""
    country: str = ""
    address: str = ""
    customer_account: CustomerAccount | None = None
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object)

    @property
    def account_code(self) -> str | None:
        """The code of the customer's account, if there is one."""
        return None if self.customer_account is None else self.customer_account.code


@strict
@attrs.define(eq=False)
class User:
    """A user of user-based licenses.

    Args:
        email: E-mail address.
        username: Identifies the user in requests; the e-mail address by default. It may have a `|SUFFIX`.
        password: Password that activations must send; None accepts any.
        is_initial_password: The user has not changed the initial password yet.
    """

    id: int = attrs.field(default=0, init=False)  # assigned by the world
    home: Home = attrs.field(factory=Home, init=False, repr=False)  # assigned by the world
    email: str
    username: str = attrs.field(default="", converter=text_or_empty, kw_only=True)
    first_name: str = attrs.field(default="", kw_only=True)
    last_name: str = attrs.field(default="", kw_only=True)
    phone_number: str = attrs.field(default="", kw_only=True)
    _password: str | None = attrs.field(default=None, alias="password", repr=False, kw_only=True)
    _is_initial_password: bool = attrs.field(default=False, alias="is_initial_password", kw_only=True)

    def __attrs_post_init__(self) -> None:
        self.username = self.username or self.email

    @property
    def password(self) -> str | None:
        """The password that activations must send; None accepts any. A request may change it."""
        return self._secret[0]

    @password.setter
    def password(self, password: str | None) -> None:
        self._write(password, is_initial=self.is_initial_password)

    @property
    def is_initial_password(self) -> bool:
        """Whether the user has not changed the initial password yet."""
        return self._secret[1]

    @is_initial_password.setter
    def is_initial_password(self, is_initial: bool) -> None:
        self._write(self.password, is_initial=is_initial)

    def change_password(self, password: str) -> None:
        """Set a password chosen by the user."""
        self._write(password, is_initial=False)

    @property
    def _secret(self) -> tuple[str | None, bool]:
        row = self.home.store.row(_READ, {"tenant": self.home.tenant, "username": self.username})
        return (self._password, self._is_initial_password) if row is None else (row[0], bool(row[1]))

    def _write(self, password: str | None, *, is_initial: bool) -> None:
        self.home.store.change(
            _WRITE,
            {
                "tenant": self.home.tenant,
                "username": self.username,
                "password": password,
                "is_initial": is_initial,
            },
        )


@strict
@attrs.frozen(kw_only=True)
class CustomField:
    """A custom field of a license; each part may be null."""

    name: str | None = None
    data_type: str | None = None
    value: str | None = None
