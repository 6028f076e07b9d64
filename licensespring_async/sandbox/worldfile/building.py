"""Builds worlds from a world file."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from os import PathLike
from typing import TypeVar

import attrs

from ...errors import ConfigurationError
from ..spelling import keywords_of, known_keywords, suggestion
from ..world.consumption import Consumption, ConsumptionPool
from ..world.credentials import Credentials
from ..world.customers import User
from ..world.features import FeatureTerms
from ..world.licenses import License
from ..world.terms import LicenseTerms, ProductTerms
from ..world.world import World
from .lines import Path
from .reading import Problem, read
from .schema import BundleTable, LicenseTable, WorldTable

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Company:
    """One company of a world file: its world and its keys."""

    world: World
    keys: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)


def load_world(path: str | PathLike[str] | Traversable) -> World:
    """Build the world of a TOML file, without its `[[tenants]]`.

    Args:
        path: The file.

    Raises:
        WorldFileError: It cannot be read or used; the text has line, key and reason of each problem.
    """
    return load_companies(path)[0].world


def load_companies(path: str | PathLike[str] | Traversable) -> Sequence[Company]:
    """Build the worlds of a TOML file: its own company first, then its tenants.

    Args:
        path: The file.

    Raises:
        WorldFileError: As for `load_world`.
    """
    table, source = read(path)
    problems: list[Problem] = []
    own = _build(table, (), problems)
    tenants = [_build(tenant, ("tenants", number), problems) for number, tenant in enumerate(table.tenants)]
    if problems:
        raise source.error(problems)
    return (own, *tenants)


def _build(table: WorldTable, place: Path, problems: list[Problem]) -> Company:
    given = {name: value for name, value in attrs.asdict(table.company).items() if value is not None}
    world = World(**{name: given.pop(name) for name in known_keywords(World) if name in given})
    builder = _Builder(world=world, place=place, problems=problems)
    with builder.at("company"):
        Credentials(**given)
    builder.build(table)
    return Company(world=world, keys=given)


class _UnknownName(Exception):
    """A reference to something that is not in the file."""

    def __init__(self, path: Path, what: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no {what} {name!r}{suggestion(name, list(known))}")
        self.path = path


@attrs.frozen(kw_only=True)
class _Builder:
    """Builds everything that can be built, and collects the problems."""

    world: World
    place: Path
    problems: list[Problem]

    def build(self, table: WorldTable) -> None:
        """Build a company's world in the order of its dependencies."""
        for number, product in enumerate(table.products):
            with self.at("products", number):
                self.world.add_product(**keywords_of(product, ProductTerms))
        for number, bundle in enumerate(table.bundles):
            with self.at("bundles", number):
                self._bundle(bundle)
        for number, user in enumerate(table.users):
            with self.at("users", number):
                self.world.add_user(**keywords_of(user, User))
        for number, pool in enumerate(table.pools):
            with self.at("pools", number):
                self.world.add_pool(**keywords_of(pool, ConsumptionPool))
        for number, license in enumerate(table.licenses):
            with self.at("licenses", number):
                self._license(license)

    @contextmanager
    def at(self, *path: str | int) -> Generator[None]:
        """Collect a problem of the block as one of this place in the file."""
        try:
            yield
        except _UnknownName as error:
            self.problems.append(Problem((*self.place, *path, *error.path), str(error)))
        except ValueError as error:
            self.problems.append(Problem((*self.place, *path), str(error)))

    def _bundle(self, table: BundleTable) -> None:
        members = [
            _named(self.world.products, "product", code, ("members", number))
            for number, code in enumerate(table.members)
        ]
        self.world.add_bundle(members=members, **keywords_of(table, ProductTerms))

    def _license(self, table: LicenseTable) -> None:
        product = _named(self.world.products, "product", table.product, ("product",))
        user = None if table.user is None else _named(self.world.users, "user", table.user, ("user",))
        if table.key is not None and user is not None:
            raise ConfigurationError("a license has either a key or a user, not both")
        self._pooled(table.consumption, ())
        license = product.add_license(key=table.key, user=user, **keywords_of(table, LicenseTerms))
        self._add_features(license, table.features, ())
        for code, changes in table.sublicenses.items():
            sublicense = _named(license.sublicenses, "sub-license", code, ("sublicenses", code))
            for name, value in changes.values.items():
                if isinstance(value, Consumption):
                    self._pooled(value, ("sublicenses", code))
                setattr(sublicense, name, value)
            self._add_features(sublicense, changes.features, ("sublicenses", code))
        for hardware_id in table.devices:
            license.activate(hardware_id)
        for hardware_id in table.blacklisted:
            license.blacklist(hardware_id)

    def _add_features(self, license: License, features: Iterable[FeatureTerms], path: Path) -> None:
        for number, feature in enumerate(features):
            self._pooled(feature.consumption, (*path, "features", number))
            license.add_feature(**keywords_of(feature, FeatureTerms))

    def _pooled(self, consumption: Consumption | None, path: Path) -> None:
        """Replace a placeholder, which has only the pool's code, by the world's pool."""
        if consumption is not None and consumption.pool is not None:
            named = _named(self.world.pools, "pool", consumption.pool.code, (*path, "consumption", "pool"))
            consumption.pool = named


def _named(known: Mapping[str, T], what: str, name: str, path: Path) -> T:
    if name not in known:
        raise _UnknownName(path, what, name, known)
    return known[name]
