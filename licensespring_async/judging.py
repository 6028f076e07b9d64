"""Whether a successful answer is a yes. The service answers for ended features and licenses with success, too. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from .errors import FeatureExpired, LicenseExpired, LicenseNotActive, LicenseNotEnabled, LicenseRefused
from .models import Bundle, InvalidReason, License, LicenseFeature
from .redaction import excerpt

Part: TypeAlias = LicenseFeature | License
"""Something that may be used or not: a feature or a license."""

Checked: TypeAlias = Part | Bundle
"""The answer of a check."""

# Here and below, the class that a value most often has is looked for first: any other takes ten times as long.
_INVALID: Final[dict[InvalidReason, type[LicenseRefused]]] = {
    InvalidReason.NOT_ACTIVE: LicenseNotActive,
    InvalidReason.NOT_ENABLED: LicenseNotEnabled,
    InvalidReason.EXPIRED: LicenseExpired,
}


def usable_parts(value: Checked, now: datetime) -> tuple[Part, ...]:
    """Return the parts that may be used at a moment: the feature, the license, or the valid licenses of a bundle."""
    parts = (value,) if isinstance(value, (LicenseFeature, License)) else value
    return tuple(each for each in parts if _reason(each, now) is None)


def refusal_in(value: Checked, now: datetime) -> LicenseRefused | None:
    """Return why a successful answer is not a yes at a moment, or None if any part of it may be used.

    For a bundle, the refusal has the code of the first license, and a text with the reason for each.
    """
    if isinstance(value, (LicenseFeature, License)):
        if _reason(value, now) is None:
            return None
        return ended(value) if isinstance(value, LicenseFeature) else _invalid(value, now)
    if usable_parts(value, now):
        return None
    if not value:
        return LicenseRefused(200, "empty_bundle", "the bundle contains no license")
    why = ", ".join(f"{each.product_details.short_code}: {each.is_valid(now).reason}" for each in value)
    first = _invalid(value[0], now)
    return type(first)(200, first.code, f"no license of the bundle is valid ({excerpt(why)})")


def code_of(reason: InvalidReason) -> str:
    """Return the service's code for a reason; for a reason without one, a similar code."""
    return _INVALID[reason].kind if reason in _INVALID else "license_not_started"


def ended(value: Part) -> LicenseRefused:
    """Return the refusal for a feature or license that has ended."""
    if isinstance(value, License):
        return _refusal(InvalidReason.EXPIRED)
    end = "" if value.expiry_date is None else f" at {value.expiry_date.isoformat()}"
    return FeatureExpired(200, FeatureExpired.kind, f"the feature ended{end}")


def _reason(part: Part, now: datetime) -> InvalidReason | None:
    if isinstance(part, LicenseFeature):
        return InvalidReason.EXPIRED if part.is_expired(now) else None
    return part.is_valid(now).reason


def _invalid(license: License, now: datetime) -> LicenseRefused:
    return _refusal(license.is_valid(now).reason or InvalidReason.EXPIRED)


def _refusal(reason: InvalidReason) -> LicenseRefused:
    return _INVALID.get(reason, LicenseRefused)(200, code_of(reason), f"the license is {reason}")
