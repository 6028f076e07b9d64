"""Finds the product, license, feature and device of a request, and checks that the device may use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...wire.parameters import Identity, Values, read_identity, required
from ...wire.refusals import ServiceError
from ...world.devices import Device, Devices
from ...world.features import Feature
from ...world.licenses import License
from ...world.products import Product
from ...world.terms import ProductTerms
from ...world.world import World
from .call import ABOUT_DEVICE, Call
from .device_key import require_proof

_DEVICE_DETAILS: Final = ABOUT_DEVICE.split()


def find_product(world: World, short_code: str, *, is_bundle: bool | None = None) -> Product:
    """Return a product, or a bundle, by its short code."""
    product = world.products.get(short_code)
    if product is None or is_bundle not in (None, product.is_bundle):
        raise ServiceError("unknown_product")
    return product


def require_on_sale(product: ProductTerms) -> None:
    """Refuse activations and trials of a product that is archived or disabled."""
    if product.is_archived:
        raise ServiceError("archived_product")
    if not product.active:
        raise ServiceError("disabled_product")


def find_license(world: World, identity: Identity) -> License:
    """Find a license of the product; with a bundle_code, the product's sub-license in that bundle."""
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


def find_own_license(product: Product, identity: Identity) -> License:
    """Find a license that was sold for the product itself."""
    return _choose(_matching(product, identity), identity)


def admitted_feature(
    call: Call, identity: Identity | None = None, *, expired: bool = False
) -> tuple[Identity, License, Feature]:
    """Return a call's identity, license and feature; `expired` admits expired licenses."""
    identity = identity or read_identity(call.values)
    code = required(call.values, "feature")
    license = find_license(call.world, identity)
    admit(call, license, identity.hardware_id, expired=expired)
    feature = license.features.get(code)
    if feature is None:
        raise ServiceError(
            "invalid_license_feature_code",
            f"License feature code: {code} is invalid or not assigned to the license.",
        )
    return identity, license, feature


def _matching(product: Product, identity: Identity) -> Sequence[License]:
    if identity.by_username != (product.authorization_method == "user"):
        return ()
    licenses = product.licenses_of(identity.identifier)
    if identity.account is None:
        return licenses
    return [license for license in licenses if license.customer.account_code == identity.account]


def _choose(candidates: Sequence[License], identity: Identity) -> License:
    """Pick the license with the license_id; without one, the newest active on the device, or else the newest."""
    if identity.license_id is not None:
        candidates = [license for license in candidates if identity.license_id in _ids_of(license)]
    if not candidates:
        raise ServiceError("license_not_found")
    newest_first = tuple(reversed(candidates))
    return next((one for one in newest_first if one.device(identity.hardware_id)), newest_first[0])


def _ids_of(license: License) -> Sequence[int]:
    """A sub-license also matches its bundle license's id: the documentation does not say which one is meant."""
    return (license.id,) if license.bundle_license is None else (license.id, license.bundle_license.id)


def expired_code(license: License) -> str:
    """Return the refusal code of an expired license; the documentation does not say which one a trial gets."""
    return "trial_expired" if license.is_trial else "license_expired"


def admit(call: Call, license: License, hardware_id: str, *, expired: bool = False) -> None:
    """Refuse a device that may not use the license; `expired` admits expired licenses."""
    if license.bundle_license is not None:
        admit(call, license.bundle_license, hardware_id, expired=expired)
    if not license.enabled:
        raise ServiceError("license_not_enabled")
    if not license.active:
        raise ServiceError("license_not_active")
    if not expired and license.is_expired(call.now):
        raise ServiceError(expired_code(license))
    device = Devices(license.place).get(hardware_id)
    if device is not None and device.blacklisted:
        raise ServiceError("blacklisted")
    if device is None or not device.active:
        raise ServiceError("device_not_found")
    require_proof(call, license, device)


def device_of(license: License, values: Values) -> Device:
    """Return the device of a request, and store the details that the request sent."""
    device = Devices(license.place).known(values["hardware_id"])
    sent = {name: values[name] for name in _DEVICE_DETAILS if name in values}
    if sent.items() - device.details.items():
        device.details = {**device.details, **sent}
    return device
