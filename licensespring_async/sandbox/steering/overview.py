"""The sandbox's state as shown to people and programs; keys, users and devices are fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from ...redaction import fingerprint
from ..tenants.tenants import Tenant
from ..wire.moments import iso
from ..world.licenses import License
from ..world.slots import Slots
from ..world.world import World
from .faults import Fault


@attrs.frozen(kw_only=True)
class SlotsRow:
    """The slots of a license (`feature` is None) or of one of its features."""

    feature: str | None
    in_use: int
    allowed: int


@attrs.frozen(kw_only=True)
class LicenseRow:
    """A license, as the page shows it; `source` is for the page alone."""

    id: int
    source: License
    product: str
    license: str
    license_type: str
    enabled: bool
    active: bool
    expires: str | None
    expired: bool
    devices: int
    max_devices: int | None
    slots: Sequence[SlotsRow]

    def shown(self) -> dict[str, object]:
        """Return it as JSON, without its key."""
        return attrs.asdict(self, filter=lambda attribute, _: attribute.name != "source")


def licenses_of(world: World, now: datetime) -> Sequence[LicenseRow]:
    """List a world's licenses: by slots in use, then those with slots, then the rest."""
    rows = [_row(license, now) for license in world.licenses]
    return sorted(rows, key=lambda row: (-sum(slots.in_use for slots in row.slots), not row.slots))


def shown_tenant(tenant: Tenant) -> dict[str, str]:
    """Return what identifies a tenant, without secrets."""
    return {"api_key": fingerprint(tenant.api_key), "client_id": tenant.client_id}


def shown_fault(fault: Fault) -> dict[str, object]:
    """Return a fault's effect, and the fields that differ from their defaults."""
    shown = {
        attribute.name: value
        for attribute in attrs.fields(Fault)
        if (value := getattr(fault, attribute.name)) != attribute.default
    }
    if fault.hardware_id is not None:
        shown["hardware_id"] = fingerprint(fault.hardware_id)
    return shown


def _row(license: License, now: datetime) -> LicenseRow:
    holders: list[tuple[str | None, Slots | None]] = [(None, license.slots)]
    holders += [(code, feature.slots) for code, feature in tuple(license.features.items())]
    return LicenseRow(
        id=license.id,
        source=license,
        product=license.product.short_code,
        license=fingerprint(license.identifier),
        license_type=license.license_type,
        enabled=license.enabled,
        active=license.active,
        expires=iso(license.validity_period),
        expired=license.is_expired(now),
        devices=license.times_activated,
        max_devices=None if license.allow_unlimited_activations else license.max_activations,
        slots=[
            SlotsRow(feature=code, in_use=slots.in_use(now), allowed=slots.allowed)
            for code, slots in holders
            if slots is not None
        ],
    )
