"""On which terms products and licenses are sold: what world files and the builder say of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import md5
from typing import Literal, TypeAlias

import attrs

from ..spelling import at_least, one_of, strict
from ..wire.jsontext import JsonObject, json_object
from ..wire.moments import aware
from .customers import Customer, CustomField
from .features import FeatureTerms
from .usage import UsageTerms

AuthorizationMethod: TypeAlias = Literal["license-key", "user"]
LicenseType: TypeAlias = Literal["perpetual", "time-limited", "subscription", "consumption"]


def _md5_of_content(file: InstallationFile) -> str:
    return "" if file.content is None else md5(file.content.encode(), usedforsecurity=False).hexdigest()


def _size_of_content(file: InstallationFile) -> str | None:
    return None if file.content is None else str(len(file.content.encode()))


@strict
@attrs.frozen(kw_only=True)
class InstallationFile:
    """A release of a product, as check answers show the newest one.

    Args:
        version: Its version.
        content: Text that the sandbox serves as the file; address, MD5 and size then follow from it.
        installation_file: Address of the file, where it is somewhere else.
        environment: `win`, `win32`, `win64`, `mac`, `linux`, `linux32`, `linux64`, or "".
        release_date: Aware moment; licenses may install what was released until their maintenance period.
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
    """A custom field that licenses of a product have, as product_details shows it."""

    id: int
    name: str
    default_value: str | None = None


def _text(value: str | None) -> str:
    return value or ""


@strict
@attrs.define(eq=False)
class ProductTerms:
    """What a product is, to those who buy licenses of it.

    `allow_trial` to `custom_fields` are what product_details shows (but the features); licenses have their own terms.

    Args:
        short_code: What requests name it by.
        name: Name for people; the short code by default.
        authorization_method: Whether its licenses are named by a key or by a user.
        metadata: JSON object that is shown with it.
        installation_files: Its releases, the newest last.
        active: False refuses activations and trials with disabled_product.
        is_archived: True refuses them with archived_product.
        allow_trial: Requests for a trial license are granted.
        trial_days: How long a trial is good for; 0 is no limit.
        trial_features: Features that a trial license has.
        custom_fields: Custom fields that its licenses have.
    """

    id: int = attrs.field(default=0, init=False)  # its world gives it one
    short_code: str
    name: str = attrs.field(default="", converter=_text, kw_only=True)
    authorization_method: AuthorizationMethod = attrs.field(
        default="license-key", validator=one_of(AuthorizationMethod), kw_only=True
    )
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object, kw_only=True)
    installation_files: list[InstallationFile] = attrs.field(factory=list[InstallationFile], repr=False, kw_only=True)
    active: bool = attrs.field(default=True, kw_only=True)
    is_archived: bool = attrs.field(default=False, kw_only=True)
    allow_trial: bool = attrs.field(default=False, kw_only=True)
    trial_days: int = attrs.field(default=0, validator=at_least(0), kw_only=True)
    trial_features: list[FeatureTerms] = attrs.field(factory=list[FeatureTerms], repr=False, kw_only=True)
    floating_timeout: int = attrs.field(default=60, validator=at_least(0), kw_only=True)
    allow_overages: bool = attrs.field(default=False, kw_only=True)
    max_overages: int = attrs.field(default=0, validator=at_least(0), kw_only=True)
    prevent_vm: bool = attrs.field(default=False, kw_only=True)
    custom_fields: list[ProductField] = attrs.field(factory=list[ProductField], repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        self.name = self.name or self.short_code

    def newest_file(self, environment: str | None = None) -> InstallationFile | None:
        """Return the file added last, of one environment if one is named."""
        for file in reversed(self.installation_files):
            if environment in (None, file.environment):
                return file
        return None


def _customer(customer: Customer | None) -> Customer:
    return customer or Customer()


def _listed(fields: Iterable[CustomField]) -> list[CustomField]:
    return list(fields)


@strict
@attrs.define(kw_only=True, eq=False)
class LicenseTerms(UsageTerms):
    """What a license grants, to whom, and until when; a new field is a line here, and what answers with it.

    Args:
        kind: License type; left out, `consumption` and `validity_period` decide it.
        enabled: False refuses every check with license_not_enabled.
        validity_period: Aware moment from which the license counts as expired.
        start_date: Aware moment before which no new device is activated.
        maintenance_period: Aware moment until which new versions may be installed.
        grace_period: Hours for which a license is still good after its validity period, if `allow_grace_period` is set.
        max_activations: Devices that may be active at once, unless `allow_unlimited_activations` is set.
        max_transfers: How often a device may take the place of a deactivated one; 0 is no limit.
        prevent_vm: Refuses to activate virtual machines.
        is_tpm_auth: Devices enrol a key of their TPM, and sign each request with it.
        customer: Who bought it.
        custom_fields: Custom fields that are shown with it.
    """

    kind: LicenseType | None = attrs.field(default=None, validator=attrs.validators.optional(one_of(LicenseType)))
    enabled: bool = True
    validity_period: datetime | None = attrs.field(default=None, validator=aware)
    start_date: datetime | None = attrs.field(default=None, validator=aware)
    maintenance_period: datetime | None = attrs.field(default=None, validator=aware)
    allow_grace_period: bool = False
    grace_period: int = attrs.field(default=0, validator=at_least(0))
    is_trial: bool = False
    trial_days: int = attrs.field(default=0, validator=at_least(0))
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
