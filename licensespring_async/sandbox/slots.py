"""Floating slots: how many devices may use something at once, and until when each of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs


@attrs.define(kw_only=True, eq=False)
class Slots:
    """Hold at most `allowed` devices; each lapses `timeout` minutes after it last renewed its slot."""

    allowed: int = attrs.field(validator=attrs.validators.ge(0))
    timeout: int = attrs.field(default=60, validator=attrs.validators.gt(0))
    _lapse_at: dict[str, datetime] = attrs.field(factory=dict[str, datetime], init=False, repr=False)

    def in_use(self, now: datetime) -> int:
        """Count the devices whose slot has not lapsed."""
        self._forget_lapsed(now)
        return len(self._lapse_at)

    def has_room_for(self, hardware_id: str, now: datetime) -> bool:
        """Tell whether the device holds a slot or could take one."""
        self._forget_lapsed(now)
        return hardware_id in self._lapse_at or len(self._lapse_at) < self.allowed

    def take(self, hardware_id: str, now: datetime) -> bool:
        """Take a slot, or renew the device's own; False when other devices hold them all."""
        if not self.has_room_for(hardware_id, now):
            return False
        self._lapse_at[hardware_id] = now + timedelta(minutes=self.timeout)
        return True

    def release(self, hardware_id: str, now: datetime | None = None) -> bool:
        """Give the device's slot back; False when it held none (at `now`, if that is given)."""
        if now is not None:
            self._forget_lapsed(now)
        return self._lapse_at.pop(hardware_id, None) is not None

    def _forget_lapsed(self, now: datetime) -> None:
        lapsed = [hardware_id for hardware_id, at in self._lapse_at.items() if at <= now]
        for hardware_id in lapsed:
            del self._lapse_at[hardware_id]
