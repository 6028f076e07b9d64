"""Products and bundles of the sandbox's world, and the licenses sold of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

import attrs

from ...errors import ConfigurationError
from ..spelling import keywords_of, require_text, strict, takes
from ..state.places import Home, Place
from .customers import User
from .licenses import License
from .terms import LicenseTerms, ProductTerms


@strict
@attrs.define(kw_only=True, eq=False)
class LicenseOffer(LicenseTerms):
    """A license that is asked for.

    Args:
        key: License key of a key-based product; made up when left out.
        user: User of a user-based product, from `World.add_user`.
    """

    key: str | None = None
    user: User | None = None


@attrs.define(kw_only=True, eq=False)
class Product(ProductTerms):
    """A product, or a bundle of `members`, that sells licenses; requests name it by its short code."""

    is_bundle: bool = False
    members: tuple[Product, ...] = ()
    home: Home = attrs.field(factory=Home, repr=False)
    _ids: Iterator[int] = attrs.field(alias="ids", repr=False)
    _licenses: dict[str, list[License]] = attrs.field(factory=dict[str, list[License]], init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.id = next(self._ids)

    @property
    def licenses(self) -> Sequence[License]:
        """All licenses of this product; a bundle's sub-licenses are found through the bundle's."""
        return tuple(license for sold in tuple(self._licenses.values()) for license in tuple(sold))

    @takes(LicenseOffer)
    def add_license(self, offer: LicenseOffer) -> License:
        """Add a license; one of a bundle gets a sub-license for each member, in `license.sublicenses`.

        Args:
            offer: Keywords, as `LicenseOffer` has them (those of `LicenseTerms`, `key` and `user`).

        Raises:
            ConfigurationError: The product is user-based and no user was given, or key-based and one was; it has a
                license of this key; or a keyword or a value cannot be.
        """
        if (offer.user is not None) != (self.authorization_method == "user"):
            raise ConfigurationError(
                f"{self.short_code} is {self.authorization_method}-based: give it a license of that kind"
            )
        if offer.key is not None:
            require_text("key", offer.key)
        if offer.key is not None and offer.key in self._licenses:
            raise ConfigurationError(f"{self.short_code} already has a license of this key; keys are unique")
        license_id = next(self._ids)
        key = None if offer.user is not None else offer.key or _made_up_key(license_id)
        named = offer.user.username if offer.user is not None else key or ""
        license = License(
            id=license_id,
            product=self,
            key=key,
            user=offer.user,
            # The place outlives this object: a file's state is found again by what requests name the license by.
            place=Place(self.home, f"{self.short_code}\n{named}\n{len(self.licenses_of(named))}"),
            ids=self._ids,
            **keywords_of(offer, LicenseTerms),
        )
        for member in self.members:
            license.sublicenses[member.short_code] = self._sublicense(license, member)
        self._licenses.setdefault(license.identifier, []).append(license)
        return license

    def withdraw(self, license: License) -> None:
        """Remove a license, as if it had never been sold."""
        sold = self._licenses[license.identifier]
        sold.remove(license)
        if not sold:
            del self._licenses[license.identifier]

    def licenses_of(self, identifier: str) -> Sequence[License]:
        """Return the licenses that a license key or a username stands for, oldest first."""
        return tuple(self._licenses.get(identifier, ()))

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
            is_tpm_auth=license.is_tpm_auth,
            customer=license.customer,
            bundle_license=license,
            place=license.place.inside(member.short_code),
            ids=self._ids,
        )


def _made_up_key(license_id: int) -> str:
    digest = sha256(f"license key {license_id}".encode()).hexdigest().upper()
    return "-".join(digest[start : start + 4] for start in range(0, 16, 4))
