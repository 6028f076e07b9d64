"""A world from what a world file says."""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import TypeVar

import attrs

from ..world.customers import Customer
from ..world.licenses import License, floating_slots
from ..world.world import World
from .lines import Path
from .reading import Problem, read, suggestion
from .schema import BundleText, FeatureText, LicenseTerms, LicenseText, ProductTerms, ProductText, UserText, WorldText

T = TypeVar("T")

# Terms that are no attributes of a license.
_BUILT_APART = frozenset({"floating_users", "floating_timeout", "features"})


@attrs.frozen(kw_only=True)
class Company:
    """One company of a world file: its world, and the keys that the file gives it."""

    world: World
    keys: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)


def load_world(path: str | PathLike[str]) -> World:
    """Build the world of a TOML file's own company.

    Args:
        path: The file.

    Raises:
        WorldFileError: It cannot be read or used; the text has line, key and reason of each problem.
    """
    return load_companies(path)[0].world


def load_companies(path: str | PathLike[str]) -> Sequence[Company]:
    """Build the worlds of a TOML file, the own company's first and then its tenants'.

    Args:
        path: The file.

    Raises:
        WorldFileError: As `load_world`.
    """
    text, source = read(path)
    problems: list[Problem] = []
    own = _build(text, (), problems)
    tenants = [_build(tenant, ("tenants", number), problems) for number, tenant in enumerate(text.tenants)]
    if problems:
        raise source.error(problems)
    return (own, *tenants)


def _build(text: WorldText, place: Path, problems: list[Problem]) -> Company:
    world = World()
    _Builder(world=world, place=place, problems=problems).build(text)
    keys = {name: value for name, value in attrs.asdict(text.company).items() if value is not None}
    return Company(world=world, keys=keys)


class _UnknownName(Exception):
    """A key that names something which the file does not describe."""

    def __init__(self, path: Path, what: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no {what} {name!r}{suggestion(name, list(known))}")
        self.path = path


@attrs.frozen(kw_only=True)
class _Builder:
    """Build everything that can be built, and collect what cannot."""

    world: World
    place: Path
    problems: list[Problem]

    def build(self, text: WorldText) -> None:
        """Build in the order in which one thing needs another."""
        for number, product in enumerate(text.products):
            with self._at("products", number):
                self._product(product)
        for number, bundle in enumerate(text.bundles):
            with self._at("bundles", number):
                self._bundle(bundle)
        for number, user in enumerate(text.users):
            with self._at("users", number):
                self._user(user)
        for number, license in enumerate(text.licenses):
            with self._at("licenses", number):
                self._license(license)

    @contextmanager
    def _at(self, *path: str | int) -> Generator[None]:
        try:
            yield
        except _UnknownName as error:
            self.problems.append(Problem((*self.place, *path, *error.path), str(error)))
        except ValueError as error:
            self.problems.append(Problem((*self.place, *path), str(error)))

    def _product(self, text: ProductText) -> None:
        product = self.world.add_product(
            text.short_code,
            name=text.name,
            authorization_method=text.authorization_method,
            metadata=text.metadata,
        )
        _put(product, text, ProductTerms)

    def _bundle(self, text: BundleText) -> None:
        members = [
            _named(self.world.products, "product", code, ("members", number))
            for number, code in enumerate(text.members)
        ]
        bundle = self.world.add_bundle(
            text.short_code,
            members=members,
            name=text.name,
            authorization_method=text.authorization_method,
            metadata=text.metadata,
        )
        _put(bundle, text, ProductTerms)

    def _user(self, text: UserText) -> None:
        options = attrs.asdict(text)
        is_initial = options.pop("is_initial_password")
        self.world.add_user(**options).is_initial_password = is_initial

    def _license(self, text: LicenseText) -> None:
        product = _named(self.world.products, "product", text.product, ("product",))
        user = None if text.user is None else _named(self.world.users, "user", text.user, ("user",))
        if text.key is not None and user is not None:
            raise ValueError("a license has a key or a user, not both")
        license = product.add_license(
            key=text.key,
            user=user,
            validity_period=text.validity_period,
            start_date=text.start_date,
            max_activations=1 if text.max_activations is None else text.max_activations,
            allow_unlimited_activations=bool(text.allow_unlimited_activations),
            customer=Customer() if text.customer is None else Customer(**attrs.asdict(text.customer, recurse=False)),
        )
        _put_terms(license, text)
        for code, terms in text.sublicenses.items():
            _put_terms(_named(license.sublicenses, "sub-license", code, ("sublicenses", code)), terms)
        for hardware_id in text.devices:
            license.activate(hardware_id)
        for hardware_id in text.blacklisted:
            license.blacklist(hardware_id)


def _named(known: Mapping[str, T], what: str, name: str, path: Path) -> T:
    if name not in known:
        raise _UnknownName(path, what, name, known)
    return known[name]


def _put(
    thing: object, text: object, kind: type[attrs.AttrsInstance], *, without: Container[str] = frozenset()
) -> None:
    """Set what a text says beyond what its thing was built with."""
    for attribute in attrs.fields(kind):
        value = getattr(text, attribute.name)
        if value is not None and attribute.name not in without:
            setattr(thing, attribute.name, value)


def _put_terms(license: License, terms: LicenseTerms) -> None:
    _put(license, terms, LicenseTerms, without=_BUILT_APART)
    license.slots = floating_slots(terms.floating_users, terms.floating_timeout)
    for feature in terms.features:
        _add_feature(license, feature)


def _add_feature(license: License, text: FeatureText) -> None:
    if text.code in license.features:
        raise ValueError(f"the license has a feature {text.code} already; codes are unique")
    feature = license.add_feature(
        text.code,
        name=text.name,
        expiry_date=text.expiry_date,
        floating_users=text.floating_users,
        floating_timeout=text.floating_timeout,
        max_borrow_time=text.max_borrow_time,
        consumption=text.consumption,
        metadata=text.metadata,
    )
    feature.offline_floating = text.offline_floating
