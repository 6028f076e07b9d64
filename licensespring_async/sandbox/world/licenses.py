"""Licenses of the sandbox's world: what each grants, on which devices, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from ...models.json_types import exact
from ..state.places import Place
from ..wire.jsontext import Json, JsonObject, json_object
from ..wire.moments import aware
from .consumption import Consumption
from .customers import Customer, CustomField, User
from .devices import Device, Devices
from .features import Feature, Kept
from .slots import Slots

if TYPE_CHECKING:
    from .products import Product

LicenseType: TypeAlias = Literal["perpetual", "time-limited", "subscription", "consumption"]


_READ: Final = "SELECT active, transfer_count, freed FROM license WHERE tenant = :tenant AND license = :license"
_WRITE: Final = (
    "INSERT OR REPLACE INTO license (tenant, license, active, transfer_count, freed)"
    " VALUES (:tenant, :license, :active, :transfer_count, :freed)"
)
_FREE_SLOTS: Final = "DELETE FROM slot WHERE tenant = :tenant AND license = :license AND hardware_id = :device"


@attrs.frozen
class _Standing:
    """What requests change; `freed` is the device that the last deactivation took off."""

    active: bool = False
    transfer_count: int = 0
    freed: str | None = None

    def with_device(self, hardware_id: str) -> _Standing:
        is_transfer = self.freed not in (None, hardware_id)
        return _Standing(active=True, transfer_count=self.transfer_count + is_transfer)


def _keep(license: License, _: attrs.Attribute[Kept], kept: Kept) -> Kept:
    if kept is not None:
        kept.keep_in(license.place)
    return kept


@attrs.define(kw_only=True, eq=False)
class License:
    """Hold one license; every attribute may be changed while the sandbox runs, and the next check sees it."""

    id: int
    product: Product = attrs.field(repr=False)
    key: str | None = None
    user: User | None = None
    kind: LicenseType | None = None
    enabled: bool = True
    validity_period: datetime | None = attrs.field(default=None, validator=aware)
    start_date: datetime | None = attrs.field(default=None, validator=aware)
    maintenance_period: datetime | None = attrs.field(default=None, validator=aware)
    allow_grace_period: bool = False
    grace_period: int = 0
    is_trial: bool = False
    trial_days: int = 0
    max_activations: int = 1
    allow_unlimited_activations: bool = False
    max_transfers: int = 0
    max_license_users: int = 1
    slots: Slots | None = attrs.field(default=None, on_setattr=_keep)
    offline_floating: bool = False
    can_borrow: bool = False
    max_borrow_time: int = 0
    consumption: Consumption | None = attrs.field(default=None, on_setattr=_keep)
    is_air_gapped: bool = False
    is_hardware_key_auth: bool = False
    prevent_vm: bool = False
    allow_offline_activation: bool = True
    order_store_id: str | None = None
    customer: Customer = attrs.field(factory=Customer, repr=False)
    custom_fields: list[CustomField] = attrs.field(factory=list[CustomField], repr=False)
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object, repr=False)
    features: dict[str, Feature] = attrs.field(factory=dict[str, Feature], repr=False)
    sublicenses: dict[str, License] = attrs.field(factory=dict[str, "License"], repr=False)
    bundle_license: License | None = attrs.field(default=None, repr=False)
    place: Place = attrs.field(factory=Place, repr=False)
    _ids: Iterator[int] = attrs.field(alias="ids", repr=False)

    def __attrs_post_init__(self) -> None:
        for kept in (self.consumption, self.slots):
            if kept is not None:
                kept.keep_in(self.place)

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
    def active(self) -> bool:
        """Tell whether the license was activated and not deactivated on its last device."""
        return self._standing.active

    @active.setter
    def active(self, active: bool) -> None:
        self._write(attrs.evolve(self._standing, active=active))

    @property
    def transfer_count(self) -> int:
        """Count how often a device took the place of one that was deactivated."""
        return self._standing.transfer_count

    @transfer_count.setter
    def transfer_count(self, count: int) -> None:
        self._write(attrs.evolve(self._standing, transfer_count=count))

    @property
    def devices(self) -> Mapping[str, Device]:
        """Give the devices that the license knows, active or not, by hardware id."""
        return Devices(self.place).all()

    @property
    def times_activated(self) -> int:
        """Count the active devices."""
        return Devices(self.place).count_active()

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
        device = Devices(self.place).get(hardware_id)
        return device if device is not None and device.active else None

    def is_blacklisted(self, hardware_id: str) -> bool:
        """Tell whether the device was blacklisted, activated or not."""
        device = Devices(self.place).get(hardware_id)
        return device is not None and device.blacklisted

    def add_feature(
        self,
        code: str,
        *,
        name: str | None = None,
        expiry_date: datetime | None = None,
        floating_users: int | None = None,
        floating_timeout: int = 60,
        max_borrow_time: int = 0,
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
            max_borrow_time: Hours for which a slot may be borrowed; 0 lets none be borrowed.
            consumption: Makes it a consumption feature.
            metadata: JSON object shown with the feature.
        """
        code = exact(code)
        feature = Feature(
            id=next(self._ids),
            code=code,
            name=name or code.replace("-", " ").title(),
            expiry_date=expiry_date,
            metadata=metadata or {},
            consumption=consumption,
            slots=floating_slots(floating_users, floating_timeout),
            can_borrow=max_borrow_time > 0,
            max_borrow_time=max_borrow_time,
            place=self.place.of_feature(code),
        )
        self.features[code] = feature
        return feature

    def activate(self, hardware_id: str) -> Device:
        """Make the device an active one of this license, and of the sub-licenses of a bundle."""
        with self.place.transaction():
            for sublicense in self.sublicenses.values():
                sublicense.activate(hardware_id)
            device = Devices(self.place).known(hardware_id)
            was = self._standing
            standing = attrs.evolve(was, active=True)
            if not device.active:
                device.active = True
                standing = was.with_device(hardware_id)
            if standing != was:
                self._write(standing)
            return device

    def deactivate(self, hardware_id: str) -> None:
        """Take the device off; its slots become free, and the license inactive once no device is left."""
        with self.place.transaction():
            for sublicense in self.sublicenses.values():
                sublicense.deactivate(hardware_id)
            device = Devices(self.place).known(hardware_id)
            freed = hardware_id if device.active else self._standing.freed
            device.active = False
            self._write(attrs.evolve(self._standing, active=self.times_activated > 0, freed=freed))
            self.place.change(_FREE_SLOTS, device=hardware_id)

    def blacklist(self, hardware_id: str) -> Device:
        """Refuse the device from now on, activated or not."""
        device = Devices(self.place).known(hardware_id)
        device.blacklisted = True
        return device

    @property
    def _standing(self) -> _Standing:
        row = self.place.row(_READ)
        return _Standing() if row is None else _Standing(bool(row[0]), row[1], row[2])

    def _write(self, standing: _Standing) -> None:
        self.place.change(_WRITE, **attrs.asdict(standing))


def floating_slots(users: int | None, timeout: int) -> Slots | None:
    """Make slots for that many users (None: not floating) which lapse after `timeout` minutes."""
    return None if users is None else Slots(allowed=users, timeout=timeout)
