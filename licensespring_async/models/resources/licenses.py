"""Licenses, in all answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from ...by_fields import ByFields
from ..enums import LicenseType
from ..expiry import Timed, TimeFloor, judge
from ..fields import secret
from ..json_types import JsonObject, OptionalDate
from .company import Company
from .consumption import Counted
from .customers import Customer, CustomField, LicenseUser
from .features import ProductFeature
from .files import InstallationFile
from .floating import Lends
from .products import ProductDetails
from .variables import DeviceVariable

_OF_A_FILE = (
    *("version", "installation_file", "hash_md5", "environment", "channel", "release_date", "eula_link"),
    *("release_notes_link", "requires_version", "size"),
)


class InvalidReason(StrEnum):
    """Why a license is not valid at a moment."""

    NOT_ACTIVE = "not active"
    NOT_ENABLED = "not enabled"
    EXPIRED = "expired"
    NOT_STARTED = "not started"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Validity(ByFields):
    """The answer of `License.is_valid`: true if valid, otherwise false with the reason.

    Attributes:
        reason: The first condition that does not hold, of active, enabled, not expired and started; None if all hold.
    """

    reason: InvalidReason | None = None

    def __bool__(self) -> bool:
        return self.reason is None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class License(Timed, Counted, Lends):
    """One license: of a check, a bundle, an activation, a listing or an offline file.

    Date-times are aware and in UTC. A field that is not in the answer is None. So is a field that the license does not
    have: `license_key` on user-based licenses, `user` and `username` on key-based ones, consumption fields unless
    `license_type` is consumption, and floating fields unless the license floats.

    Source: https://docs.licensespring.com/license-api/license-check/check-bundle

    Attributes:
        license_active: Whether the device is activated; in an activation it is called `active`.
        license_enabled: Whether the vendor has enabled the license. True if an activation does not say, because the
            service does not activate disabled licenses.
        validity_period: When the license ends, or None if it never does.
        grace_period: Hours after `validity_period` that the license stays valid, if `allow_grace_period` is true.
        license_signature: Signature (v1) over hardware id, identity and validity period.
        installation_file: Address of the newest installation file; the fields after it describe it. An activation has
            one object instead. `newest_file` reads both.
        date: When an offline file was made, as text that its signature covers.
        request_id: Id of the offline request that an offline file answers.
    """

    id: int
    license_active: bool
    license_enabled: bool
    license_type: LicenseType | str
    validity_period: datetime | None
    product_details: ProductDetails
    product_features: tuple[ProductFeature, ...] = ()
    license_key: str | None = secret()
    username: str | None = secret()
    user: LicenseUser | None = None
    is_expired: bool | None = None
    start_date: datetime | None = None
    is_trial: bool | None = None
    trial_days: int | None = None
    allow_grace_period: bool | None = None
    grace_period: int | None = None
    maintenance_period: OptionalDate = None
    enable_maintenance_period: bool | None = None
    max_activations: int | None = None
    times_activated: int | None = None
    allow_unlimited_activations: bool | None = None
    max_transfers: int | None = None
    transfer_count: int | None = None
    max_license_users: int | None = None
    max_consumptions: int | None = None
    allow_offline_activation: bool | None = None
    is_air_gapped: bool | None = None
    is_hardware_key_auth: bool | None = None
    is_tpm_auth: bool | None = None
    tpm_signing_public_key: str | None = secret()
    prevent_vm: bool | None = None
    device_id: int | None = None
    hardware_id: str | None = secret()
    variables: tuple[DeviceVariable, ...] | None = None
    license_template_id: int | None = None
    order_store_id: str | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)
    metadata_string: str | None = None
    custom_fields: tuple[CustomField, ...] = ()
    customer: Customer | None = None
    company: Company | None = None
    installation_file: str | InstallationFile | None = None
    version: str | None = None
    hash_md5: str | None = None
    environment: str | None = None
    channel: str | None = None
    release_date: OptionalDate = None
    eula_link: str | None = None
    release_notes_link: str | None = None
    requires_version: str | None = None
    size: str | None = None
    license_signature: str | None = secret()
    license_signature_v2: str | None = secret()
    offline_signature: str | None = secret()
    date: str | None = None
    request: str | None = None
    request_id: str | None = None

    def _judge_by(self, floor: TimeFloor) -> None:
        super()._judge_by(floor)
        for feature in self.product_features:
            judge(feature, floor)

    @property
    def _kind(self) -> str | None:
        return self.license_type

    @property
    def _maximum(self) -> int | None:
        return self.max_consumptions

    @property
    def newest_file(self) -> InstallationFile | None:
        """The newest installation file for the license, or None if the answer names none."""
        if not isinstance(self.installation_file, str):
            return self.installation_file
        if not self.installation_file:
            return None
        return InstallationFile(**{name: getattr(self, name) for name in _OF_A_FILE})

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
        """Whether this is a subscription with a grace period."""
        subscription = self.license_type == LicenseType.SUBSCRIPTION
        return subscription and self.allow_grace_period is True and (self.grace_period or 0) > 0

    def expires_in(self, now: datetime | None = None) -> timedelta | None:
        """Return the time until `ends_at` (negative once past), or None if the license never ends.

        Args:
            now: An aware moment; None for the later of the local clock and the time that the service has proved.
        """
        return self._time_left(self.ends_at, now)

    def is_valid(self, now: datetime | None = None) -> Validity:
        """Return whether the license may be used at `now`: active, enabled, not expired and started.

        A license that the service calls expired is never valid, whatever `now`.

        Args:
            now: An aware moment; None for the later of the local clock and the time that the service has proved.

        Returns:
            A `Validity`: true or false by itself, with the `reason` if false.
        """
        at = self._moment(now)
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
