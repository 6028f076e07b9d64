"""What a world file may say: one class for each kind of table, named and spelled as the builder's arguments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import attrs

from ..world.consumption import Consumption
from ..world.customers import CustomerAccount, CustomField
from ..world.licenses import LicenseType
from ..world.products import AuthorizationMethod, InstallationFile, ProductField

JsonTable: TypeAlias = dict[str, Any]
"""A table that is shown as JSON; `reading` checks that it is some."""


@attrs.frozen(kw_only=True)
class FeatureText:
    """`[[licenses.features]]`: plain, counted (`consumption`) or floating (`floating_users`)."""

    code: str
    name: str | None = None
    expiry_date: datetime | None = None
    floating_users: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    floating_timeout: int = attrs.field(default=60, validator=attrs.validators.gt(0))
    offline_floating: bool = False
    max_borrow_time: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    consumption: Consumption | None = None
    metadata: JsonTable = attrs.field(factory=JsonTable)


@attrs.frozen(kw_only=True)
class CustomerText:
    """`[licenses.customer]`: who bought it."""

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
    metadata: JsonTable = attrs.field(factory=JsonTable)


@attrs.frozen(kw_only=True)
class LicenseTerms:
    """What a license and a bundle's sub-license have in common; None leaves the builder's default."""

    kind: LicenseType | None = None
    enabled: bool | None = None
    validity_period: datetime | None = None
    start_date: datetime | None = None
    maintenance_period: datetime | None = None
    allow_grace_period: bool | None = None
    grace_period: int | None = None
    is_trial: bool | None = None
    trial_days: int | None = None
    max_activations: int | None = None
    allow_unlimited_activations: bool | None = None
    max_transfers: int | None = None
    max_license_users: int | None = None
    floating_users: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    floating_timeout: int = attrs.field(default=60, validator=attrs.validators.gt(0))
    offline_floating: bool | None = None
    can_borrow: bool | None = None
    max_borrow_time: int | None = None
    consumption: Consumption | None = None
    is_air_gapped: bool | None = None
    is_hardware_key_auth: bool | None = None
    prevent_vm: bool | None = None
    allow_offline_activation: bool | None = None
    order_store_id: str | None = None
    custom_fields: list[CustomField] | None = None
    metadata: JsonTable | None = None
    features: list[FeatureText] = attrs.field(factory=list[FeatureText])


@attrs.frozen(kw_only=True)
class LicenseText(LicenseTerms):
    """`[[licenses]]`: sold of a product or bundle, to a key or a user, active on `devices`."""

    product: str
    key: str | None = None
    user: str | None = None
    customer: CustomerText | None = None
    devices: list[str] = attrs.field(factory=list[str])
    blacklisted: list[str] = attrs.field(factory=list[str])
    sublicenses: dict[str, LicenseTerms] = attrs.field(factory=dict[str, LicenseTerms])


@attrs.frozen(kw_only=True)
class ProductTerms:
    """What product_details tells of a product or a bundle; licenses have their own terms."""

    installation_files: list[InstallationFile] = attrs.field(factory=list[InstallationFile])
    allow_trial: bool = False
    trial_days: int = 0
    floating_timeout: int = 60
    allow_overages: bool = False
    max_overages: int = 0
    prevent_vm: bool = False
    custom_fields: list[ProductField] = attrs.field(factory=list[ProductField])


@attrs.frozen(kw_only=True)
class ProductText(ProductTerms):
    """`[[products]]`: what licenses are sold of."""

    short_code: str
    name: str | None = None
    authorization_method: AuthorizationMethod = "license-key"
    metadata: JsonTable = attrs.field(factory=JsonTable)


@attrs.frozen(kw_only=True)
class BundleText(ProductText):
    """`[[bundles]]`: products that are sold together; `members` names their short codes."""

    members: list[str]


@attrs.frozen(kw_only=True)
class UserText:
    """`[[users]]`: users of user-based licenses; the username is the e-mail unless one is given."""

    email: str
    username: str | None = None
    first_name: str = ""
    last_name: str = ""
    phone_number: str = ""
    password: str | None = None
    is_initial_password: bool = False


@attrs.frozen(kw_only=True)
class CompanyText:
    """`[company]`: the keys that name a company's requests; what is left out is made up."""

    api_key: str | None = None
    shared_key: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


@attrs.frozen(kw_only=True)
class WorldText:
    """One company's world: who it is and what it sells."""

    company: CompanyText = attrs.field(factory=CompanyText)
    products: list[ProductText] = attrs.field(factory=list[ProductText])
    bundles: list[BundleText] = attrs.field(factory=list[BundleText])
    users: list[UserText] = attrs.field(factory=list[UserText])
    licenses: list[LicenseText] = attrs.field(factory=list[LicenseText])


@attrs.frozen(kw_only=True)
class FileText(WorldText):
    """A whole file: the sandbox's own company, and more in `[[tenants]]`, which share nothing with it."""

    tenants: list[WorldText] = attrs.field(factory=list[WorldText])
