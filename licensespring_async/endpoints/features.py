"""Feature checks."""

from __future__ import annotations

from ..models import LicenseFeature
from ..transport.values import Call, Request
from .binding import SameFeature
from .parameters import encode, identity, integer, text


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

    Args:
        product: Product short code.
        feature: Feature code.
        hardware_id: Unique id of the device; the license must be active on it.
        license_key: The license's key, for key-based products. Exactly one of `license_key` and `username`.
        username: The license's user, for user-based products.
        license_id: Picks one license when the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Returns:
        The feature.

    Raises:
        InvalidParameter: An argument cannot be sent; nothing was.
        LicenseRefused: The service says no; the subclass says why.
        AuthorizationError: The service does not accept the credentials.
        SignatureError: The answer is not signed by a trusted key; `AnswerMismatch`: it answers another request.
        RateLimited, TransportError, ResponseError, ApiError: No usable answer in time.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/license-feature-check
    """
    name, value = identity(license_key, username)
    query = {
        "hardware_id": text("hardware_id", hardware_id),
        "product": text("product", product),
        "feature": text("feature", feature),
        name: value,
    }
    if license_id is not None:
        query["license_id"] = integer("license_id", license_id)
    if bundle_code is not None:
        query["bundle_code"] = text("bundle_code", bundle_code)
    request = Request(
        endpoint="check_license_feature",
        method="GET",
        target=encode("/api/v4/check_license_feature", query),
        secrets=(value, hardware_id),
    )
    # Inside a bundle a license_id may be the bundle's or its member's: the documentation does not say which.
    asked = license_id if bundle_code is None else None
    return Call(request, LicenseFeature, SameFeature(feature, asked, request.secrets))
