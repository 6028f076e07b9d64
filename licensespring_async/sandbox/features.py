"""Features and consumption: what a license lets a device use, and how much of it is left."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from .jsontext import JsonObject, json_object
from .moments import aware
from .slots import Slots

ConsumptionPeriod: TypeAlias = Literal["daily", "weekly", "monthly", "annually"]
FeatureType: TypeAlias = Literal["activation", "consumption"]


@attrs.define(kw_only=True, eq=False)
class Consumption:
    """Count what a license or a feature has consumed against what it may consume."""

    maximum: int = 0
    total: int = 0
    unlimited: bool = False
    allow_overages: bool = False
    max_overages: int = 0
    allow_negative: bool = False
    reset: bool = False
    period: ConsumptionPeriod | None = None

    @property
    def is_used_up(self) -> bool:
        """Tell whether nothing is left, permitted overages included."""
        overages = self.max_overages if self.allow_overages else 0
        return not self.unlimited and self.total >= self.maximum + overages


@attrs.define(kw_only=True, eq=False)
class Feature:
    """Hold one feature of a license; `slots` make it cloud floating, `consumption` makes it a counter."""

    id: int
    code: str
    name: str
    expiry_date: datetime | None = attrs.field(default=None, validator=aware)
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=json_object)
    consumption: Consumption | None = None
    slots: Slots | None = None
    offline_floating: bool = False

    @property
    def feature_type(self) -> FeatureType:
        """Name the type as the service does."""
        return "activation" if self.consumption is None else "consumption"

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the feature's own expiry date has passed."""
        return self.expiry_date is not None and now >= self.expiry_date
