"""Products: what a license is for, and what a vendor sells."""

from __future__ import annotations

import attrs

from ..enums import AuthorizationMethod, ConsumptionPeriod, FeatureType, LicenseType
from ..json_types import JsonObject, JsonScalar, OptionalDate, RecordedAt
from ..model import Model
from .company import Company
from .files import InstallationFile


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class ProductCustomField(Model):
    """A custom field that licenses of a product have.

    Attributes:
        default_value: As the service sends it; a number may come as text.
    """

    id: int | None = None
    name: str | None = None
    default_value: JsonScalar = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class ProductDetails(Model):
    """The product that a license is for, and the answer of `product_details`.

    A license names only a few of the fields; `product_details` names them all.

    Source: https://docs.licensespring.com/license-api/products/get-product-details

    Attributes:
        short_code: The `product` of requests.
        authorization_method: `license-key` or `user`; the documented spelling `license_key` is read as the former.
        trial_days: Length of a trial.
        floating_timeout: Minutes without contact after which a device loses its slot.
        custom_fields: None without `include_custom_fields`.
        latest_version: The newest installation file; None if there is none, or without `include_latest_version`.
    """

    short_code: str
    product_id: int | None = None
    product_name: str | None = None
    authorization_method: AuthorizationMethod | str | None = None
    allow_trial: bool | None = None
    trial_days: int | None = None
    floating_timeout: int | None = None
    allow_overages: bool | None = None
    max_overages: int | None = None
    prevent_vm: bool | None = None
    validity_period: OptionalDate = None
    company_id: int | None = None
    company: Company | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)
    metadata_string: str | None = None
    custom_fields: tuple[ProductCustomField, ...] | None = None
    latest_version: InstallationFile | None = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class FeatureDefinition(Model):
    """A feature that licenses of a product can have."""

    code: str
    id: int | None = None
    feature_type: FeatureType | str | None = None
    max_consumption: int | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Product(Model):
    """An item of the answer of `products`: a product, and what new licenses of it start with.

    Source: https://docs.licensespring.com/license-api/products

    Attributes:
        short_code: The `product` of requests.
        authorization_method: `license-key` or `user`.
        valid_duration: How long a license lasts: a number and `d`, `m` or `y`, as `3y`.
        maintenance_duration: How long a license gets new versions, written in the same way.
        subscription_duration: How long a subscription's period lasts, written in the same way.
        floating_timeout: Minutes without contact after which a device loses its slot.
        features: The features that licenses of the product can have.
    """

    short_code: str
    id: int | None = None
    product_name: str | None = None
    created_at: RecordedAt = None
    updated_at: RecordedAt = None
    active: bool | None = None
    is_archived: bool | None = None
    is_bundle: bool | None = None
    is_upgrade: bool | None = None
    hardware_id_required: bool | None = None
    company_id: int | None = None
    allow_trial: bool | None = None
    trial_days: int | None = None
    valid_duration: str | None = None
    maintenance_duration: str | None = None
    subscription_duration: str | None = None
    enable_maintenance_period: bool | None = None
    default_license_type: LicenseType | str | None = None
    authorization_method: AuthorizationMethod | str | None = None
    max_activations: int | None = None
    max_consumptions: int | None = None
    consumption_period: ConsumptionPeriod | str | None = None
    reset_consumption: bool | None = None
    allow_overages: bool | None = None
    max_overages: int | None = None
    is_floating: bool | None = None
    is_floating_cloud: bool | None = None
    floating_users: int | None = None
    floating_timeout: int | None = None
    is_node_locked: bool | None = None
    is_user_locked: bool | None = None
    prevent_vm: bool | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)
    features: tuple[FeatureDefinition, ...] = ()
