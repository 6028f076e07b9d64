"""Floating slots, and borrowed ones."""

# Annotations are evaluated here: other modules inherit these fields, but do not have their names.

import attrs

from ..json_types import OptionalDate
from ..model import Model
from .company import Company


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Floats(Model):
    """Something that may have floating slots.

    Attributes:
        is_floating: Whether an on-premise server hands out its slots.
        is_floating_cloud: Whether the service hands out its slots; a check then takes one.
        floating_users: How many slots there are.
        floating_timeout: Minutes without contact after which a device loses its slot.
    """

    is_floating: bool | None = None
    is_floating_cloud: bool | None = None
    floating_users: int | None = None
    floating_timeout: int | None = None

    @property
    def floats(self) -> bool:
        """Whether it has floating slots, from the service or from an on-premise server."""
        return bool(self.is_floating or self.is_floating_cloud)


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Lends(Floats):
    """Something that may lend floating slots.

    Attributes:
        floating_in_use_devices: Slots in use at the time of the answer.
        can_borrow: Whether slots may be borrowed.
        is_borrowed: Whether this device has borrowed one.
        borrowed_until: When the borrowing ends.
        max_borrow_time: Hours a slot may be borrowed.
    """

    floating_in_use_devices: int | None = None
    can_borrow: bool | None = None
    is_borrowed: bool | None = None
    borrowed_until: OptionalDate = None
    max_borrow_time: int | None = None

    @property
    def holds_slot(self) -> bool:
        """Whether this device holds a slot of the service that it must release; it keeps a borrowed one."""
        return self.is_floating_cloud is True and not self.is_borrowed


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Borrowing(Model):
    """The answer of `borrow_floating_license` and `borrow_floating_feature`: the device keeps a slot without contact.

    Source: https://docs.licensespring.com/license-api/floating/license/borrow-floating-license

    Attributes:
        license_id: Id of the slot's license.
        borrowed_until: When the borrowing ends (UTC), or None if the service does not say.
        max_borrow_time: Hours a slot may be borrowed.
        device_id: The service's id of the device.
        company: The vendor's account, if the service names it.
    """

    license_id: int
    borrowed_until: OptionalDate
    max_borrow_time: int | None = None
    device_id: int | None = None
    company: Company | None = None
