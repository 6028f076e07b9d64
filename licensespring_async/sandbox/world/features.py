"""Features: what a license lets a device use."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, TypeVar

import attrs

from ..state.places import Place
from ..wire.jsontext import JsonObject, json_object
from ..wire.moments import aware
from .consumption import Consumption
from .slots import Slots

Kept = TypeVar("Kept", Consumption | None, Slots | None)
FeatureType: TypeAlias = Literal["activation", "consumption"]


def _keep(feature: Feature, _: attrs.Attribute[Kept], kept: Kept) -> Kept:
    if kept is not None:
        kept.keep_in(feature.place)
    return kept


@attrs.define(kw_only=True, eq=False)
class Feature:
    """Hold one feature of a license; `slots` make it cloud floating, `consumption` makes it a counter.

    `max_borrow_time` is in hours.
    """

    id: int
    code: str
    name: str
    expiry_date: datetime | None = attrs.field(default=None, validator=aware)
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object)
    consumption: Consumption | None = attrs.field(default=None, on_setattr=_keep)
    slots: Slots | None = attrs.field(default=None, on_setattr=_keep)
    offline_floating: bool = False
    can_borrow: bool = False
    max_borrow_time: int = 0
    place: Place = attrs.field(factory=Place, repr=False)

    def __attrs_post_init__(self) -> None:
        for kept in (self.consumption, self.slots):
            if kept is not None:
                kept.keep_in(self.place)

    @property
    def feature_type(self) -> FeatureType:
        """Name the type as the service does."""
        return "activation" if self.consumption is None else "consumption"

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the feature's own expiry date has passed."""
        return self.expiry_date is not None and now >= self.expiry_date
