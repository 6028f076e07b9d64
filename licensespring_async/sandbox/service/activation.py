"""Devices that come and go: activating and deactivating.

A virtual machine that a license keeps out is refused with validation_error: the service's own code is not documented.
"""

from __future__ import annotations

from typing import Final, cast

from ..wire.jsontext import Json, JsonObject, require_exact
from ..wire.moments import iso
from ..wire.parameters import Identity, boolean, nested, read_identity
from ..wire.refusals import ServiceError
from ..world.licenses import License
from .call import ABOUT_DEVICE, WHO_ACTIVATES, Call, Route
from .checks import license_signature_text
from .license_json import activation_item
from .lookup import admit, check_password, device_of, find_license, find_own_license, find_product


def activate_license(call: Call) -> JsonObject:
    """Make a device an active one of a license; one that is active already stays so and is counted once.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    find_product(call.world, identity.product, is_bundle=False)
    license = find_license(call.world, identity)
    _admit_new(license, identity, call)
    license.activate(identity.hardware_id)
    return _activated(license, call)


def activate_bundle(call: Call) -> list[JsonObject]:
    """Make a device an active one of a bundle's license and of each sub-license, or of none of them.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    license = find_own_license(find_product(call.world, identity.product, is_bundle=True), identity)
    members = (license, *license.sublicenses.values())
    for member in members:
        _admit_new(member, identity, call)
    license.activate(identity.hardware_id)
    return [_activated(member, call) for member in members]


def deactivate_license(call: Call) -> str:
    """Take a device off a license, expired or not, and free its slots.

    Raises:
        ServiceError: The request is refused.
    """
    return _deactivate(call, is_bundle=False)


def deactivate_bundle(call: Call) -> str:
    """Take a device off a bundle's license and its sub-licenses, expired or not, and free its slots.

    Raises:
        ServiceError: The request is refused.
    """
    return _deactivate(call, is_bundle=True)


def _deactivate(call: Call, *, is_bundle: bool) -> str:
    identity = read_identity(call.values)
    find_product(call.world, identity.product, is_bundle=is_bundle)
    license = find_license(call.world, identity)
    admit(license, identity.hardware_id, call.now, expired=True)
    license.deactivate(identity.hardware_id)
    return "license_deactivated"


def _admit_new(license: License, identity: Identity, call: Call) -> None:
    check_password(license, call.values)
    if license.bundle_license is not None and identity.bundle_code is not None:
        admit(license.bundle_license, identity.hardware_id, call.now)
    if not license.enabled:
        raise ServiceError("license_not_enabled")
    if license.is_expired(call.now):
        raise ServiceError("license_expired")
    if license.is_blacklisted(identity.hardware_id):
        raise ServiceError("blacklisted")
    if boolean(call.values, "is_vm") and license.prevent_vm:
        raise ServiceError("validation_error", "The license does not allow virtual machines.")
    if license.is_full and license.device(identity.hardware_id) is None:
        raise ServiceError("license_activated_max_times")


def _activated(license: License, call: Call) -> JsonObject:
    device = device_of(license, call.values)
    variables = _variables(call)
    if variables:
        device.variables = {**device.variables, **{name: [value, iso(call.now)] for name, value in variables.items()}}
    item = activation_item(call, license, device)
    item["license_signature"] = call.sign(license_signature_text(license, device.hardware_id))
    return item


def _variables(call: Call) -> JsonObject:
    variables = nested(call.values, "variables")
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        raise ServiceError("validation_error", "variables has to be an object.")
    try:
        # The names alone may be any: answers list variables, and no name becomes a key.
        return {name: _variable(value) for name, value in cast("JsonObject", variables).items()}
    except ValueError as error:
        raise ServiceError("validation_error", f"variables: {error}") from error


def _variable(value: Json) -> Json:
    if not isinstance(value, str | bool | int | float):
        raise ServiceError("validation_error", "A variable is a text, a number, true or false.")
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    require_exact(value)
    return value


_ACTIVATES: Final = f"{WHO_ACTIVATES} {ABOUT_DEVICE} is_vm vm_info variables tpm_enrollment"
_DEACTIVATES: Final = f"{WHO_ACTIVATES} {ABOUT_DEVICE} bundle_code variables"
ROUTES: Final = (
    Route("POST", "activate_license", activate_license, reads=f"{_ACTIVATES} bundle_code"),
    Route("POST", "activate_bundle", activate_bundle, reads=_ACTIVATES),
    Route("POST", "deactivate_license", deactivate_license, reads=f"{_DEACTIVATES} consumptions"),
    Route("POST", "deactivate_bundle", deactivate_bundle, reads=_DEACTIVATES),
)
