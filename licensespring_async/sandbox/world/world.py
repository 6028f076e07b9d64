"""The world that a sandbox serves: products, bundles, users, and through them licenses and devices.

    world = World()
    product = world.add_product("TP")
    license = product.add_license(key="9F2C-77AA-0B1E-C0DE")
    license.add_feature("render", floating_users=2)
    license.activate("hw-1")

    user = world.add_user("ana@example.org")
    maps = world.add_product("MAPS", authorization_method="user")
    maps.add_license(user=user).activate("hw-2")

    suite = world.add_bundle("SUITE", members=[product])
    suite.add_license().sublicenses["TP"].add_feature("export")

A license is inactive until a device is activated. Everything stays mutable while the sandbox runs:
`license.enabled = False` refuses the next check. What requests change - devices, slots, consumption - is read
from and written to the world's store: in memory, or the file of `Sandbox(db=...)`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import attrs

from ...models.json_types import exact
from ..state.places import Home
from ..wire.jsontext import Json
from .customers import User
from .products import AuthorizationMethod, Product


def _ids() -> Iterator[int]:
    # The service's ids do not fit into 32 bits; ids that would fit hide a client's overflow.
    return itertools.count(1_731_000_000_000_019, 7_919)


@attrs.define(kw_only=True, eq=False)
class World:
    """Hold everything that one sandbox knows; build it first, then hand it to `Sandbox`."""

    company_id: int = 4071
    products: dict[str, Product] = attrs.field(factory=dict[str, Product], init=False, repr=False)
    users: dict[str, User] = attrs.field(factory=dict[str, User], init=False, repr=False)
    home: Home = attrs.field(factory=Home, init=False, repr=False)
    _ids: Iterator[int] = attrs.field(factory=_ids, init=False, repr=False)

    def add_product(
        self,
        short_code: str,
        *,
        name: str | None = None,
        authorization_method: AuthorizationMethod = "license-key",
        metadata: Mapping[str, Json] | None = None,
    ) -> Product:
        """Add a product, to sell licenses of with `add_license`.

        Args:
            short_code: Names it in requests.
            name: Name for people; the short code by default.
            authorization_method: Whether its licenses are named by a key or by a user.
            metadata: JSON object shown with it.

        Raises:
            ValueError: The world has a product of this short code.
        """
        return self._sell(short_code, name, authorization_method, metadata, None)

    def add_bundle(
        self,
        short_code: str,
        *,
        members: Sequence[Product],
        name: str | None = None,
        authorization_method: AuthorizationMethod = "license-key",
        metadata: Mapping[str, Json] | None = None,
    ) -> Product:
        """Add a bundle of products; each of its licenses holds one sub-license for every member.

        Args:
            short_code: Names it in requests.
            members: Its products.
            name: Name for people; the short code by default.
            authorization_method: As that of all its members.
            metadata: JSON object shown with it.

        Raises:
            ValueError: A member has another authorization method, or the world has a product of this short code.
        """
        if any(member.authorization_method != authorization_method for member in members):
            raise ValueError(f"{short_code} and its members have to be all key-based or all user-based")
        return self._sell(short_code, name, authorization_method, metadata, tuple(members))

    def add_user(
        self,
        email: str,
        *,
        username: str | None = None,
        first_name: str = "",
        last_name: str = "",
        phone_number: str = "",
        password: str | None = None,
    ) -> User:
        """Add a user of user-based licenses.

        Args:
            email: E-mail address.
            username: Names the user in requests; the e-mail by default.
            first_name: Shown with the licenses, like the next two.
            last_name: Family name.
            phone_number: Phone number.
            password: What activations have to send; without one any is accepted.

        Raises:
            ValueError: The world has a user of this username.
        """
        email, username = exact(email), exact(username or email)
        if username in self.users:
            raise ValueError(f"the world already has a user {username}; usernames are unique")
        user = User(
            id=next(self._ids),
            email=email,
            username=username,
            first_name=first_name,
            last_name=last_name,
            phone_number=phone_number,
            password=password,
        )
        self.users[user.username] = user
        return user

    def _sell(
        self,
        short_code: str,
        name: str | None,
        authorization_method: AuthorizationMethod,
        metadata: Mapping[str, Json] | None,
        members: tuple[Product, ...] | None,
    ) -> Product:
        """Add a product, or with members a bundle of them."""
        short_code = exact(short_code)
        if short_code in self.products:
            raise ValueError(f"the world already has a product {short_code}; short codes are unique")
        product = Product(
            id=next(self._ids),
            short_code=short_code,
            name=name or short_code,
            authorization_method=authorization_method,
            metadata=metadata or {},
            is_bundle=members is not None,
            members=members or (),
            home=self.home,
            ids=self._ids,
        )
        self.products[short_code] = product
        return product
