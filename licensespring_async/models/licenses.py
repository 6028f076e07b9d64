"""Licenses: the items of a bundle check."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from .consumption import granted_overages, remaining
from .customers import Customer, CustomField, LicenseUser
from .enums import ConsumptionPeriod, LicenseType
from .expiry import Timed, TimeFloor
from .features import ProductFeature
from .json_types import JsonObject
from .products import Company, ProductDetails


class InvalidReason(StrEnum):
    """Why a license is not valid at a moment."""

    NOT_ACTIVE = "not active"
    NOT_ENABLED = "not enabled"
    EXPIRED = "expired"
    NOT_STARTED = "not started"


@attrs.frozen(kw_only=True)
class Validity:
    """The answer of `License.is_valid`: true when valid, else false with the reason.

    Attributes:
        reason: The first of active, enabled, not expired, started that does not hold; None when all do.
    """

    reason: InvalidReason | None = None

    def __bool__(self) -> bool:
        return self.reason is None


@attrs.frozen(kw_only=True)
class License(Timed):
    """One license, as `check_bundle` lists it.

    Date-times are aware and in UTC. Fields that only some licenses have are None on the others: `license_key` on
    user-based ones, `user` and `username` on key-based ones, consumption fields unless `license_type` is consumption,
    `floating_in_use_devices` unless the license floats.

    Source: https://docs.licensespring.com/license-api/license-check/check-bundle

    Attributes:
        validity_period: When the license ends, or None if it never does.
        grace_period: Hours after `validity_period` that still count when `allow_grace_period`.
        floating_timeout: Minutes without contact after which a device loses its slot.
        max_borrow_time: Hours a slot may be borrowed.
        license_signature: Signature (v1) over hardware id, identity and validity period, when the service sends one.
        extra: Fields of the answer that are not documented, as they came.
    """

    id: int
    license_active: bool
    license_enabled: bool
    is_expired: bool
    license_type: LicenseType | str
    is_trial: bool
    validity_period: datetime | None
    maintenance_period: datetime | None
    enable_maintenance_period: bool
    start_date: datetime | None
    allow_grace_period: bool
    grace_period: int | None
    max_activations: int
    times_activated: int
    transfer_count: int
    allow_unlimited_activations: bool
    allow_overages: bool
    max_overages: int
    is_floating: bool
    is_floating_cloud: bool
    floating_timeout: int
    can_borrow: bool
    is_borrowed: bool
    borrowed_until: datetime | None
    max_borrow_time: int
    is_air_gapped: bool
    is_hardware_key_auth: bool
    prevent_vm: bool
    device_id: int
    metadata: JsonObject
    custom_fields: tuple[CustomField, ...]
    customer: Customer
    product_details: ProductDetails
    product_features: tuple[ProductFeature, ...]
    version: str
    installation_file: str
    hash_md5: str
    environment: str
    eula_link: str
    release_notes_link: str
    channel: str
    release_date: datetime | None
    requires_version: str | None
    size: str | None
    license_signature: str | None = attrs.field(default=None, repr=False)
    license_key: str | None = attrs.field(default=None, repr=False)
    user: LicenseUser | None = None
    username: str | None = attrs.field(default=None, repr=False)
    trial_days: int | None = None
    max_transfers: int | None = None
    max_license_users: int | None = None
    floating_users: int | None = None
    floating_in_use_devices: int | None = None
    allow_offline_activation: bool | None = None
    license_template_id: int | None = None
    is_tpm_auth: bool | None = None
    tpm_signing_public_key: str | None = attrs.field(default=None, repr=False)
    order_store_id: str | None = None
    metadata_string: str | None = None
    company: Company | None = None
    consumption_period: ConsumptionPeriod | str | None = None
    max_consumptions: int | None = None
    total_consumptions: int | None = None
    allow_unlimited_consumptions: bool | None = None
    allow_negative_consumptions: bool | None = None
    reset_consumption: bool | None = None
    license_signature_v2: str | None = attrs.field(default=None, repr=False)
    offline_signature: str | None = attrs.field(default=None, repr=False)
    date: str | None = None
    hardware_id: str | None = attrs.field(default=None, repr=False)
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)

    def judge_by(self, floor: TimeFloor) -> None:
        """Let a client's floor count, for the license and its features."""
        super().judge_by(floor)
        for feature in self.product_features:
            feature.judge_by(floor)

    @property
    def is_consumption(self) -> bool:
        """Whether uses of the license are counted; of a type this version does not know, whether it has a maximum."""
        if isinstance(self.license_type, LicenseType):
            return self.license_type is LicenseType.CONSUMPTION
        return self.max_consumptions is not None

    @property
    def remaining_consumptions(self) -> int | None:
        """Uses left, allowed overages included; None when unlimited or when uses are not counted."""
        if not self.is_consumption:
            return None
        return remaining(
            unlimited=self.allow_unlimited_consumptions,
            maximum=self.max_consumptions,
            used=self.total_consumptions,
            overages=granted_overages(allowed=self.allow_overages, maximum=self.max_overages),
        )

    @property
    def ends_at(self) -> datetime | None:
        """When the license stops being usable: `validity_period`, plus a subscription's grace period if it has one."""
        if self.validity_period is None or not self.has_grace:
            return self.validity_period
        # The last representable moment stands in for a grace period that would run past it.
        room = datetime.max.replace(tzinfo=self.validity_period.tzinfo) - self.validity_period
        return self.validity_period + min(timedelta(hours=min(self.grace_period or 0, 10**6)), room)

    @property
    def has_grace(self) -> bool:
        """Whether this is a subscription with hours of grace after its validity period."""
        subscription = self.license_type == LicenseType.SUBSCRIPTION
        return subscription and self.allow_grace_period and (self.grace_period or 0) > 0

    def expires_in(self, now: datetime | None = None) -> timedelta | None:
        """Return the time until `ends_at` (negative once past), or None if the license never ends.

        Args:
            now: An aware moment; when None, the later of the local clock and what the service has proved of its own.
        """
        return self.time_left(self.ends_at, now)

    def is_valid(self, now: datetime | None = None) -> Validity:
        """Return whether the license may be used at `now`: active, enabled, not expired and started.

        The service's own word counts as well: a license it calls expired is not valid at any `now`.

        Args:
            now: An aware moment; when None, the later of the local clock and what the service has proved of its own.

        Returns:
            A `Validity`, true or false as it stands, with the `reason` when false.
        """
        at = self.moment(now)
        if not self.license_active:
            return Validity(reason=InvalidReason.NOT_ACTIVE)
        if not self.license_enabled:
            return Validity(reason=InvalidReason.NOT_ENABLED)
        if self.is_expired or (self.ends_at is not None and self.ends_at <= at):
            return Validity(reason=InvalidReason.EXPIRED)
        if self.start_date is not None and self.start_date > at:
            return Validity(reason=InvalidReason.NOT_STARTED)
        return Validity()

    def feature(self, code: str) -> ProductFeature | None:
        """Return the license's feature with this code, or None if it has no such feature."""
        return next((feature for feature in self.product_features if feature.code == code), None)
