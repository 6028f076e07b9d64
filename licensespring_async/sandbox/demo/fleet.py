"""The demo: the world of a small software company (`demo.toml`), and a fleet of 1,000 devices to check against it.

Everything is the same on every run. The order and concurrency of the checks decide only which devices get floating
slots, not how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import attrs

from ..world.consumption import Consumption
from ..world.world import World
from .shop import (
    CONSUMPTION_FEATURE,
    LAPSED,
    MAPS_FEATURE,
    PLAIN_FEATURE,
    SIMULATION_FEATURE,
    Shop,
    open_shop,
)


@attrs.frozen(kw_only=True)
class DemoBundle:
    """The demo's bundle license and an active device."""

    product: str
    license_key: str
    hardware_id: str


@attrs.frozen(kw_only=True)
class DemoUser:
    """The demo's user, and a product that the user has a license for."""

    product: str
    username: str
    password: str


@attrs.frozen(kw_only=True)
class Demo:
    """Values for first requests to the demo world; more devices can be activated."""

    product: str
    license_key: str
    hardware_id: str
    feature: str
    floating_feature: str
    consumption_feature: str
    bundle: DemoBundle
    user: DemoUser
    trial_product: str
    customer: str
    customer_account_code: str


DEMO: Final = Demo(
    product="LUMEN",
    license_key="TWBZ-FYU2-QRTW-KZVT",
    hardware_id="bf028b5a-2740-5fc3-a06c-69ae786762a0",
    feature=PLAIN_FEATURE,
    floating_feature="batch-export",
    consumption_feature=CONSUMPTION_FEATURE,
    bundle=DemoBundle(
        product="STUDIO",
        license_key="HGGR-CZLV-4SJ4-J6NU",
        hardware_id="d3a33a85-9114-5de1-b470-d351358b8dd7",
    ),
    user=DemoUser(product="TERRA", username="demo@lumen.example", password="demo password"),  # noqa: S106 - for everyone
    trial_product="TONE",
    customer="license-desk@demo-surveyors.example",
    customer_account_code="demo-surveyors",
)

DEMO_OUTCOMES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "licensed": 900,
        "floating_not_available": 25,
        "license_not_found": 10,
        "license_expired": 10,
        "device_not_found": 10,
        "license_not_enabled": 9,
        "license_not_active": 9,
        "blacklisted": 9,
        "unknown_product": 8,
        "invalid_license_feature_code": 5,
        "license_not_enough_consumptions": 5,
    }
)
"""The number of the fleet's rows that are licensed, and that are refused with each code."""


def demo_world() -> World:
    """Build the demo's world, including the licenses of the fleet."""
    return _stocked().world


def has_demo(world: World) -> bool:
    """Return whether the licenses of DEMO exist in a world."""
    product = world.products.get(DEMO.product)
    return product is not None and bool(product.licenses_of(DEMO.license_key))


def demo_fleet() -> Sequence[dict[str, str]]:
    """Return the fleet's 1,000 rows: product, hardware_id, license_key, username, feature; "" means absent."""
    return sorted(_stocked().rows, key=lambda row: sha256(row["hardware_id"].encode()).digest())


def _stocked() -> Shop:
    shop = open_shop()
    with shop.world.home.store.transaction():
        _licensed(shop)
        _floating(shop)
        _without_license(shop)
        _with_refused_license(shop)
        _with_refused_device(shop)
    return shop


def _licensed(shop: Shop) -> None:
    for _ in range(100):
        license = shop.sell_lumen()
        shop.activate(license, feature=PLAIN_FEATURE, devices=3)
        shop.activate(license, feature=CONSUMPTION_FEATURE)
    for _ in range(200):
        shop.activate(shop.sell_terra(), feature=MAPS_FEATURE)
    for _ in range(35):
        shop.activate(shop.sell_studio(), devices=3)
    for _ in range(80):
        shop.activate(shop.sell_crew())


def _floating(shop: Shop) -> None:
    """Add 140 devices that share 115 slots."""
    for _ in range(4):
        shop.activate(shop.sell_vector(slots=25), feature=SIMULATION_FEATURE, devices=30)
    shop.activate(shop.sell_studio(floating_users=15), devices=20)


def _without_license(shop: Shop) -> None:
    for _ in range(4):
        shop.list_device(shop.sell_lumen(), feature=PLAIN_FEATURE, product="LUMEN-LE")
        shop.list_device(shop.sell_studio(), product="STUDIO-XL")
    for _ in range(4):
        shop.list_stranger(shop.lumen, feature=PLAIN_FEATURE)
    for _ in range(3):
        shop.list_stranger(shop.terra, feature=MAPS_FEATURE)
        shop.list_stranger(shop.studio)


def _with_refused_license(shop: Shop) -> None:
    for _ in range(5):
        shop.activate(shop.sell_lumen(enabled=False), feature=PLAIN_FEATURE)
        shop.list_device(shop.sell_lumen(), feature=PLAIN_FEATURE)
        shop.activate(shop.sell_vector(slots=5, until=LAPSED), feature=SIMULATION_FEATURE)
        shop.activate(shop.sell_lumen(), feature="print-labels")
        shop.activate(shop.sell_studio(consumption=Consumption(maximum=250, total=250)))
    for _ in range(4):
        shop.activate(shop.sell_studio(enabled=False))
        shop.list_device(shop.sell_crew())
    for _ in range(3):
        shop.activate(shop.sell_studio(until=LAPSED))
    for _ in range(2):
        shop.activate(shop.sell_terra(until=LAPSED), feature=MAPS_FEATURE)


def _with_refused_device(shop: Shop) -> None:
    offers = [(shop.sell_lumen(), PLAIN_FEATURE) for _ in range(9)]
    offers += [(shop.sell_studio(), "") for _ in range(7)]
    offers += [(shop.sell_terra(), MAPS_FEATURE) for _ in range(3)]
    for number, (license, feature) in enumerate(offers):
        license.activate(shop.new_device())
        device = shop.new_device()
        if number % 2:
            license.blacklist(device)
        shop.list_device(license, feature=feature, device=device)
