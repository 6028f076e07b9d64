"""The tables of a world file: the world's own terms, and what only a file has, which names things by their names."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..world.consumption import ConsumptionPool
from ..world.customers import User
from ..world.features import FeatureTerms
from ..world.terms import LicenseTerms, ProductTerms


@attrs.define(kw_only=True, eq=False)
class BundleTable(ProductTerms):
    """`[[bundles]]`: products that are sold together; `members` names their short codes."""

    members: list[str]


@attrs.define(eq=False)
class PoolTable(ConsumptionPool):
    """`[[pools]]`: what several licenses or features consume from; `consumption = { pool = "CODE" }` names it."""


@attrs.define(kw_only=True, eq=False)
class GrantTable(LicenseTerms):
    """What the tables of a license and of a sub-license have in common."""

    features: list[FeatureTerms] = attrs.field(factory=list[FeatureTerms])


@attrs.frozen
class Changes:
    """`[licenses.sublicenses.CODE]`: the keys that the table has, and their values; the rest stays the bundle's."""

    values: Mapping[str, object]
    features: list[FeatureTerms]


@attrs.define(kw_only=True, eq=False)
class LicenseTable(GrantTable):
    """`[[licenses]]`: sold of a product or bundle, to a key or a user, active on `devices`."""

    product: str
    key: str | None = None
    user: str | None = None
    devices: list[str] = attrs.field(factory=list[str])
    blacklisted: list[str] = attrs.field(factory=list[str])
    sublicenses: dict[str, Changes] = attrs.field(factory=dict[str, Changes])


@attrs.frozen(kw_only=True)
class CompanyTable:
    """`[company]`: the keys that name a company's requests (what is left out is made up), and the world's settings."""

    api_key: str | None = None
    shared_key: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    company_id: int = 4071
    passwords_may_change: bool = True


@attrs.frozen(kw_only=True)
class WorldTable:
    """One company's world: who it is and what it sells."""

    company: CompanyTable = attrs.field(factory=CompanyTable)
    products: list[ProductTerms] = attrs.field(factory=list[ProductTerms])
    bundles: list[BundleTable] = attrs.field(factory=list[BundleTable])
    users: list[User] = attrs.field(factory=list[User])
    pools: list[PoolTable] = attrs.field(factory=list[PoolTable])
    licenses: list[LicenseTable] = attrs.field(factory=list[LicenseTable])


@attrs.frozen(kw_only=True)
class FileTable(WorldTable):
    """A whole file: the sandbox's own company, and more in `[[tenants]]`, which share nothing with it."""

    tenants: list[WorldTable] = attrs.field(factory=list[WorldTable])
