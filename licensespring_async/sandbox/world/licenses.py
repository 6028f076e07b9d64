"""Licenses: what each grants, on which devices, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

from ...errors import ConfigurationError
from ..spelling import keywords_of, require_text, takes
from ..state.places import Place
from .customers import User
from .devices import Device, Devices
from .features import Feature, FeatureTerms
from .terms import LicenseTerms, LicenseType, ProductTerms

_READ: Final = "SELECT active, transfer_count, freed FROM license WHERE tenant = :tenant AND license = :license"
_WRITE: Final = (
    "INSERT OR REPLACE INTO license (tenant, license, active, transfer_count, freed)"
    " VALUES (:tenant, :license, :active, :transfer_count, :freed)"
)
_FREE_SLOTS: Final = "DELETE FROM slot WHERE tenant = :tenant AND license = :license AND hardware_id = :device"


@attrs.frozen
class _Standing:
    """The part that requests change; `freed` is the device that was last deactivated."""

    active: bool = False
    transfer_count: int = 0
    freed: str | None = None

    def with_device(self, hardware_id: str) -> _Standing:
        return _Standing(active=True, transfer_count=self.transfer_count + self.is_transfer(hardware_id))

    def is_transfer(self, hardware_id: str) -> bool:
        return self.freed not in (None, hardware_id)


@attrs.define(kw_only=True, eq=False)
class License(LicenseTerms):
    """A license; its attributes may be changed while the sandbox runs, and the next check sees the change."""

    id: int
    product: ProductTerms = attrs.field(repr=False)
    key: str | None = None
    user: User | None = None
    features: dict[str, Feature] = attrs.field(factory=dict[str, Feature], repr=False)
    sublicenses: dict[str, License] = attrs.field(factory=dict[str, "License"], repr=False)
    bundle_license: License | None = attrs.field(default=None, repr=False)
    place: Place = attrs.field(factory=Place, repr=False)
    _ids: Iterator[int] = attrs.field(alias="ids", repr=False)

    @property
    def identifier(self) -> str:
        """What identifies the license in requests: its key, or its user's username."""
        return self.user.username if self.user is not None else self.key or ""

    @property
    def order_id(self) -> int:
        """The id of the license's order."""
        return self.id + 1

    @property
    def license_type(self) -> LicenseType:
        """The service's name for the type: `kind`, or else what the terms imply."""
        if self.kind is not None:
            return self.kind
        if self.consumption is not None:
            return "consumption"
        return "perpetual" if self.validity_period is None else "time-limited"

    @property
    def active(self) -> bool:
        """Whether the license was activated, and not deactivated on its last device since."""
        return self._standing.active

    @active.setter
    def active(self, active: bool) -> None:
        self._write(attrs.evolve(self._standing, active=active))

    @property
    def transfer_count(self) -> int:
        """How often a device replaced a deactivated one."""
        return self._standing.transfer_count

    @transfer_count.setter
    def transfer_count(self, count: int) -> None:
        self._write(attrs.evolve(self._standing, transfer_count=count))

    @property
    def devices(self) -> Mapping[str, Device]:
        """The known devices by hardware id, active or not."""
        return Devices(self.place).all()

    @property
    def times_activated(self) -> int:
        """The number of active devices."""
        return Devices(self.place).count_active()

    def is_transfer(self, hardware_id: str) -> bool:
        """Return whether the device would replace a deactivated one."""
        return self._standing.is_transfer(hardware_id)

    def is_expired(self, now: datetime) -> bool:
        """Return whether the validity period and the grace period have passed."""
        if self.validity_period is None:
            return False
        grace = timedelta(hours=self.grace_period if self.allow_grace_period else 0)
        return now - grace >= self.validity_period  # a license "for ever" may end on the last day that there is

    def is_usable(self, now: datetime) -> bool:
        """Return whether the license is enabled, active and not expired."""
        return self.enabled and self.active and not self.is_expired(now)

    def device(self, hardware_id: str) -> Device | None:
        """Return the device if it is active on this license."""
        device = Devices(self.place).get(hardware_id)
        return device if device is not None and device.active else None

    def is_blacklisted(self, hardware_id: str) -> bool:
        """Return whether the device is blacklisted, active or not."""
        device = Devices(self.place).get(hardware_id)
        return device is not None and device.blacklisted

    @property
    def is_full(self) -> bool:
        """Whether the maximum number of devices is active."""
        return not self.allow_unlimited_activations and self.times_activated >= self.max_activations

    @takes(FeatureTerms)
    def add_feature(self, terms: FeatureTerms) -> Feature:
        """Add a feature: plain, with consumption (`consumption`), or with cloud floating slots (`floating_users`).

        Args:
            terms: The code, and the keywords of `FeatureTerms`.

        Raises:
            ConfigurationError: The license has a feature with this code, or a keyword or value is wrong.
        """
        if terms.code in self.features:
            raise ConfigurationError(f"the license already has a feature {terms.code}; codes are unique")
        place = self.place.of_feature(terms.code)
        feature = Feature(id=next(self._ids), place=place, **keywords_of(terms, FeatureTerms))
        self.features[terms.code] = feature
        return feature

    def activate(self, hardware_id: str) -> Device:
        """Activate the device on this license, and on the sub-licenses of a bundle.

        Raises:
            ConfigurationError: `max_activations` devices are active already, or `hardware_id` is not a text.
        """
        require_text("hardware_id", hardware_id)
        with self.place.transaction():
            for sublicense in self.sublicenses.values():
                sublicense.activate(hardware_id)
            device = Devices(self.place).known(hardware_id)
            was = self._standing
            standing = attrs.evolve(was, active=True)
            if not device.active:
                self._require_room()
                device.active = True
                standing = was.with_device(hardware_id)
            if standing != was:
                self._write(standing)
            return device

    def deactivate(self, hardware_id: str) -> None:
        """Deactivate the device and release its slots; without active devices, the license becomes inactive."""
        with self.place.transaction():
            for sublicense in self.sublicenses.values():
                sublicense.deactivate(hardware_id)
            device = Devices(self.place).known(hardware_id)
            freed = hardware_id if device.active else self._standing.freed
            device.active = False
            self._write(attrs.evolve(self._standing, active=self.times_activated > 0, freed=freed))
            self.place.change(_FREE_SLOTS, device=hardware_id)

    def blacklist(self, hardware_id: str) -> Device:
        """Refuse the device from now on, active or not."""
        require_text("hardware_id", hardware_id)
        device = Devices(self.place).known(hardware_id)
        device.blacklisted = True
        return device

    def _require_room(self) -> None:
        if self.is_full:
            raise ConfigurationError(
                f"a license of {self.product.short_code} is already active on {self.times_activated} devices, its "
                "max_activations: raise that, or set allow_unlimited_activations"
            )

    @property
    def _standing(self) -> _Standing:
        row = self.place.row(_READ)
        return _Standing() if row is None else _Standing(bool(row[0]), row[1], row[2])

    def _write(self, standing: _Standing) -> None:
        self.place.change(_WRITE, **attrs.asdict(standing))
