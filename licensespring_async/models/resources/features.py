"""Features: what `check_license_feature` answers, and the features inside a license."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from ..enums import FeatureType
from ..expiry import Timed
from ..json_types import JsonObject
from .company import Company
from .consumption import Counted
from .floating import Lends


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Feature(Timed, Counted, Lends):
    """The common fields of the two kinds of features.

    Consumption fields are None unless the feature is of type consumption; floating fields are None unless it floats.

    Attributes:
        expiry_date: When the feature ends (UTC), or None if it never does.
        max_consumption: How many uses there are.
    """

    code: str
    expiry_date: datetime | None
    id: int | None = None
    name: str | None = None
    feature_type: FeatureType | str | None = None
    max_consumption: int | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)
    metadata_string: str | None = None

    @property
    def _kind(self) -> str | None:
        return self.feature_type

    @property
    def _maximum(self) -> int | None:
        return self.max_consumption

    def expires_in(self, now: datetime | None = None) -> timedelta | None:
        """Return the time until the feature ends (negative once past), or None if it never does.

        Args:
            now: An aware moment; None for the later of the local clock and the time that the service has proved.
        """
        return self._time_left(self.expiry_date, now)

    def is_expired(self, now: datetime | None = None) -> bool:
        """Return whether the feature has ended at `now` (as in `expires_in`)."""
        at = self._moment(now)
        return self.expiry_date is not None and self.expiry_date <= at


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class ProductFeature(Feature):
    """A feature listed inside a license.

    Source: https://docs.licensespring.com/license-api/license-check/check-bundle
    """


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class LicenseFeature(Feature):
    """The answer of `check_license_feature`: the device is connected to this feature.

    Source: https://docs.licensespring.com/license-api/license-feature-check

    Attributes:
        license_id: Id of the license that the feature belongs to.
        company: The vendor's account, if the service names it.
    """

    license_id: int
    id: int = attrs.field()
    is_floating: bool = attrs.field()
    is_floating_cloud: bool = attrs.field()
    company: Company | None = None
