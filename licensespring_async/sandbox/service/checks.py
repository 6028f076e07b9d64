"""Checks of features, bundles and licenses.

If a request breaks several rules, it is refused for the first of: its parameters, unknown_product, license_not_found,
license_not_enabled, license_not_active, license_expired, blacklisted, device_not_found, invalid_license_feature_code,
license_borrow_not_allowed, borrow_until_not_valid, floating_not_available, license_not_enough_consumptions. A refusal
of a bundle's license also refuses its sub-licenses. A refused request changes nothing: its transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from ..wire.jsontext import JsonObject, encode
from ..wire.moments import iso
from ..wire.parameters import boolean, read_identity
from ..wire.refusals import ServiceError
from ..world.licenses import License
from .answered.licenses import feature_check, license_item
from .asked.call import ABOUT_DEVICE, WHO, Call, Route
from .asked.lookup import admit, admitted_feature, device_of, find_license, find_own_license, find_product


def check_license_feature(call: Call) -> JsonObject:
    """Check a device against a feature; take or renew its slot if the feature floats.

    The documentation does not say whether the service refuses an expired feature. Here the answer is a success with a
    past expiry_date and without a slot, which reveals clients that look only at the status.

    Raises:
        ServiceError: The request is refused.
    """
    identity, license, feature = admitted_feature(call)
    slots = None if feature.is_expired(call.now) else feature.slots
    if slots is not None and not slots.take(identity.hardware_id, call.now):
        raise ServiceError("floating_not_available")
    answer = feature_check(call, feature, license, identity.hardware_id)
    if boolean(call.values, "include_metadata_string"):
        answer["metadata_string"] = encode(feature.metadata).decode()
    return answer


def check_bundle(call: Call) -> list[JsonObject]:
    """Check a device against a bundle: its own license first, then each sub-license that is active on the device.

    A disabled, inactive or expired sub-license only says so in its item. A floating sub-license takes or renews a slot.
    If a sub-license has no consumptions left, the bundle is refused.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    include_expired = boolean(call.values, "include_expired_features")
    bundle = find_product(call.world, identity.product, is_bundle=True)
    license = find_own_license(bundle, identity)
    admit(call, license, identity.hardware_id)
    members = [each for each in (license, *license.sublicenses.values()) if each.device(identity.hardware_id)]
    take_slots([member for member in members if member.is_usable(call.now)], identity.hardware_id, call.now)
    return [checked(call, member, include_expired=include_expired) for member in members]


def check_license(call: Call) -> JsonObject:
    """Check a device against one license; take or renew its slot if the license floats.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    include_expired = boolean(call.values, "include_expired_features")
    license = find_license(call.world, identity)
    admit(call, license, identity.hardware_id)
    take_slots([license], identity.hardware_id, call.now)
    return checked(call, license, include_expired=include_expired)


def checked(call: Call, license: License, *, include_expired: bool) -> JsonObject:
    """Show one license as a check does, with its signature."""
    device = device_of(license, call.values)
    item = license_item(
        call,
        license,
        device,
        include_expired_features=include_expired,
        environment=call.values.get("env"),
        channel=call.values.get("channel"),
    )
    item["license_signature"] = call.sign(license_signature_text(license, device.hardware_id))
    return item


def license_signature_text(license: License, hardware_id: str) -> str:
    """Return the text that the v1 signature covers: device, key or user, and validity, with A-Z in lower case.

    https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """
    identifier = license.identifier
    if license.user is not None:
        identifier = identifier.partition("|")[0]
    return f"{hardware_id}#{identifier}#{iso(license.validity_period) or ''}".translate(_LOWER)


def take_slots(licenses: Sequence[License], hardware_id: str, now: datetime) -> None:
    """Take a slot of every license or of none, so that a refused check leaves no slots taken."""
    floating = [license.slots for license in licenses if license.slots is not None]
    if not all(slots.has_room_for(hardware_id, now) for slots in floating):
        raise ServiceError("floating_not_available")
    if any(license.consumption is not None and license.consumption.is_used_up(now) for license in licenses):
        raise ServiceError("license_not_enough_consumptions")
    for slots in floating:
        slots.take(hardware_id, now)


# Not the client's table: if both used it, an error in it would go unnoticed.
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_CHECKS: Final = f"{WHO} {ABOUT_DEVICE} include_expired_features env channel"
ROUTES: Final = (
    Route(
        "GET",
        "check_license_feature",
        check_license_feature,
        reads=f"{WHO} feature bundle_code include_metadata_string sdk_ver",
    ),
    Route("GET", "check_bundle", check_bundle, reads=_CHECKS),
    Route(
        "GET",
        "check_license",
        check_license,
        reads=f"{_CHECKS} bundle_code include_scheduled_changes is_vm vm_info",
    ),
)
