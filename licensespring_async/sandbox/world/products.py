"""Products and bundles of the sandbox's world, and the licenses sold of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal, TypeAlias

import attrs

from ...models.json_types import exact
from ..state.places import Home, Place
from ..wire.jsontext import Json, JsonObject, json_object
from ..wire.moments import aware
from .consumption import Consumption
from .customers import Customer, CustomField, User
from .licenses import License, LicenseType, floating_slots

AuthorizationMethod: TypeAlias = Literal["license-key", "user"]


@attrs.frozen(kw_only=True)
class InstallationFile:
    """Describe one release of a product, as check answers show the newest one."""

    version: str
    installation_file: str = ""
    hash_md5: str = ""
    environment: str = ""
    eula_link: str = ""
    release_notes_link: str = ""
    channel: str = ""
    release_date: datetime | None = attrs.field(default=None, validator=aware)
    requires_version: str | None = None
    size: str | None = None


@attrs.frozen(kw_only=True)
class ProductField:
    """Describe a custom field that licenses of a product have, as product_details shows it."""

    id: int
    name: str
    default_value: str | None = None


@attrs.define(kw_only=True, eq=False)
class Product:
    """Hold a product, or a bundle of `members`; requests name it by its short code.

    `allow_trial` to `custom_fields` are what product_details tells; licenses have their own terms.
    """

    id: int
    short_code: str
    name: str
    authorization_method: AuthorizationMethod = "license-key"
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object)
    is_bundle: bool = False
    members: tuple[Product, ...] = ()
    installation_files: list[InstallationFile] = attrs.field(factory=list[InstallationFile], repr=False)
    allow_trial: bool = False
    trial_days: int = 0
    floating_timeout: int = 60
    allow_overages: bool = False
    max_overages: int = 0
    prevent_vm: bool = False
    custom_fields: list[ProductField] = attrs.field(factory=list[ProductField], repr=False)
    _licenses: dict[str, list[License]] = attrs.field(factory=dict[str, list[License]], init=False, repr=False)
    home: Home = attrs.field(factory=Home, repr=False)
    _ids: Iterator[int] = attrs.field(alias="ids", repr=False)

    @property
    def licenses(self) -> Sequence[License]:
        """Give all licenses of this product; a bundle's sub-licenses are found through the bundle's."""
        return tuple(license for sold in tuple(self._licenses.values()) for license in tuple(sold))

    def add_license(
        self,
        *,
        key: str | None = None,
        user: User | None = None,
        kind: LicenseType | None = None,
        enabled: bool = True,
        validity_period: datetime | None = None,
        start_date: datetime | None = None,
        max_activations: int = 1,
        allow_unlimited_activations: bool = False,
        floating_users: int | None = None,
        floating_timeout: int = 60,
        max_borrow_time: int = 0,
        consumption: Consumption | None = None,
        customer: Customer | None = None,
        custom_fields: Sequence[CustomField] = (),
        metadata: Mapping[str, Json] | None = None,
    ) -> License:
        """Add a license; one of a bundle gets a sub-license for each member, in `license.sublicenses`.

        Args:
            key: License key of a key-based product; made up when left out.
            user: User of a user-based product, from `World.add_user`.
            kind: License type; left out, `consumption` and `validity_period` decide it.
            enabled: False refuses every check with license_not_enabled.
            validity_period: Aware moment from which the license counts as expired.
            start_date: Aware moment from which the license counts as started; shown, never a refusal.
            max_activations: Devices that may be activated; a request for more is refused, `License.activate` is not.
            allow_unlimited_activations: True lets any number of devices be activated.
            floating_users: Devices that may use the license at the same time (cloud floating).
            floating_timeout: Minutes after which an unrenewed slot lapses.
            max_borrow_time: Hours for which a slot may be borrowed; 0 lets none be borrowed.
            consumption: Makes it a consumption license.
            customer: Who bought it.
            custom_fields: Custom fields shown with it.
            metadata: JSON object shown with it.

        Raises:
            ValueError: The product is user-based and no user was given, or key-based and one was; or it has a license
                of this key.
        """
        if (user is not None) != (self.authorization_method == "user"):
            raise ValueError(f"{self.short_code} is {self.authorization_method}-based: give it a license of that kind")
        key = None if key is None else exact(key)
        if key is not None and key in self._licenses:
            raise ValueError(f"{self.short_code} already has a license of this key; keys are unique")
        license_id = next(self._ids)
        key = None if user is not None else key or _made_up_key(license_id)
        named = user.username if user is not None else key or ""
        license = License(
            id=license_id,
            product=self,
            key=key,
            user=user,
            kind=kind,
            enabled=enabled,
            validity_period=validity_period,
            start_date=start_date,
            max_activations=max_activations,
            allow_unlimited_activations=allow_unlimited_activations,
            slots=floating_slots(floating_users, floating_timeout),
            can_borrow=max_borrow_time > 0,
            max_borrow_time=max_borrow_time,
            consumption=consumption,
            customer=customer or Customer(),
            custom_fields=list(custom_fields),
            metadata=metadata or {},
            # The place outlives this object: a file's state is found again by what requests name the license by.
            place=Place(self.home, f"{self.short_code}\n{named}\n{len(self.licenses_of(named))}"),
            ids=self._ids,
        )
        for member in self.members:
            license.sublicenses[member.short_code] = self._sublicense(license, member)
        self._licenses.setdefault(license.identifier, []).append(license)
        return license

    def licenses_of(self, identifier: str) -> Sequence[License]:
        """List the licenses that a license key or a username stands for, oldest first."""
        return tuple(self._licenses.get(identifier, ()))

    def newest_file(self, environment: str | None = None) -> InstallationFile | None:
        """Give the file added last, of one environment if one is named."""
        for file in reversed(self.installation_files):
            if environment in (None, file.environment):
                return file
        return None

    def _sublicense(self, license: License, member: Product) -> License:
        return License(
            id=next(self._ids),
            product=member,
            key=license.key,
            user=license.user,
            validity_period=license.validity_period,
            start_date=license.start_date,
            max_activations=license.max_activations,
            allow_unlimited_activations=license.allow_unlimited_activations,
            customer=license.customer,
            bundle_license=license,
            place=license.place.inside(member.short_code),
            ids=self._ids,
        )


def _made_up_key(license_id: int) -> str:
    digest = sha256(f"license key {license_id}".encode()).hexdigest().upper()
    return "-".join(digest[start : start + 4] for start in range(0, 16, 4))
