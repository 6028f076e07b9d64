"""Licenses of the sandbox's world: what each grants, on which devices, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from .customers import Customer, CustomField, User
from .features import Consumption, Feature
from .jsontext import Json, JsonObject, json_object
from .moments import aware
from .slots import Slots

if TYPE_CHECKING:
    from .products import Product

LicenseType: TypeAlias = Literal["perpetual", "time-limited", "subscription", "consumption"]


@attrs.define(kw_only=True, eq=False)
class Device:
    """Hold one device of a license; `details` is what check_bundle's os_ver, hostname and the like stored."""

    id: int
    hardware_id: str
    active: bool = False
    blacklisted: bool = False
    details: dict[str, str] = attrs.field(factory=dict[str, str])


@attrs.define(kw_only=True, eq=False)
class License:
    """Hold one license; every attribute may be changed while the sandbox runs, and the next check sees it."""

    id: int
    product: Product = attrs.field(repr=False)
    key: str | None = None
    user: User | None = None
    kind: LicenseType | None = None
    enabled: bool = True
    active: bool = False
    validity_period: datetime | None = attrs.field(default=None, validator=aware)
    start_date: datetime | None = attrs.field(default=None, validator=aware)
    maintenance_period: datetime | None = attrs.field(default=None, validator=aware)
    allow_grace_period: bool = False
    grace_period: int = 0
    is_trial: bool = False
    trial_days: int = 0
    max_activations: int = 1
    allow_unlimited_activations: bool = False
    transfer_count: int = 0
    max_transfers: int = 0
    max_license_users: int = 1
    slots: Slots | None = None
    offline_floating: bool = False
    can_borrow: bool = False
    max_borrow_time: int = 0
    consumption: Consumption | None = None
    is_air_gapped: bool = False
    is_hardware_key_auth: bool = False
    prevent_vm: bool = False
    allow_offline_activation: bool = True
    order_store_id: str | None = None
    customer: Customer = attrs.field(factory=Customer, repr=False)
    custom_fields: list[CustomField] = attrs.field(factory=list[CustomField], repr=False)
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object, repr=False)
    features: dict[str, Feature] = attrs.field(factory=dict[str, Feature], repr=False)
    devices: dict[str, Device] = attrs.field(factory=dict[str, Device], repr=False)
    sublicenses: dict[str, License] = attrs.field(factory=dict[str, "License"], repr=False)
    bundle_license: License | None = attrs.field(default=None, repr=False)
    _ids: Iterator[int] = attrs.field(alias="ids", repr=False)

    @property
    def identifier(self) -> str:
        """Give what a request names the license by: its key, or its user's username."""
        return self.user.username if self.user is not None else self.key or ""

    @property
    def license_type(self) -> LicenseType:
        """Name the type as the service does; without a `kind` the license's terms decide."""
        if self.kind is not None:
            return self.kind
        if self.consumption is not None:
            return "consumption"
        return "perpetual" if self.validity_period is None else "time-limited"

    @property
    def times_activated(self) -> int:
        """Count the active devices."""
        return sum(device.active for device in tuple(self.devices.values()))

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the validity period has passed, the grace period (hours) included."""
        if self.validity_period is None:
            return False
        grace = timedelta(hours=self.grace_period if self.allow_grace_period else 0)
        return now >= self.validity_period + grace

    def is_usable(self, now: datetime) -> bool:
        """Tell whether the license is enabled, active and not expired."""
        return self.enabled and self.active and not self.is_expired(now)

    def device(self, hardware_id: str) -> Device | None:
        """Give the device if it is an active one of this license."""
        device = self.devices.get(hardware_id)
        return device if device is not None and device.active else None

    def is_blacklisted(self, hardware_id: str) -> bool:
        """Tell whether the device was blacklisted, activated or not."""
        return hardware_id in self.devices and self.devices[hardware_id].blacklisted

    def add_feature(
        self,
        code: str,
        *,
        name: str | None = None,
        expiry_date: datetime | None = None,
        floating_users: int | None = None,
        floating_timeout: int = 60,
        consumption: Consumption | None = None,
        metadata: Mapping[str, Json] | None = None,
    ) -> Feature:
        """Add a feature: plain, a counter (`consumption`), or with cloud floating slots (`floating_users`).

        Args:
            code: What requests name it by.
            name: What people read; the code in title case by default.
            expiry_date: Aware moment from which the feature counts as expired.
            floating_users: Devices that may use it at the same time.
            floating_timeout: Minutes after which an unrenewed slot lapses.
            consumption: Makes it a consumption feature.
            metadata: JSON object shown with the feature.
        """
        feature = Feature(
            id=next(self._ids),
            code=code,
            name=name or code.replace("-", " ").title(),
            expiry_date=expiry_date,
            metadata=metadata or {},
            consumption=consumption,
            slots=floating_slots(floating_users, floating_timeout),
        )
        self.features[code] = feature
        return feature

    def activate(self, hardware_id: str) -> Device:
        """Make the device an active one of this license, and of the sub-licenses of a bundle."""
        for sublicense in self.sublicenses.values():
            sublicense.activate(hardware_id)
        device = self._known_device(hardware_id)
        device.active = self.active = True
        return device

    def deactivate(self, hardware_id: str) -> None:
        """Take the device off; its slots become free, and the license inactive once no device is left."""
        for sublicense in self.sublicenses.values():
            sublicense.deactivate(hardware_id)
        self._known_device(hardware_id).active = False
        self.active = any(device.active for device in self.devices.values())
        for slots in self._all_slots():
            slots.release(hardware_id)

    def blacklist(self, hardware_id: str) -> Device:
        """Refuse the device from now on, activated or not."""
        device = self._known_device(hardware_id)
        device.blacklisted = True
        return device

    def _known_device(self, hardware_id: str) -> Device:
        if hardware_id not in self.devices:
            self.devices[hardware_id] = Device(id=next(self._ids), hardware_id=hardware_id)
        return self.devices[hardware_id]

    def _all_slots(self) -> Iterable[Slots]:
        holders = (self.slots, *(feature.slots for feature in self.features.values()))
        return (slots for slots in holders if slots is not None)


def floating_slots(users: int | None, timeout: int) -> Slots | None:
    """Make slots for that many users (None: not floating) which lapse after `timeout` minutes."""
    return None if users is None else Slots(allowed=users, timeout=timeout)
