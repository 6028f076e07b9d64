"""Floating slots."""

from __future__ import annotations

from ..models.shapes import NOTHING
from ..transport.values import Call
from .documenting import documented
from .requests import optional, post, required, who


@documented
def release_floating_feature(
    *,
    product: str,
    feature: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
) -> Call[None]:
    """Give back the slot of a floating feature that a device took with `check_license_feature`.

    Repeating it changes nothing more, so it is retried like a check. When an attempt's answer was lost, the retry may
    find the slot free already and raise `FloatingFeatureDeviceNotInUse`: then, too, the device holds no slot.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.

    Raises:
        FloatingFeatureDeviceNotInUse: The device holds no slot.
        FeatureNotFloating: The feature has no slots.

    Cost: one HTTP request per attempt. The service answers with an empty body, which is not signed.
    Source: https://docs.licensespring.com/license-api/floating/features/release-floating-feature
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
    return post("release_floating_feature", fields, NOTHING, path="floating/feature_release")
