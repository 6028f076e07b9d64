"""The people and organisations of the sandbox's world, as license answers show them."""

from __future__ import annotations

import attrs

from ..spelling import strict
from ..wire.jsontext import JsonObject, json_object


@strict
@attrs.frozen(kw_only=True)
class CustomerAccount:
    """The account that a customer belongs to."""

    id: int
    name: str
    code: str


@strict
@attrs.frozen(kw_only=True)
class Customer:
    """Who bought a license; every text is "" while unset, as in the service's answers."""

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


def _text(value: str | None) -> str:
    return value or ""


@strict
@attrs.define(eq=False)
class User:
    """A user of user-based licenses.

    Args:
        email: E-mail address.
        username: Names the user in requests; the e-mail by default. It may carry a `|SUFFIX` that the e-mail lacks.
        password: What an activation has to send; None accepts any.
        is_initial_password: The password is the one that the user was given, and was not changed.
    """

    id: int = attrs.field(default=0, init=False)  # its world gives it one
    email: str
    username: str = attrs.field(default="", converter=_text, kw_only=True)
    first_name: str = attrs.field(default="", kw_only=True)
    last_name: str = attrs.field(default="", kw_only=True)
    phone_number: str = attrs.field(default="", kw_only=True)
    password: str | None = attrs.field(default=None, repr=False, kw_only=True)
    is_initial_password: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        self.username = self.username or self.email


@strict
@attrs.frozen(kw_only=True)
class CustomField:
    """A custom field of a license; the service may leave every part null."""

    name: str | None = None
    data_type: str | None = None
    value: str | None = None
