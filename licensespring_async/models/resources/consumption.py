"""Counted uses: how many are allowed, how many are left, and the answer to a use."""

# Annotations are evaluated here: other modules inherit these fields, but do not have their names.

import attrs

from ..enums import ConsumptionPeriod, FeatureType, LicenseType
from ..json_types import JsonObject
from ..model import Model
from .company import Company
from .floating import Floats


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Counted(Model):
    """Something that may count uses. The fields are None if it does not.

    Attributes:
        total_consumptions: Uses so far; may be negative.
        allow_unlimited_consumptions: Whether there is no limit; it takes precedence over overages.
        allow_negative_consumptions: Whether uses may be given back below 0.
        allow_overages: Whether the maximum may be passed, by `max_overages`.
        reset_consumption: Whether the count starts again after each `consumption_period`.
    """

    total_consumptions: int | None = None
    allow_unlimited_consumptions: bool | None = None
    allow_negative_consumptions: bool | None = None
    allow_overages: bool | None = None
    max_overages: int | None = None
    reset_consumption: bool | None = None
    consumption_period: ConsumptionPeriod | str | None = None

    @property
    def _kind(self) -> str | None:
        """The type, which says whether uses are counted."""
        return LicenseType.CONSUMPTION

    @property
    def _maximum(self) -> int | None:
        """How many uses there are."""
        raise NotImplementedError

    @property
    def is_consumption(self) -> bool:
        """Whether uses are counted. If the type is missing or unknown to this version: whether there is any count."""
        if isinstance(self._kind, (LicenseType, FeatureType)):  # a tuple: a union would be built for each answer
            return self._kind == LicenseType.CONSUMPTION
        return self._maximum is not None or self.total_consumptions is not None

    @property
    def remaining_consumptions(self) -> int | None:
        """Uses left, allowed overages included; None when unlimited or when uses are not counted.

        Never below 0. A gap in the answer is never an allowance: without a maximum or a total, none are left.

        Source: https://docs.licensespring.com/license-api/consumption (unlimited has priority over overages)
        """
        left = self._balance
        return None if left is None else max(0, left)

    @property
    def _balance(self) -> int | None:
        """As `remaining_consumptions`, but below 0 after more uses than are allowed now."""
        if not self.is_consumption or self.allow_unlimited_consumptions:
            return None
        if self._maximum is None or self.total_consumptions is None:
            return 0
        overages = (self.max_overages or 0) if self.allow_overages else 0
        return self._maximum + overages - self.total_consumptions


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Consumption(Counted, Floats):
    """The answer of `add_consumption` and `add_feature_consumption`: the count after the use.

    Sources: https://docs.licensespring.com/license-api/consumption/add-consumption and
    https://docs.licensespring.com/license-api/consumption/add-feature-consumption

    Attributes:
        id: Id of the license; in the answer of `add_feature_consumption`, of the license's feature.
        license_id: Id of the feature's license; None in the answer of `add_consumption`.
        max_consumptions: How many uses there are.
        pool: The state of the consumption pool of the license or feature, as it came; None without one.
        company: The vendor's account, if the service names it.
    """

    id: int
    total_consumptions: int = attrs.field()
    license_id: int | None = None
    max_consumptions: int | None = None
    pool: JsonObject | None = attrs.field(default=None, hash=False)
    company: Company | None = None

    @property
    def _maximum(self) -> int | None:
        return self.max_consumptions
