"""The documented values of open string fields.

Fields typed with them are `Enum | str`: a value that the vendor adds later stays a plain string, so comparing with
`==` works for both.
"""

from __future__ import annotations

from enum import StrEnum


class FeatureType(StrEnum):
    """The type of a feature."""

    ACTIVATION = "activation"
    CONSUMPTION = "consumption"


class LicenseType(StrEnum):
    """How long a license lasts. Source: https://docs.licensespring.com/license-api/license-check/check-bundle"""

    PERPETUAL = "perpetual"
    TIME_LIMITED = "time-limited"
    SUBSCRIPTION = "subscription"
    CONSUMPTION = "consumption"


class ConsumptionPeriod(StrEnum):
    """How often a consumption count is reset."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ANNUALLY = "annually"


class AuthorizationMethod(StrEnum):
    """How a product's licenses are identified."""

    LICENSE_KEY = "license-key"
    USER = "user"

    @classmethod
    def _missing_(cls, value: object) -> AuthorizationMethod | None:
        # The documentation's prose spells it with an underscore, the wire with a hyphen.
        return cls.LICENSE_KEY if value == "license_key" else None
