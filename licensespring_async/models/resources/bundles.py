"""Bundles: what `check_bundle` and `activate_bundle` answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import attrs

from ..expiry import Judged, TimeFloor, judge
from ..model import Model
from .licenses import License


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Bundle(Model, Judged, Sequence[License]):
    """The licenses of a bundle, in the service's order, with lookup by product short code.

    `bundle[0]` and slices work as in any sequence. `bundle["APP"]`, `bundle.get("APP")` and `"APP" in bundle` look up
    by the short code of the license's product. The service promises no order, so look up by code.

    Source: https://docs.licensespring.com/license-api/license-check/check-bundle
    """

    licenses: tuple[License, ...]

    @overload
    def __getitem__(self, key: int | str) -> License: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[License, ...]: ...

    def __getitem__(self, key: int | str | slice) -> License | tuple[License, ...]:
        if not isinstance(key, str):
            return self.licenses[key]
        found = self.get(key)
        if found is None:
            raise KeyError(f"no license of product {key!r}; the bundle has {', '.join(self.products) or 'none'}")
        return found

    def __len__(self) -> int:
        return len(self.licenses)

    def __iter__(self) -> Iterator[License]:
        return iter(self.licenses)

    def __contains__(self, item: object) -> bool:
        return (self.get(item) is not None) if isinstance(item, str) else item in self.licenses

    def _judge_by(self, floor: TimeFloor) -> None:
        for license in self.licenses:
            judge(license, floor)

    @property
    def products(self) -> tuple[str, ...]:
        """The short codes of the licenses' products, in order."""
        return tuple(license.product_details.short_code for license in self.licenses)

    def get(self, product: str) -> License | None:
        """Return the first license of the product with this short code, or None."""
        return next((each for each in self.licenses if each.product_details.short_code == product), None)
