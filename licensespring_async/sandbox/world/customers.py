"""The people and organisations of the sandbox's world, as license answers show them."""

from __future__ import annotations

import attrs

from ..wire.jsontext import JsonObject, json_object


@attrs.frozen(kw_only=True)
class CustomerAccount:
    """Name the account that a customer belongs to."""

    id: int
    name: str
    code: str


@attrs.frozen(kw_only=True)
class Customer:
    """Describe who bought a license; every text is "" while unset, as in the service's answers."""

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


@attrs.define(kw_only=True, eq=False)
class User:
    """Hold a user of user-based licenses; `username` may carry a `|SUFFIX` that the e-mail lacks.

    An activation has to send the `password`; None accepts any.
    """

    id: int
    email: str
    username: str
    first_name: str = ""
    last_name: str = ""
    phone_number: str = ""
    is_initial_password: bool = False
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class CustomField:
    """Carry one custom field of a license; the service may leave every part null."""

    name: str | None = None
    data_type: str | None = None
    value: str | None = None
