"""The terms of products and licenses, for world files and for Python code that builds a world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import md5
from typing import Literal, TypeAlias

import attrs

from ..spelling import at_least, one_of, strict, text_or_empty
from ..wire.jsontext import JsonObject, json_object
from ..wire.moments import aware
from .customers import Customer, CustomField
from .features import FeatureTerms
from .usage import MOST_DAYS, UsageTerms

AuthorizationMethod: TypeAlias = Literal["license-key", "user"]
LicenseType: TypeAlias = Literal["perpetual", "time-limited", "subscription", "consumption"]


def _md5_of_content(file: InstallationFile) -> str:
    return "" if file.content is None else md5(file.content.encode(), usedforsecurity=False).hexdigest()


def _size_of_content(file: InstallationFile) -> str | None:
    return None if file.content is None else str(len(file.content.encode()))


@strict
@attrs.frozen(kw_only=True)
class InstallationFile:
    """A release of a product; answers to checks show the newest one.

    Args:
        version: The version.
        content: Text that the sandbox serves as the file; address, MD5 and size then follow from it.
        installation_file: Address of a file that the sandbox does not serve.
        environment: `win`, `win32`, `win64`, `mac`, `linux`, `linux32`, `linux64`, or "".
        release_date: Aware datetime; a license may install releases up to the end of its maintenance period.
    """

    version: str
    content: str | None = attrs.field(default=None, repr=False)
    installation_file: str = ""
    hash_md5: str = attrs.field(default=attrs.Factory(_md5_of_content, takes_self=True))
    environment: str = ""
    eula_link: str = ""
    release_notes_link: str = ""
    channel: str = ""
    release_date: datetime | None = attrs.field(default=None, validator=aware)
    requires_version: str | None = None
    size: str | None = attrs.field(default=attrs.Factory(_size_of_content, takes_self=True))


@strict
@attrs.frozen(kw_only=True)
class ProductField:
    """A custom field of a product's licenses, as product_details shows it."""

    id: int
    name: str
    default_value: str | None = None


@strict
@attrs.define(eq=False)
class ProductTerms:
    """The terms of a product.

    product_details shows `allow_trial` to `custom_fields`, except `trial_features`. Licenses have their own terms.

    Args:
        short_code: Identifies it in requests.
        name: Display name; the short code by default.
        authorization_method: Whether a key or a user identifies its licenses.
        metadata: JSON object to show with it.
        installation_files: Its releases, newest last.
        active: False refuses activations and trials with disabled_product.
        is_archived: True refuses them with archived_product.
        allow_trial: Grant requests for a trial license.
        trial_days: Duration of a trial in days; 0 for no limit.
        trial_features: Features of a trial license.
        custom_fields: Custom fields of its licenses.
    """

    id: int = attrs.field(default=0, init=False)  # assigned by the world
    short_code: str
    name: str = attrs.field(default="", converter=text_or_empty, kw_only=True)
    authorization_method: AuthorizationMethod = attrs.field(
        default="license-key", validator=one_of(AuthorizationMethod), kw_only=True
    )
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object, kw_only=True)
    installation_files: list[InstallationFile] = attrs.field(factory=list[InstallationFile], repr=False, kw_only=True)
    active: bool = attrs.field(default=True, kw_only=True)
    is_archived: bool = attrs.field(default=False, kw_only=True)
    allow_trial: bool = attrs.field(default=False, kw_only=True)
    trial_days: int = attrs.field(default=0, validator=at_least(0, most=MOST_DAYS), kw_only=True)
    trial_features: list[FeatureTerms] = attrs.field(factory=list[FeatureTerms], repr=False, kw_only=True)
    floating_timeout: int = attrs.field(default=60, validator=at_least(0), kw_only=True)
    allow_overages: bool = attrs.field(default=False, kw_only=True)
    max_overages: int = attrs.field(default=0, validator=at_least(0), kw_only=True)
    prevent_vm: bool = attrs.field(default=False, kw_only=True)
    custom_fields: list[ProductField] = attrs.field(factory=list[ProductField], repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        self.name = self.name or self.short_code

    def newest_file(self, environment: str | None = None, channel: str | None = None) -> InstallationFile | None:
        """Return the newest file, of one environment and of one channel if given."""
        for file in reversed(self.installation_files):
            if environment in (None, file.environment) and channel in (None, file.channel):
                return file
        return None


def _customer(customer: Customer | None) -> Customer:
    return customer or Customer()


def _listed(fields: Iterable[CustomField]) -> list[CustomField]:
    return list(fields)


@strict
@attrs.define(kw_only=True, eq=False)
class LicenseTerms(UsageTerms):
    """What a license grants, to whom, and until when.

    Args:
        kind: License type; by default `consumption` and `validity_period` imply it.
        enabled: False refuses every check with license_not_enabled.
        validity_period: Aware datetime at which the license expires.
        start_date: Aware datetime before which no new device can be activated.
        maintenance_period: Aware datetime until which new versions may be installed.
        grace_period: Hours for which the license still works after it expired, if `allow_grace_period` is set.
        max_activations: Devices that may be active at once, unless `allow_unlimited_activations` is set.
        max_transfers: How often a device may replace a deactivated one; 0 for no limit.
        prevent_vm: Refuse to activate virtual machines.
        is_tpm_auth: Devices enroll a key of their TPM, and sign each request with it.
        customer: The buyer.
        custom_fields: Custom fields to show with it.
    """

    kind: LicenseType | None = attrs.field(default=None, validator=attrs.validators.optional(one_of(LicenseType)))
    enabled: bool = True
    validity_period: datetime | None = attrs.field(default=None, validator=aware)
    start_date: datetime | None = attrs.field(default=None, validator=aware)
    maintenance_period: datetime | None = attrs.field(default=None, validator=aware)
    allow_grace_period: bool = False
    grace_period: int = attrs.field(default=0, validator=at_least(0, most=24 * MOST_DAYS))
    is_trial: bool = False
    trial_days: int = attrs.field(default=0, validator=at_least(0, most=MOST_DAYS))
    max_activations: int = attrs.field(default=1, validator=at_least(0))
    allow_unlimited_activations: bool = False
    max_transfers: int = attrs.field(default=0, validator=at_least(0))
    max_license_users: int = attrs.field(default=1, validator=at_least(0))
    is_air_gapped: bool = False
    is_hardware_key_auth: bool = False
    prevent_vm: bool = False
    is_tpm_auth: bool = False
    allow_offline_activation: bool = True
    order_store_id: str | None = None
    customer: Customer = attrs.field(factory=Customer, converter=_customer, repr=False)
    custom_fields: list[CustomField] = attrs.field(factory=list[CustomField], converter=_listed, repr=False)
