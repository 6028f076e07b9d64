"""Activating and deactivating devices.

If a license does not allow virtual machines, or its start date is still to come, an activation is refused with
validation_error: the service's own codes are not documented.
"""

from __future__ import annotations

from typing import Final

from ..wire.jsontext import JsonObject
from ..wire.parameters import Identity, boolean
from ..wire.refusals import ServiceError
from ..world.licenses import License
from .answered.licenses import activation_item
from .asked.call import ABOUT_DEVICE, WHO_ACTIVATES, Call, Route
from .asked.device_key import enrol
from .asked.identity import activating_identity, check_password
from .asked.lookup import admit, device_of, expired_code, find_license, find_own_license, find_product, require_on_sale
from .checks import license_signature_text
from .consumption import consume
from .variables import keep_variables


def activate_license(call: Call) -> JsonObject:
    """Activate a device on a license; an active device stays active and counts once.

    Raises:
        ServiceError: The request is refused.
    """
    identity = activating_identity(call)
    find_product(call.world, identity.product, is_bundle=False)
    license = find_license(call.world, identity)
    check_password(license, identity, call)
    _admit_new(license, identity, call)
    license.activate(identity.hardware_id)
    return _activated(license, call)


def activate_bundle(call: Call, *, without_password: bool = False) -> list[JsonObject]:
    """Activate a device on a bundle's license and on each sub-license, or on none of them.

    Args:
        call: The request.
        without_password: Accept a user without a password.

    Raises:
        ServiceError: The request is refused.
    """
    identity = activating_identity(call)
    license = find_own_license(find_product(call.world, identity.product, is_bundle=True), identity)
    members = (license, *license.sublicenses.values())
    for member in members:
        check_password(member, identity, call, may_be_absent=without_password)
        _admit_new(member, identity, call)
    license.activate(identity.hardware_id)
    return [_activated(member, call) for member in members]


def deactivate_license(call: Call) -> str:
    """Deactivate a device on a license, expired or not, and release its slots.

    Raises:
        ServiceError: The request is refused.
    """
    return _deactivate(call, is_bundle=False)


def deactivate_bundle(call: Call) -> str:
    """Deactivate a device on a bundle's license and its sub-licenses, expired or not, and release its slots.

    Raises:
        ServiceError: The request is refused.
    """
    return _deactivate(call, is_bundle=True)


def _deactivate(call: Call, *, is_bundle: bool) -> str:
    identity = activating_identity(call)
    find_product(call.world, identity.product, is_bundle=is_bundle)
    license = find_license(call.world, identity)
    check_password(license, identity, call, may_be_absent=True)
    admit(call, license, identity.hardware_id, expired=True)
    if call.values.get("consumptions", "0") != "0":
        consume(call, license)
    keep_variables(call, device_of(license, call.values))
    license.deactivate(identity.hardware_id)
    return "license_deactivated"


def _admit_new(license: License, identity: Identity, call: Call) -> None:
    if license.bundle_license is not None and identity.bundle_code is not None:
        admit(call, license.bundle_license, identity.hardware_id)
    require_on_sale(license.product)
    if not license.enabled:
        raise ServiceError("license_not_enabled")
    if license.is_expired(call.now):
        raise ServiceError(expired_code(license))
    if license.is_blacklisted(identity.hardware_id):
        raise ServiceError("blacklisted")
    if boolean(call.values, "is_vm") and license.prevent_vm:
        raise ServiceError("validation_error", "The license does not allow virtual machines.")
    if license.device(identity.hardware_id) is None:
        _admit_one_more(license, identity.hardware_id, call)


def _admit_one_more(license: License, hardware_id: str, call: Call) -> None:
    if license.start_date is not None and call.now < license.start_date:
        raise ServiceError("validation_error", "The license cannot be activated before its start date.")
    if license.is_full:
        raise ServiceError("license_activated_max_times" if license.user is None else "licenseUserActivatedMaxTimes")
    if license.is_transfer(hardware_id) and 0 < license.max_transfers <= license.transfer_count:
        raise ServiceError("license_transferred_max_times")


def _activated(license: License, call: Call) -> JsonObject:
    device = device_of(license, call.values)
    enrol(call, license, device)
    keep_variables(call, device)
    item = activation_item(call, license, device)
    item["license_signature"] = call.sign(license_signature_text(license, device.hardware_id))
    return item


ACTIVATES: Final = f"{WHO_ACTIVATES} {ABOUT_DEVICE} is_vm vm_info variables tpm_enrollment"
DEACTIVATES: Final = f"{WHO_ACTIVATES} {ABOUT_DEVICE} bundle_code variables"
ROUTES: Final = (
    Route("POST", "activate_license", activate_license, reads=f"{ACTIVATES} bundle_code"),
    Route("POST", "activate_bundle", activate_bundle, reads=ACTIVATES),
    Route("POST", "deactivate_license", deactivate_license, reads=f"{DEACTIVATES} consumptions"),
    Route("POST", "deactivate_bundle", deactivate_bundle, reads=DEACTIVATES),
)
