"""The people and accounts that licenses belong to."""

from __future__ import annotations

import attrs

from ..fields import secret
from ..json_types import JsonObject, JsonScalar
from ..model import Model
from .company import Company


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class CustomerAccount(Model):
    """The account that groups several customers."""

    id: int | None = None
    name: str | None = secret()
    code: str | None = secret()


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Customer(Model):
    """The customer who bought the license. An unknown text is "" or None."""

    email: str | None = secret()
    company_name: str | None = secret()
    reference: str | None = secret()
    phone: str | None = secret()
    first_name: str | None = secret()
    last_name: str | None = secret()
    city: str | None = secret()
    postcode: str | None = secret()
    state: str | None = secret()
    country: str | None = secret()
    address: str | None = secret()
    customer_account: CustomerAccount | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class LicenseUser(Model):
    """The user of a user-based license.

    Attributes:
        id: None in the answer of `customer_license_users`.
        initial_password: The password in clear text until the user changes it, then ""; only in the answer of
            `customer_license_users`, as are the fields after it.
    """

    id: int | None = None
    email: str | None = secret()
    first_name: str | None = secret()
    last_name: str | None = secret()
    phone_number: str | None = secret()
    is_initial_password: bool | None = None
    max_activations: int | None = None
    allow_unlimited_activations: bool | None = None
    total_activations: int | None = None
    initial_password: str | None = secret()
    is_active: bool | None = None
    license_id: int | None = None
    order_id: int | None = None
    order_store_id: str | None = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class CustomField(Model):
    """A field that the vendor defined; each part may be null.

    Attributes:
        data_type: `number`, `text` or `date-time`.
        value: As the service sends it; a number may come as text.
    """

    name: str | None = None
    data_type: str | None = None
    value: JsonScalar = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class CustomerLicenseUsers(Model):
    """The answer of `customer_license_users`: the users of a customer's licenses of one product.

    Source: https://docs.licensespring.com/license-api/list-license-users-for-customer
    """

    users: tuple[LicenseUser, ...]
    customer: Customer | None = None
    company: Company | None = None
