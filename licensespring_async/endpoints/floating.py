"""Floating slots."""

from __future__ import annotations

from types import NoneType

from ..transport.values import Call, Request
from .parameters import encode_json, identity, integer, text


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
        product: Product short code.
        feature: Feature code.
        hardware_id: Unique id of the device; the license must be active on it.
        license_key: The license's key, for key-based products. Exactly one of `license_key` and `username`.
        username: The license's user, for user-based products.
        license_id: Picks one license when the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Raises:
        InvalidParameter: An argument cannot be sent; nothing was.
        FloatingFeatureDeviceNotInUse: The device holds no slot.
        FeatureNotFloating: The feature has no slots.
        LicenseRefused: The service says no; the subclass says why.
        AuthorizationError: The service does not accept the credentials.
        RateLimited, TransportError, ResponseError, ApiError: No usable answer in time.

    Cost: one HTTP request per attempt. The service answers with an empty body, which is not signed.
    Source: https://docs.licensespring.com/license-api/floating/features/release-floating-feature
    """
    name, value = identity(license_key, username)
    fields: dict[str, str | int] = {
        "hardware_id": text("hardware_id", hardware_id),
        "product": text("product", product),
        "feature": text("feature", feature),
        name: value,
    }
    if license_id is not None:
        fields["license_id"] = int(integer("license_id", license_id))
    if bundle_code is not None:
        fields["bundle_code"] = text("bundle_code", bundle_code)
    request = Request(
        endpoint="release_floating_feature",
        method="POST",
        target="/api/v4/floating/feature_release",
        body=encode_json(fields),
        content_type="application/json",
        secrets=(value, hardware_id),
    )
    return Call(request, NoneType)
