"""Features: what `check_license_feature` answers, and the features inside a license."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from .consumption import granted_overages, remaining
from .enums import ConsumptionPeriod, FeatureType
from .expiry import Timed
from .json_types import JsonObject
from .products import Company


@attrs.frozen(kw_only=True)
class Feature(Timed):
    """What the two kinds of feature have in common.

    Consumption fields are None unless the feature is of type consumption; floating fields are None unless it floats.

    Attributes:
        expiry_date: When the feature ends (UTC), or None if it never does.
        is_floating: Whether an on-premise server hands out its slots.
        is_floating_cloud: Whether the service hands out its slots; a check then takes one.
        floating_in_use_devices: Slots in use at the time of the answer.
        floating_timeout: Minutes without contact after which a device loses its slot.
        max_borrow_time: Hours a slot may be borrowed.
        extra: Fields of the answer that are not documented, as they came.
    """

    id: int
    code: str
    name: str
    feature_type: FeatureType | str
    expiry_date: datetime | None
    metadata: JsonObject
    is_floating: bool
    is_floating_cloud: bool
    metadata_string: str | None = None
    floating_in_use_devices: int | None = None
    floating_users: int | None = None
    floating_timeout: int | None = None
    can_borrow: bool | None = None
    is_borrowed: bool | None = None
    borrowed_until: datetime | None = None
    max_borrow_time: int | None = None
    consumption_period: ConsumptionPeriod | str | None = None
    allow_negative_consumptions: bool | None = None
    allow_overages: bool | None = None
    allow_unlimited_consumptions: bool | None = None
    max_consumption: int | None = None
    max_overages: int | None = None
    reset_consumption: bool | None = None
    total_consumptions: int | None = None
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)

    @property
    def is_consumption(self) -> bool:
        """Whether uses of the feature are counted; of a type this version does not know, whether it has a maximum."""
        if isinstance(self.feature_type, FeatureType):
            return self.feature_type is FeatureType.CONSUMPTION
        return self.max_consumption is not None

    @property
    def remaining_consumptions(self) -> int | None:
        """Uses left, allowed overages included; None when unlimited or when uses are not counted."""
        if not self.is_consumption:
            return None
        return remaining(
            unlimited=self.allow_unlimited_consumptions,
            maximum=self.max_consumption,
            used=self.total_consumptions,
            overages=granted_overages(allowed=self.allow_overages, maximum=self.max_overages),
        )

    def expires_in(self, now: datetime | None = None) -> timedelta | None:
        """Return the time until the feature ends (negative once past), or None if it never does.

        Args:
            now: An aware moment; when None, the later of the local clock and what the service has proved of its own.
        """
        return self.time_left(self.expiry_date, now)

    def is_expired(self, now: datetime | None = None) -> bool:
        """Return whether the feature has ended at `now` (as in `expires_in`)."""
        at = self.moment(now)
        return self.expiry_date is not None and self.expiry_date <= at


@attrs.frozen(kw_only=True)
class ProductFeature(Feature):
    """A feature listed inside a license.

    Source: https://docs.licensespring.com/license-api/license-check/check-bundle
    """


@attrs.frozen(kw_only=True)
class LicenseFeature(Feature):
    """The answer of `check_license_feature`: the device is connected to this feature.

    Source: https://docs.licensespring.com/license-api/license-feature-check

    Attributes:
        license_id: Id of the license that the feature belongs to.
        company: The vendor's account, when the service says it.
    """

    license_id: int
    company: Company | None = None
