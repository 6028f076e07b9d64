"""The endpoints: parameters, the world and the time, to JSON or to a refusal. No I/O.

A request that breaks several rules is refused for the first of: its parameters, unknown_product,
license_not_found, license_not_enabled, license_not_active, license_expired, blacklisted, device_not_found,
invalid_license_feature_code, license_borrow_not_allowed, borrow_until_not_valid, floating_not_available,
license_not_enough_consumptions. What refuses a bundle's license refuses its sub-licenses. A refused request
changes nothing: it is undone with its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from .answers import feature_check, license_item
from .calls import Call
from .devices import Device, Devices
from .features import Feature
from .jsontext import JsonObject, encode
from .licenses import License
from .moments import iso
from .parameters import Identity, Values, boolean, read_identity, required
from .products import Product
from .refusals import ServiceError
from .world import World

_DEVICE_DETAILS: Final = (
    "os_ver",
    "hostname",
    "os_hostname",
    "ip",
    "ip_local",
    "app_ver",
    "sdk_ver",
    "mac_address",
)


def check_license_feature(call: Call) -> JsonObject:
    """Check a device against a feature; a floating feature's slot is taken or renewed.

    Whether the service refuses an expired feature is not documented. Here it is answered with its past
    expiry_date, without a slot, so that a client which looks at the status alone is found out.

    Raises:
        ServiceError: The request is refused.
    """
    identity, license, feature = admitted_feature(call)
    slots = None if feature.is_expired(call.now) else feature.slots
    if slots is not None and not slots.take(identity.hardware_id, call.now):
        raise ServiceError("floating_not_available")
    answer = feature_check(feature, license, company_id=call.world.company_id, now=call.now)
    if boolean(call.values, "include_metadata_string"):
        answer["metadata_string"] = encode(feature.metadata).decode()
    return answer


def check_bundle(call: Call) -> list[JsonObject]:
    """Check a device against a bundle: its own license first, then each sub-license active on the device.

    A sub-license that is disabled, inactive or expired says so in its item; one that floats takes or renews a
    slot; one whose consumption is used up refuses the bundle.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    include_expired = boolean(call.values, "include_expired_features")
    bundle = find_product(call.world, identity.product, is_bundle=True)
    license = find_own_license(bundle, identity)
    admit(license, identity.hardware_id, call.now)
    members = [each for each in (license, *license.sublicenses.values()) if each.device(identity.hardware_id)]
    take_slots([member for member in members if member.is_usable(call.now)], identity.hardware_id, call.now)
    return [_checked(call, member, include_expired) for member in members]


def check_license(call: Call) -> JsonObject:
    """Check a device against one license; a floating license's slot is taken or renewed.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    include_expired = boolean(call.values, "include_expired_features")
    license = find_license(call.world, identity)
    admit(license, identity.hardware_id, call.now)
    take_slots([license], identity.hardware_id, call.now)
    return _checked(call, license, include_expired)


def _checked(call: Call, license: License, include_expired: bool) -> JsonObject:
    device = device_of(license, call.values)
    item = license_item(
        license,
        device,
        company_id=call.world.company_id,
        now=call.now,
        include_expired_features=include_expired,
        environment=call.values.get("env"),
    )
    item["license_signature"] = call.sign(license_signature_text(license, device.hardware_id))
    return item


def device_of(license: License, values: Values) -> Device:
    """Give the admitted device of a request, and keep what the request tells of it."""
    device = Devices(license.place).known(values["hardware_id"])
    told = {name: values[name] for name in _DEVICE_DETAILS if name in values}
    if told.items() - device.details.items():
        device.details = {**device.details, **told}
    return device


def license_signature_text(license: License, hardware_id: str) -> str:
    """Give the text that the v1 signature covers: device, key or user, and validity, in lower case.

    https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """
    identifier = license.identifier
    if license.user is not None:
        identifier = identifier.partition("|")[0]
    return f"{hardware_id}#{identifier}#{iso(license.validity_period) or ''}".lower()


def find_product(world: World, short_code: str, *, is_bundle: bool | None = None) -> Product:
    """Give a product, or a bundle, by its short code."""
    product = world.products.get(short_code)
    if product is None or is_bundle not in (None, product.is_bundle):
        raise ServiceError("unknown_product")
    return product


def find_license(world: World, identity: Identity) -> License:
    """Find the license itself, or with a bundle_code the product's sub-license inside that bundle."""
    product = find_product(world, identity.product)
    if identity.bundle_code is None:
        return find_own_license(product, identity)
    bundle = find_product(world, identity.bundle_code, is_bundle=True)
    candidates = [
        license.sublicenses[product.short_code]
        for license in _matching(bundle, identity)
        if product.short_code in license.sublicenses
    ]
    return _choose(candidates, identity)


def admitted_feature(call: Call, *, expired: bool = False) -> tuple[Identity, License, Feature]:
    """Give the device, the license and the feature that a call is about; `expired` lets expired licenses through."""
    identity = read_identity(call.values)
    code = required(call.values, "feature")
    license = find_license(call.world, identity)
    admit(license, identity.hardware_id, call.now, expired=expired)
    feature = license.features.get(code)
    if feature is None:
        raise ServiceError(
            "invalid_license_feature_code",
            f"License feature code: {code} is invalid or not assigned to the license.",
        )
    return identity, license, feature


def find_own_license(product: Product, identity: Identity) -> License:
    """Find the license among those sold of the product itself."""
    return _choose(_matching(product, identity), identity)


def _matching(product: Product, identity: Identity) -> Sequence[License]:
    if identity.by_username != (product.authorization_method == "user"):
        return ()
    return product.licenses_of(identity.identifier)


def _choose(candidates: Sequence[License], identity: Identity) -> License:
    """Pick the license of the license_id; without one, the newest active on the device, else the newest."""
    if identity.license_id is not None:
        candidates = [license for license in candidates if identity.license_id in _ids_of(license)]
    if not candidates:
        raise ServiceError("license_not_found")
    newest_first = tuple(reversed(candidates))
    return next((one for one in newest_first if one.device(identity.hardware_id)), newest_first[0])


def _ids_of(license: License) -> Sequence[int]:
    """A sub-license answers to its bundle license's id too: which of the two is meant is not documented."""
    return (license.id,) if license.bundle_license is None else (license.id, license.bundle_license.id)


def admit(license: License, hardware_id: str, now: datetime, *, inactive: bool = False, expired: bool = False) -> None:
    """Refuse a device that may not use the license; `inactive` and `expired` let such licenses through."""
    if license.bundle_license is not None:
        admit(license.bundle_license, hardware_id, now, inactive=inactive, expired=expired)
    if not license.enabled:
        raise ServiceError("license_not_enabled")
    if not inactive and not license.active:
        raise ServiceError("license_not_active")
    if not expired and license.is_expired(now):
        raise ServiceError("license_expired")
    device = Devices(license.place).get(hardware_id)
    if device is not None and device.blacklisted:
        raise ServiceError("blacklisted")
    if device is None or not device.active:
        raise ServiceError("device_not_found")


def check_password(license: License, values: Values) -> None:
    """Refuse a wrong password; no code is documented for one, so it is that of an unknown user."""
    if license.user is not None:
        password = required(values, "password")
        if license.user.password not in (None, password):
            raise ServiceError("license_not_found")


def take_slots(licenses: Sequence[License], hardware_id: str, now: datetime) -> None:
    """Take every slot of the bundle or none: a refused check must not leave half of them behind."""
    floating = [license.slots for license in licenses if license.slots is not None]
    if not all(slots.has_room_for(hardware_id, now) for slots in floating):
        raise ServiceError("floating_not_available")
    if any(license.consumption is not None and license.consumption.is_used_up(now) for license in licenses):
        raise ServiceError("license_not_enough_consumptions")
    for slots in floating:
        slots.take(hardware_id, now)
