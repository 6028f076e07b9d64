"""The licensee of a request."""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

import attrs

from ...checks import FeatureCheck, Key, LicenseCheck, key_of_whose
from ...redaction import Unpickled


@attrs.frozen(kw_only=True)
class Licensee(Unpickled):
    """Name the device of a request, and the key or user of its license.

    Args:
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license if the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.
    """

    hardware_id: str = attrs.field(repr=False)
    license_key: str | None = attrs.field(default=None, repr=False)
    username: str | None = attrs.field(default=None, repr=False)
    license_id: int | None = None
    bundle_code: str | None = None

    @cached_property
    def _named(self) -> Key:
        # Kept, because `by_headers` returns one licensee again and again.
        return key_of_whose(self)

    def key(self, product: str, feature: str | None) -> Key:
        """Return the key of the check that `of` returns, without making it."""
        return (product, feature, *self._named)

    def of(self, product: str, feature: str | None) -> FeatureCheck | LicenseCheck:
        """Return the check of a feature, or with None of the license; InvalidParameter if it cannot be sent."""
        whose = attrs.asdict(self)
        if feature is None:
            return LicenseCheck(product=product, **whose)
        return FeatureCheck(product=product, feature=feature, **whose)


Found: TypeAlias = Licensee | None
"""A licensee, or None if the request names none; such a request is refused like any other."""
