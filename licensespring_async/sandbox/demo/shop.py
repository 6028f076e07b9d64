"""The demo's software company: its products, and the licenses that it sells to the fleet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import cycle
from typing import Final

import attrs

from ..world.consumption import Consumption
from ..world.customers import Customer, User
from ..world.licenses import License
from ..world.products import Product
from ..world.world import World
from ..worldfile import load_world
from .names import Person, hardware_id, license_key, people

DEMO_FILE: Final[Traversable] = files("licensespring_async.sandbox.demo") / "demo.toml"

PAID_UNTIL: Final = datetime(2099, 12, 31, tzinfo=UTC)
LAPSED: Final = datetime(2021, 3, 31, tzinfo=UTC)

PLAIN_FEATURE: Final = "raw-import"
CONSUMPTION_FEATURE: Final = "ai-upscale"
MAPS_FEATURE: Final = "offline-maps"
SIMULATION_FEATURE: Final = "simulation"


@attrs.define(kw_only=True, eq=False)
class Shop:
    """The demo's products, and the fleet's rows so far."""

    world: World
    lumen: Product
    terra: Product
    vector: Product
    studio: Product
    crew: Product
    rows: list[dict[str, str]] = attrs.field(factory=list[dict[str, str]])
    _users: Iterator[Person] = attrs.field(factory=people)
    _customers: Iterator[Person] = attrs.field(factory=lambda: cycle(people()))
    _sold: int = 0

    def sell_lumen(self, *, enabled: bool = True) -> License:
        """Sell a perpetual license of the photo editor, with a plain feature and one with consumption."""
        license = self.lumen.add_license(
            key=license_key(f"sale {self._next()}"),
            enabled=enabled,
            max_activations=10,
            customer=self._customer(),
        )
        license.add_feature(PLAIN_FEATURE, name="Raw import")
        license.add_feature(
            CONSUMPTION_FEATURE,
            name="AI upscaling",
            consumption=Consumption(maximum=500, total=self._sold % 400, reset=True, period="monthly"),
        )
        return license

    def sell_terra(self, *, until: datetime = PAID_UNTIL) -> License:
        """Sell a user a subscription to the maps."""
        license = self.terra.add_license(user=self._user(), kind="subscription", validity_period=until)
        license.add_feature(MAPS_FEATURE, name="Offline maps", expiry_date=until)
        return license

    def sell_vector(self, *, slots: int, until: datetime = PAID_UNTIL) -> License:
        """Sell a time-limited license of the CAD program, with a floating feature."""
        license = self.vector.add_license(
            key=license_key(f"sale {self._next()}"),
            validity_period=until,
            max_activations=100,
            customer=self._customer(),
        )
        license.add_feature(SIMULATION_FEATURE, name="Simulation", floating_users=slots)
        return license

    def sell_studio(
        self,
        *,
        enabled: bool = True,
        until: datetime = PAID_UNTIL,
        floating_users: int | None = None,
        consumption: Consumption | None = None,
    ) -> License:
        """Sell a license of the key-based bundle."""
        license = self.studio.add_license(
            key=license_key(f"sale {self._next()}"),
            enabled=enabled,
            validity_period=until,
            max_activations=20,
            floating_users=floating_users,
            consumption=consumption,
            customer=self._customer(),
        )
        license.sublicenses["LUMEN"].add_feature(PLAIN_FEATURE, name="Raw import")
        license.sublicenses["TONE"].add_feature("mastering", expiry_date=until)
        return license

    def sell_crew(self) -> License:
        """Sell a user a license of the user-based bundle."""
        license = self.crew.add_license(user=self._user(), kind="subscription", validity_period=PAID_UNTIL)
        license.sublicenses["TERRA"].add_feature(MAPS_FEATURE, name="Offline maps")
        return license

    def activate(self, license: License, *, feature: str = "", devices: int = 1) -> None:
        """Activate new devices and add a row for each; without a feature, the row checks the bundle."""
        for _ in range(devices):
            self.list_device(license, feature=feature, device=license.activate(self.new_device()).hardware_id)

    def list_device(self, license: License, *, feature: str = "", device: str = "", product: str | None = None) -> None:
        """Add a row for a device, by default an unknown one, without activating it."""
        self.rows.append(
            {
                "product": product or license.product.short_code,
                "hardware_id": device or self.new_device(),
                "license_key": license.key or "",
                "username": "" if license.user is None else license.user.username,
                "feature": feature,
            }
        )

    def list_stranger(self, product: Product, *, feature: str = "") -> None:
        """Add a row with an unknown key or user."""
        by_user = product.authorization_method == "user"
        self.rows.append(
            {
                "product": product.short_code,
                "hardware_id": self.new_device(),
                "license_key": "" if by_user else license_key(f"forgery {self._next()}"),
                "username": next(self._users).email if by_user else "",
                "feature": feature,
            }
        )

    def new_device(self) -> str:
        """Return an unused hardware id."""
        return hardware_id(f"device {self._next()}")

    def _next(self) -> int:
        self._sold += 1
        return self._sold

    def _user(self) -> User:
        person = next(self._users)
        return self.world.add_user(person.email, first_name=person.first_name, last_name=person.last_name)

    def _customer(self) -> Customer:
        person = next(self._customers)
        return Customer(
            email=person.email,
            company_name=person.company,
            first_name=person.first_name,
            last_name=person.last_name,
            city=person.city,
            country=person.country,
        )


def open_shop() -> Shop:
    """Return a shop with the products and licenses of the demo's world file."""
    world = load_world(DEMO_FILE)
    sold = world.products
    return Shop(
        world=world,
        lumen=sold["LUMEN"],
        terra=sold["TERRA"],
        vector=sold["VECTOR"],
        studio=sold["STUDIO"],
        crew=sold["CREW"],
    )
