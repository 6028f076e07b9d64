"""Features of licenses."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from ..spelling import strict, text_or_empty
from ..state.places import Place
from ..wire.moments import aware
from .usage import UsageTerms

FeatureType: TypeAlias = Literal["activation", "consumption"]


@strict
@attrs.define(eq=False)
class FeatureTerms(UsageTerms):
    """The terms of a feature: plain, with consumption (`consumption`), or cloud floating (`floating_users`).

    Args:
        code: Identifies it in requests.
        name: Display name; the code in title case by default.
        expiry_date: Aware datetime at which the feature expires.
    """

    code: str
    name: str = attrs.field(default="", converter=text_or_empty, kw_only=True)
    expiry_date: datetime | None = attrs.field(default=None, validator=aware, kw_only=True)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.name = self.name or self.code.replace("-", " ").title()


@attrs.define(kw_only=True, eq=False)
class Feature(FeatureTerms):
    """A license's feature; its attributes may be changed while the sandbox runs."""

    id: int
    place: Place = attrs.field(factory=Place, repr=False)

    @property
    def feature_type(self) -> FeatureType:
        """The service's name for the type."""
        return "activation" if self.consumption is None else "consumption"

    def is_expired(self, now: datetime) -> bool:
        """Return whether the feature's own expiry date has passed."""
        return self.expiry_date is not None and now >= self.expiry_date
