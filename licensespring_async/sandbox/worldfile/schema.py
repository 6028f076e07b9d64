"""The tables of a world file: the world's own terms, and references by short code, username or pool code."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..world.consumption import ConsumptionPool
from ..world.customers import User
from ..world.features import FeatureTerms
from ..world.terms import LicenseTerms, ProductTerms


@attrs.define(kw_only=True, eq=False)
class BundleTable(ProductTerms):
    """`[[bundles]]`: products that are sold together; `members` has their short codes."""

    members: list[str]


@attrs.define(eq=False)
class PoolTable(ConsumptionPool):
    """`[[pools]]`: shared consumption; `consumption = { pool = "CODE" }` refers to it."""


@attrs.define(kw_only=True, eq=False)
class GrantTable(LicenseTerms):
    """The common keys of a license and a sub-license."""

    features: list[FeatureTerms] = attrs.field(factory=list[FeatureTerms])


@attrs.frozen
class Changes:
    """`[licenses.sublicenses.CODE]`: the given keys and their values; the others come from the bundle's license."""

    values: Mapping[str, object]
    features: list[FeatureTerms]


@attrs.define(kw_only=True, eq=False)
class LicenseTable(GrantTable):
    """`[[licenses]]`: a license of a product or bundle, for a key or a user, active on `devices`."""

    product: str
    key: str | None = None
    user: str | None = None
    devices: list[str] = attrs.field(factory=list[str])
    blacklisted: list[str] = attrs.field(factory=list[str])
    sublicenses: dict[str, Changes] = attrs.field(factory=dict[str, Changes])


@attrs.frozen(kw_only=True)
class CompanyTable:
    """`[company]`: a company's API key and OAuth client, and the settings of its world; None if left out."""

    api_key: str | None = None
    shared_key: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    company_id: int | None = None
    passwords_may_change: bool | None = None


@attrs.frozen(kw_only=True)
class WorldTable:
    """One company's credentials and world."""

    company: CompanyTable = attrs.field(factory=CompanyTable)
    products: list[ProductTerms] = attrs.field(factory=list[ProductTerms])
    bundles: list[BundleTable] = attrs.field(factory=list[BundleTable])
    users: list[User] = attrs.field(factory=list[User])
    pools: list[PoolTable] = attrs.field(factory=list[PoolTable])
    licenses: list[LicenseTable] = attrs.field(factory=list[LicenseTable])


@attrs.frozen(kw_only=True)
class FileTable(WorldTable):
    """A whole file: the sandbox's own company, and independent ones in `[[tenants]]`."""

    tenants: list[WorldTable] = attrs.field(factory=list[WorldTable])
