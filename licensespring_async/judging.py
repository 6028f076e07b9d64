"""Whether a successful answer is a yes: the service calls an answer about what has ended a success. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from .errors import FeatureExpired, LicenseExpired, LicenseNotActive, LicenseNotEnabled, LicenseRefused
from .models import Bundle, InvalidReason, License, LicenseFeature
from .redaction import excerpt

Part: TypeAlias = LicenseFeature | License
"""What may be used or not: a feature, or a license."""

Checked: TypeAlias = Part | Bundle
"""The answer of a check."""

_INVALID: Final[dict[InvalidReason, type[LicenseRefused]]] = {
    InvalidReason.NOT_ACTIVE: LicenseNotActive,
    InvalidReason.NOT_ENABLED: LicenseNotEnabled,
    InvalidReason.EXPIRED: LicenseExpired,
}


def usable_parts(value: Checked, now: datetime) -> tuple[Part, ...]:
    """Return what may be used at a moment: the feature, the license, or those of a bundle's licenses that are valid."""
    parts = value if isinstance(value, Bundle) else (value,)
    return tuple(each for each in parts if _reason(each, now) is None)


def refusal_in(value: Checked, now: datetime) -> LicenseRefused | None:
    """Return why a successful answer is no yes at a moment, or None if it is one: part of it may be used.

    Of a bundle it has the code of the first license, and says of each why it is not valid.
    """
    if usable_parts(value, now):
        return None
    if not isinstance(value, Bundle):
        return ended(value) if isinstance(value, LicenseFeature) else _invalid(value, now)
    if not value:
        return LicenseRefused(200, "empty_bundle", "the bundle holds no license")
    why = ", ".join(f"{each.product_details.short_code}: {each.is_valid(now).reason}" for each in value)
    first = _invalid(value[0], now)
    return type(first)(200, first.code, f"no license of the bundle is valid ({excerpt(why)})")


def code_of(reason: InvalidReason) -> str:
    """Return the service's code for why a license is not valid, or one like it where the service has none."""
    return _INVALID[reason].kind if reason in _INVALID else "license_not_started"


def ended(value: Part) -> LicenseRefused:
    """Return the refusal of an answer about what has ended."""
    if isinstance(value, License):
        return _refusal(InvalidReason.EXPIRED)
    end = "" if value.expiry_date is None else f" at {value.expiry_date.isoformat()}"
    return FeatureExpired(200, FeatureExpired.kind, f"the feature ended{end}")


def _reason(part: Part, now: datetime) -> InvalidReason | None:
    if isinstance(part, License):
        return part.is_valid(now).reason
    return InvalidReason.EXPIRED if part.is_expired(now) else None


def _invalid(license: License, now: datetime) -> LicenseRefused:
    return _refusal(license.is_valid(now).reason or InvalidReason.EXPIRED)


def _refusal(reason: InvalidReason) -> LicenseRefused:
    return _INVALID.get(reason, LicenseRefused)(200, code_of(reason), f"the license is {reason}")
