"""Passwords, and the lists for a user, a device and a customer.

The documentation leaves two points open. If a product is in bundles, user_licenses lists the licenses of the product
and of these bundles. device_licenses lists the licenses on which the device is active.
https://docs.licensespring.com/license-api/list-licenses/licenses-for-user
https://docs.licensespring.com/license-api/device-licenses
https://docs.licensespring.com/license-api/list-license-users-for-customer
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..wire.jsontext import JsonObject
from ..wire.parameters import required
from ..wire.refusals import ServiceError
from ..world.customers import User
from ..world.licenses import License
from ..world.products import Product
from ..world.world import World
from .answered.licenses import listed_license, users_license
from .asked.call import Call, Route
from .asked.identity import proved_user
from .asked.lookup import find_product


def change_password(call: Call) -> str:
    """Replace a user's password.

    Raises:
        ServiceError: The request is refused.
    """
    username, password, new_password = (
        required(call.values, name) for name in ("username", "password", "new_password")
    )
    if not call.world.passwords_may_change:
        raise ServiceError("change_password_not_allowed")
    user, _ = proved_user(attrs.evolve(call, values={"username": username, "password": password}))
    user.change_password(new_password)
    return "password_changed"


def user_licenses(call: Call) -> Sequence[JsonObject]:
    """List a user's licenses, of one product or of all products.

    Raises:
        ServiceError: The request is refused.
    """
    user, account = proved_user(call)
    short_code = call.values.get("product")
    products = (
        _all(call.world) if short_code is None else _with_bundles(call.world, find_product(call.world, short_code))
    )
    return [
        users_license(call, license)
        for product in products
        for license in product.licenses_of(user.username)
        if license.user is user and account in (None, license.customer.account_code)
    ]


def device_licenses(call: Call) -> Sequence[JsonObject]:
    """List the company's licenses that are active on a device, including those inside bundles.

    Raises:
        ServiceError: The request is refused.
    """
    hardware_id = call.values.get("hardware_id")
    if hardware_id is None:
        raise ServiceError("missing_hardware_id")
    licenses = [each for license in call.world.licenses for each in (license, *license.sublicenses.values())]
    devices = [(license, license.device(hardware_id)) for license in licenses]
    return [listed_license(call, license, device) for license, device in devices if device is not None]


def customer_license_users(call: Call) -> JsonObject:
    """List the users of a customer's licenses of a product.

    Raises:
        ServiceError: The request is refused.
    """
    short_code, email = (required(call.values, name) for name in ("product", "customer"))
    product = find_product(call.world, short_code)
    if product.authorization_method != "user":
        raise ServiceError("invalid_product_auth_method")
    sold = [license for license in call.world.licenses if license.customer.email == email]
    if not sold:
        raise ServiceError("customer_does_not_exist")
    licenses = _of_product(sold, product, call.values.get("bundle_code"))
    return {
        "customer": attrs.asdict(sold[-1].customer),
        "users": [_user(license, license.user) for license in licenses if license.user is not None],
        "company": {"id": call.world.company_id},
    }


def _all(world: World) -> Sequence[Product]:
    return tuple(world.products.values())


def _with_bundles(world: World, product: Product) -> Sequence[Product]:
    return [product, *(bundle for bundle in _all(world) if product in bundle.members)]


def _of_product(sold: Iterable[License], product: Product, bundle_code: str | None) -> Sequence[License]:
    if bundle_code is None:
        return [license for license in sold if license.product is product]
    return [
        license.sublicenses[product.short_code]
        for license in sold
        if license.product.short_code == bundle_code and product.short_code in license.sublicenses
    ]


def _user(license: License, user: User) -> JsonObject:
    return {
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "phone_number": user.phone_number,
        "is_active": True,
        "is_initial_password": user.is_initial_password,
        "initial_password": (user.password or "") if user.is_initial_password else "",
        "license_id": license.id,
        "order_id": license.order_id,
        "order_store_id": license.order_store_id,
        "max_activations": license.max_activations,
        "total_activations": license.times_activated,
        "allow_unlimited_activations": license.allow_unlimited_activations,
    }


ROUTES: Final = (
    Route("POST", "change_password", change_password, reads="username password new_password"),
    Route(
        "GET",
        "user_licenses",
        user_licenses,
        reads="product username password id_token code customer_account_code redirect_uri",
    ),
    Route("GET", "device_licenses", device_licenses, reads="hardware_id"),
    Route("GET", "customer_license_users", customer_license_users, reads="product customer bundle_code"),
)
