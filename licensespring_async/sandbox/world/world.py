"""The world that a sandbox serves: products, bundles and users, with their licenses and devices.

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

A license is inactive until a device is activated. Everything can be changed while the sandbox runs:
`license.enabled = False` refuses the next check. What requests change (devices, slots, consumption) is in the world's
store: in memory, or in the file of `Sandbox(db=...)`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import attrs

from ...errors import ConfigurationError
from ..spelling import keywords_of, require_text, strict, takes
from ..state.places import Home, Place
from .consumption import ConsumptionPool
from .customers import User
from .licenses import License
from .products import Product
from .terms import ProductTerms
from .trials import Trials


@strict
@attrs.define(eq=False)
class BundleTerms(ProductTerms):
    """The terms of a bundle.

    Args:
        members: Its products, all with the bundle's authorization method.
    """

    members: Sequence[Product] = attrs.field(kw_only=True)


def _ids() -> Iterator[int]:
    # The service's ids do not fit into 32 bits. Smaller ids would hide overflows in clients.
    return itertools.count(1_731_000_000_000_019, 7_919)


@strict
@attrs.define(kw_only=True, eq=False)
class World:
    """The data that a sandbox serves; build it, then pass it to `Sandbox`.

    Args:
        company_id: The company's id in answers.
        passwords_may_change: Allow users to change their passwords.
    """

    company_id: int = 4071
    passwords_may_change: bool = True
    products: dict[str, Product] = attrs.field(factory=dict[str, Product], init=False, repr=False)
    users: dict[str, User] = attrs.field(factory=dict[str, User], init=False, repr=False)
    pools: dict[str, ConsumptionPool] = attrs.field(factory=dict[str, ConsumptionPool], init=False, repr=False)
    home: Home = attrs.field(factory=Home, init=False, repr=False)
    trials: Trials = attrs.field(init=False, repr=False)
    _ids: Iterator[int] = attrs.field(factory=_ids, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.trials = Trials(self.home, self.products, self.users, self.add_user)

    @property
    def licenses(self) -> Sequence[License]:
        """All licenses of all products; sub-licenses are in the licenses of their bundle."""
        return [license for product in tuple(self.products.values()) for license in product.licenses]

    @takes(ProductTerms)
    def add_product(self, terms: ProductTerms) -> Product:
        """Add a product; its `add_license` adds licenses.

        Args:
            terms: The short code, and the keywords of `ProductTerms`.

        Raises:
            ConfigurationError: The world has a product with this short code, or a keyword or value is wrong.
        """
        return self._sell(terms)

    @takes(BundleTerms)
    def add_bundle(self, terms: BundleTerms) -> Product:
        """Add a bundle of products; each of its licenses has a sub-license for every member.

        Args:
            terms: The short code, `members`, and the keywords of `ProductTerms`.

        Raises:
            ConfigurationError: A member has another authorization method; or as for `add_product`.
        """
        for member in terms.members:
            if not isinstance(member, Product):
                raise ConfigurationError(f"members: expected products from add_product, not {member!r:.100}")
        if any(member.authorization_method != terms.authorization_method for member in terms.members):
            raise ConfigurationError(f"{terms.short_code} and its members must be all key-based or all user-based")
        return self._sell(terms, is_bundle=True, members=tuple(terms.members))

    @takes(User)
    def add_user(self, user: User) -> User:
        """Add a user of user-based licenses.

        Args:
            user: The e-mail address, and the keywords of `User`.

        Raises:
            ConfigurationError: The world has a user with this username, or a keyword or value is wrong.
        """
        require_text("email", user.email)
        if user.username in self.users:
            raise ConfigurationError(f"the world already has a user {user.username}; usernames are unique")
        user.id, user.home = next(self._ids), self.home
        self.users[user.username] = user
        return user

    @takes(ConsumptionPool)
    def add_pool(self, pool: ConsumptionPool) -> ConsumptionPool:
        """Add a pool of consumptions, to share by `Consumption(pool=...)`.

        Args:
            pool: The code, `name`, and the keywords of `Consumption`.

        Raises:
            ConfigurationError: The world has a pool with this code, or a keyword or value is wrong.
        """
        require_text("code", pool.code)
        if pool.code in self.pools:
            raise ConfigurationError(f"the world already has a pool {pool.code}; codes are unique")
        pool.id = len(self.pools) + 1  # unlike other ids, the service's pool ids are small
        pool.keep_in(Place(self.home, f"\npool {pool.code}"))  # no license's place begins like this
        self.pools[pool.code] = pool
        return pool

    def users_of_account(self, code: str) -> Sequence[User]:
        """Return the users who have licenses of a customer account, each once."""
        named = {
            license.user.username: license.user
            for license in self.licenses
            if license.user is not None and license.customer.account_code == code
        }
        return tuple(named.values())

    def _sell(self, terms: ProductTerms, *, is_bundle: bool = False, members: tuple[Product, ...] = ()) -> Product:
        require_text("short_code", terms.short_code)
        if terms.short_code in self.products:
            raise ConfigurationError(f"the world already has a product {terms.short_code}; short codes are unique")
        product = Product(
            is_bundle=is_bundle,
            members=members,
            home=self.home,
            ids=self._ids,
            **keywords_of(terms, ProductTerms),
        )
        self.products[product.short_code] = product
        return product
