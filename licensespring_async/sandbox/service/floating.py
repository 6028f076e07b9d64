"""Releasing and borrowing floating slots.

The documentation lists floating_not_available for floating/release, but does not say when. Here it is the answer if the
license does not float or the device holds no slot; for a feature that is floating_feature_device_not_in_use.

A borrowed slot ignores its time-out: it stays taken until its borrowed_until, or until it is released.

https://docs.licensespring.com/license-api/floating
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from ..wire.jsontext import JsonObject
from ..wire.moments import iso
from ..wire.parameters import NULLABLE, read_identity
from ..wire.refusals import ServiceError
from ..world.licenses import License
from ..world.slots import Slots
from .asked.call import WHO, WHO_ACTIVATES, Call, Route
from .asked.identity import activating_identity, check_password
from .asked.lookup import admit, admitted_feature, device_of, find_license

_log: Final = logging.getLogger("licensespring_async.sandbox")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?Z?)?")


def release_floating_license(call: Call) -> None:
    """Release a device's slot of a floating license.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    license = find_license(call.world, identity)
    admit(call, license, identity.hardware_id, expired=True)
    if license.slots is None or not license.slots.release(identity.hardware_id, call.now):
        raise ServiceError("floating_not_available", "The device holds no slot of the license.")


def release_floating_feature(call: Call) -> None:
    """Release a device's slot of a floating feature.

    Raises:
        ServiceError: The request is refused.
    """
    identity, _, feature = admitted_feature(call, expired=True)
    if feature.slots is None:
        raise ServiceError("feature_not_floating")
    if not feature.slots.release(identity.hardware_id, call.now):
        raise ServiceError("floating_feature_device_not_in_use")


def borrow_floating_license(call: Call) -> JsonObject:
    """Take or renew a device's slot of a floating license, and keep it until borrowed_until.

    Raises:
        ServiceError: The request is refused.
    """
    identity = activating_identity(call)
    borrowed_until = _borrowed_until(call)
    license = find_license(call.world, identity)
    check_password(license, identity, call)
    admit(call, license, identity.hardware_id)
    terms = _Terms(license.slots, license.can_borrow, license.max_borrow_time)
    return _borrowed(call, license, terms, borrowed_until)


def borrow_floating_feature(call: Call) -> JsonObject:
    """Take or renew a device's slot of a floating feature, and keep it until borrowed_until.

    Raises:
        ServiceError: The request is refused.
    """
    borrowed_until = _borrowed_until(call)
    identity, license, feature = admitted_feature(call, activating_identity(call))
    check_password(license, identity, call)
    if feature.slots is None:
        raise ServiceError("feature_not_floating")
    terms = _Terms(feature.slots, feature.can_borrow and not feature.is_expired(call.now), feature.max_borrow_time)
    return _borrowed(call, license, terms, borrowed_until)


@attrs.frozen
class _Terms:
    """The terms for borrowing a slot; `hours` is the longest time."""

    slots: Slots | None
    allowed: bool
    hours: int


def _borrowed(call: Call, license: License, terms: _Terms, wanted: str) -> JsonObject:
    if terms.slots is None or not terms.allowed:
        raise ServiceError("license_borrow_not_allowed")
    hardware_id = call.values["hardware_id"]
    latest = call.now + timedelta(hours=terms.hours)
    until = latest if not wanted else _moment(wanted)
    if not call.now < until <= latest:
        raise ServiceError("borrow_until_not_valid")
    if not terms.slots.borrow(hardware_id, until, call.now):
        raise ServiceError("floating_not_available")
    return {
        "borrowed_until": iso(until),
        "max_borrow_time": terms.hours,
        "device_id": device_of(license, call.values).id,
        "license_id": license.id,
        "company": {"id": call.world.company_id},
    }


def _borrowed_until(call: Call) -> str:
    if NULLABLE not in call.values:
        # Some clients drop nulls from their JSON.
        _log.warning("%s is missing and taken as null; the documentation requires it", NULLABLE)
    return call.values.get(NULLABLE, "")


def _moment(text: str) -> datetime:
    """Read a time in one of the documented formats, all in UTC."""
    if _MOMENT.fullmatch(text) is None:
        raise ServiceError("borrow_until_not_valid")
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as error:
        raise ServiceError("borrow_until_not_valid") from error


_RELEASES: Final = f"{WHO} bundle_code sdk_ver"
_BORROWS: Final = f"{WHO_ACTIVATES} bundle_code sdk_ver borrowed_until"
ROUTES: Final = (
    Route("POST", "floating/borrow", borrow_floating_license, reads=_BORROWS),
    Route("POST", "floating/feature_borrow", borrow_floating_feature, reads=f"{_BORROWS} feature"),
    Route("POST", "floating/release", release_floating_license, reads=_RELEASES),
    Route("POST", "floating/feature_release", release_floating_feature, reads=f"{_RELEASES} feature"),
)
