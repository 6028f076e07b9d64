"""The people and accounts that a license belongs to."""

from __future__ import annotations

import attrs

from .json_types import JsonObject, JsonScalar


@attrs.frozen(kw_only=True)
class CustomerAccount:
    """The account that groups several customers."""

    id: int
    name: str
    code: str
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)


@attrs.frozen(kw_only=True)
class Customer:
    """Who bought the license; texts are "" where nothing is known."""

    email: str = attrs.field(default="", repr=False)
    company_name: str = ""
    reference: str = ""
    phone: str = attrs.field(default="", repr=False)
    first_name: str = attrs.field(default="", repr=False)
    last_name: str = attrs.field(default="", repr=False)
    city: str = ""
    postcode: str = ""
    state: str = ""
    country: str = ""
    address: str = attrs.field(default="", repr=False)
    customer_account: CustomerAccount | None = None
    metadata: JsonObject = attrs.field(factory=dict[str, object])
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)


@attrs.frozen(kw_only=True)
class LicenseUser:
    """The user of a user-based license."""

    id: int
    email: str = attrs.field(repr=False)
    first_name: str = attrs.field(repr=False)
    last_name: str = attrs.field(repr=False)
    phone_number: str = attrs.field(repr=False)
    is_initial_password: bool
    max_activations: int
    allow_unlimited_activations: bool
    total_activations: int
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)


@attrs.frozen(kw_only=True)
class CustomField:
    """A field that the vendor defined; each part may be null.

    Attributes:
        data_type: `number`, `text` or `date-time`.
        value: As the service sends it; a number may come as text.
    """

    name: str | None = None
    data_type: str | None = None
    value: JsonScalar = None
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)
