"""Floating slots: how many devices may use a license or feature at once, and until when each.

A slot is one row. One statement counts the rows and inserts a new one, so concurrent requests cannot take too many.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from ..spelling import at_least, strict
from ..state.places import Place

_IN_USE: Final = """SELECT count(*) FROM slot
    WHERE tenant = :tenant AND license = :license AND feature = :feature AND until > :now"""
_HELD: Final = """SELECT borrowed_until FROM slot
    WHERE tenant = :tenant AND license = :license AND feature = :feature AND hardware_id = :device AND until > :now"""
_FORGET: Final = """DELETE FROM slot
    WHERE tenant = :tenant AND license = :license AND feature = :feature AND until <= :now"""
_RENEW: Final = """UPDATE slot SET until = max(:until, coalesce(borrowed_until, 0))
    WHERE tenant = :tenant AND license = :license AND feature = :feature AND hardware_id = :device"""
_TAKE: Final = """INSERT INTO slot (tenant, license, feature, hardware_id, until)
    SELECT :tenant, :license, :feature, :device, :until
    WHERE (SELECT count(*) FROM slot WHERE tenant = :tenant AND license = :license AND feature = :feature) < :allowed"""
_BORROW: Final = """UPDATE slot SET until = max(:lapses, :until), borrowed_until = :until
    WHERE tenant = :tenant AND license = :license AND feature = :feature AND hardware_id = :device"""
_RELEASE: Final = """DELETE FROM slot
    WHERE tenant = :tenant AND license = :license AND feature = :feature AND hardware_id = :device"""


@strict
@attrs.frozen(kw_only=True, eq=False)
class Slots:
    """Slots for at most `allowed` devices; a slot lapses `timeout` minutes after its last renewal.

    A borrowed slot does not lapse before its borrowed_until.
    """

    allowed: int = attrs.field(validator=at_least(0))
    timeout: int = attrs.field(default=60, validator=at_least(1))
    _place: Place = attrs.field(factory=Place, alias="place", repr=False)

    def in_use(self, now: datetime) -> int:
        """Count the slots that have not lapsed."""
        row = self._place.row(_IN_USE, now=now.timestamp())
        return 0 if row is None else int(row[0])

    def is_held_by(self, hardware_id: str, now: datetime) -> bool:
        """Return whether the device holds a slot."""
        return self._place.row(_HELD, device=hardware_id, now=now.timestamp()) is not None

    def has_room_for(self, hardware_id: str, now: datetime) -> bool:
        """Return whether the device holds a slot or could take one."""
        return self.is_held_by(hardware_id, now) or self.in_use(now) < self.allowed

    def take(self, hardware_id: str, now: datetime) -> bool:
        """Take or renew the device's slot; return False if other devices hold all slots."""
        at = now.timestamp()
        until = self._lapses(now)
        with self._place.transaction():
            self._place.change(_FORGET, now=at)
            if self._place.change(_RENEW, device=hardware_id, until=until):
                return True
            return self._place.change(_TAKE, device=hardware_id, until=until, allowed=self.allowed) > 0

    def borrow(self, hardware_id: str, until: datetime, now: datetime) -> bool:
        """Take or renew the device's slot, and keep it until `until`; return False if other devices hold all slots.

        Borrowing again replaces the time, even by an earlier one.
        """
        with self._place.transaction():
            if not self.take(hardware_id, now):
                return False
            self._place.change(_BORROW, device=hardware_id, until=until.timestamp(), lapses=self._lapses(now))
            return True

    def borrowed_until(self, hardware_id: str, now: datetime) -> datetime | None:
        """Return until when the device has borrowed its slot; None if it has not, or if that time has passed."""
        held = self._place.row(_HELD, device=hardware_id, now=now.timestamp())
        if held is None or held[0] is None or held[0] <= now.timestamp():
            return None
        return datetime.fromtimestamp(held[0], UTC)

    def release(self, hardware_id: str, now: datetime | None = None) -> bool:
        """Release the device's slot, borrowed or not; return False if it held none (at `now`, if given)."""
        with self._place.transaction():
            if now is not None:
                self._place.change(_FORGET, now=now.timestamp())
            return self._place.change(_RELEASE, device=hardware_id) > 0

    def _lapses(self, now: datetime) -> float:
        return (now + timedelta(minutes=self.timeout)).timestamp()
