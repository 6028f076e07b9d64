"""Features of a license: the check, and the slot that it takes."""

from __future__ import annotations

from ..models import LicenseFeature
from ..models.shapes import One
from ..transport.values import Call
from .binding import SameFeature
from .documenting import documented
from .requests import get, optional, required, who

_FEATURE = One(LicenseFeature)


@documented
def check_license_feature(
    *,
    product: str,
    feature: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
) -> Call[LicenseFeature]:
    """Check a device against one feature of its license, and connect it to the feature.

    **Side effect:** if the feature floats, the device takes one slot (or renews the one it holds) and keeps it until it
    is released or its time-out passes. Repeating the call for the same `hardware_id` renews and never doubles, so it is
    retried; do not call it to look around.

    The answer is returned as it is, also when the feature has ended: the service may call that a success. Ask
    `feature.is_expired()`, or use what asks it: `feature_lease`, a `LicenseGate`.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.

    Returns:
        The feature, which may have ended.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/license-feature-check
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        feature=feature,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        bundle_code=bundle_code,
    )
    return get("check_license_feature", fields, _FEATURE, bind=SameFeature(fields))
