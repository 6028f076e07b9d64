"""Devices that come and go: activating, deactivating, and giving a license's slot back.

The service documents no code for a wrong password; here it is license_not_found, as for an unknown user.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .answers import activation_item
from .jsontext import JsonObject
from .licenses import License
from .parameters import Identity, Values, read_identity, required
from .refusals import ServiceError
from .service import admit, device_of, find_license, find_own_license, find_product, license_signature_text
from .world import World


def activate_license(world: World, values: Values, now: datetime, sign: Callable[[str], str]) -> JsonObject:
    """Make a device an active one of a license; one that is active already stays so and is counted once.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(values)
    find_product(world, identity.product, is_bundle=False)
    license = find_license(world, identity)
    _admit_new(license, identity, values, now)
    license.activate(identity.hardware_id)
    return _activated(license, values, world, now, sign)


def activate_bundle(world: World, values: Values, now: datetime, sign: Callable[[str], str]) -> list[JsonObject]:
    """Make a device an active one of a bundle's license and of each sub-license, or of none of them.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(values)
    license = find_own_license(find_product(world, identity.product, is_bundle=True), identity)
    members = (license, *license.sublicenses.values())
    for member in members:
        _admit_new(member, identity, values, now)
    license.activate(identity.hardware_id)
    return [_activated(member, values, world, now, sign) for member in members]


def deactivate(world: World, values: Values, now: datetime, *, is_bundle: bool) -> str:
    """Take a device off a license, expired or not, and free its slots.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(values)
    find_product(world, identity.product, is_bundle=is_bundle)
    license = find_license(world, identity)
    admit(license, identity.hardware_id, now, expired=True)
    license.deactivate(identity.hardware_id)
    return "license_deactivated"


def release_floating_license(world: World, values: Values, now: datetime) -> None:
    """Give a device's slot of a floating license back; a device without one is no error.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(values)
    license = find_license(world, identity)
    admit(license, identity.hardware_id, now, expired=True)
    if license.slots is not None:
        license.slots.release(identity.hardware_id, now)


def _admit_new(license: License, identity: Identity, values: Values, now: datetime) -> None:
    if license.user is not None:
        password = required(values, "password")
        if license.user.password not in (None, password):
            raise ServiceError("license_not_found")
    if license.bundle_license is not None and identity.bundle_code is not None:
        admit(license.bundle_license, identity.hardware_id, now)
    if not license.enabled:
        raise ServiceError("license_not_enabled")
    if license.is_expired(now):
        raise ServiceError("license_expired")
    if license.is_blacklisted(identity.hardware_id):
        raise ServiceError("blacklisted")
    is_full = license.times_activated >= license.max_activations and not license.allow_unlimited_activations
    if is_full and license.device(identity.hardware_id) is None:
        raise ServiceError("license_activated_max_times")


def _activated(license: License, values: Values, world: World, now: datetime, sign: Callable[[str], str]) -> JsonObject:
    device = device_of(license, values)
    item = activation_item(license, device, company_id=world.company_id, now=now)
    item["license_signature"] = sign(license_signature_text(license, device.hardware_id))
    return item
