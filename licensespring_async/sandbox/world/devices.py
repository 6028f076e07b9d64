"""A license's devices: whether they are active or blacklisted, and the details that they sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast

import attrs

from ..state.places import Place, next_device_id
from ..state.store import Row
from ..wire.jsontext import Json, encode

_READ: Final = (
    "SELECT id, hardware_id, active, blacklisted, details, variables FROM device"
    " WHERE tenant = :tenant AND license = :license"
)
_READ_ONE: Final = f"{_READ} AND hardware_id = :device"
_READ_FIRST: Final = f"{_READ} AND active ORDER BY id LIMIT 1"
_READ_ALL: Final = f"{_READ} ORDER BY id"
_COUNT: Final = "SELECT count(*) FROM device WHERE tenant = :tenant AND license = :license AND active"
_ADD: Final = "INSERT INTO device (tenant, license, hardware_id, id) VALUES (:tenant, :license, :device, :id)"
_SET: Final = {
    name: f"UPDATE device SET {name} = :value WHERE tenant = :tenant AND license = :license AND hardware_id = :device"  # noqa: S608
    for name in ("active", "blacklisted", "details", "variables")
}


def _keep(device: Device, attribute: attrs.Attribute[object], value: object) -> object:
    if attribute.name in _SET:
        kept = value if isinstance(value, bool) else encode(cast("Json", value)).decode()
        device.place.change(_SET[attribute.name], device=device.hardware_id, value=kept)
    return value


@attrs.define(kw_only=True, eq=False, on_setattr=_keep)
class Device:
    """A license's device as it was when it was read; assignments to its attributes are stored.

    `details` has what checks and activations sent (os_ver, hostname and the like). `variables` has the value of each
    device variable, and when it was set.
    """

    place: Place = attrs.field(repr=False)
    id: int
    hardware_id: str
    active: bool = False
    blacklisted: bool = False
    details: dict[str, str] = attrs.field(factory=dict[str, str])
    variables: dict[str, list[Json]] = attrs.field(factory=dict[str, list[Json]])


@attrs.frozen
class Devices:
    """The devices of one license."""

    place: Place

    def get(self, hardware_id: str) -> Device | None:
        """Return a known device, active or not."""
        row = self.place.row(_READ_ONE, device=hardware_id)
        return None if row is None else self._device(row)

    def first_active(self) -> Device | None:
        """Return the oldest active device."""
        row = self.place.row(_READ_FIRST)
        return None if row is None else self._device(row)

    def all(self) -> Mapping[str, Device]:
        """Return all known devices by hardware id, oldest first."""
        return {row[1]: self._device(row) for row in self.place.rows(_READ_ALL)}

    def known(self, hardware_id: str) -> Device:
        """Return a device, adding it if it is unknown."""
        with self.place.transaction():
            known = self.get(hardware_id)
            if known is not None:
                return known
            id_ = next_device_id(self.place.home.store, self.place.home.tenant)
            self.place.change(_ADD, device=hardware_id, id=id_)
            return Device(place=self.place, id=id_, hardware_id=hardware_id)

    def count_active(self) -> int:
        """Count the active devices."""
        row = self.place.row(_COUNT)
        return 0 if row is None else int(row[0])

    def _device(self, row: Row) -> Device:
        id_, hardware_id, active, blacklisted, details, variables = row
        return Device(
            place=self.place,
            id=id_,
            hardware_id=hardware_id,
            active=bool(active),
            blacklisted=bool(blacklisted),
            details=json.loads(details),
            variables=json.loads(variables),
        )
