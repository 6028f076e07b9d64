"""Floating slots."""

from datetime import datetime

from ..models import Borrowing
from ..models.shapes import NOTHING, One
from ..transport.values import Call
from .binding import SameLicense
from .documenting import documented
from .requests import optional, post, required, who, who_activates

_BORROWING = One(Borrowing)


@documented
def release_floating_license(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    sdk_ver: str | None = None,
) -> Call[None]:
    """Give back the slot of a floating license that a device took with `check_license`.

    A repeated call changes nothing, so it is retried.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.

    Raises:
        FloatingNotAvailable: The device holds no slot.

    Cost: one HTTP request per attempt. The service answers with an empty body, which is not signed.
    Source: https://docs.licensespring.com/license-api/floating/license/release-floating-license
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(license_id=license_id, bundle_code=bundle_code, sdk_ver=sdk_ver)
    return post("release_floating_license", fields, NOTHING, path="floating/release")


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
    sdk_ver: str | None = None,
) -> Call[None]:
    """Give back the slot of a floating feature that a device took with `check_license_feature`.

    A repeated call changes nothing, so it is retried. If the first answer was lost, the retry may be refused with
    `floating_feature_device_not_in_use`: the device then holds no slot either.

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
        sdk_ver=sdk_ver,
    )
    return post("release_floating_feature", fields, NOTHING, path="floating/feature_release")


@documented
def borrow_floating_license(
    *,
    product: str,
    hardware_id: str,
    borrowed_until: datetime | None = None,
    license_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    id_token: str | None = None,
    code: str | None = None,
    customer_account_code: str | None = None,
    redirect_uri: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    sdk_ver: str | None = None,
) -> Call[Borrowing]:
    """Borrow a slot of a floating license: the device keeps it offline until `borrowed_until`.

    **Side effect:** the device takes a slot, or keeps the one it holds. A repeated call changes nothing, so it is
    retried. `release_floating_license` gives the slot back early.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.
        borrowed_until: End of the borrowing, as an aware datetime; None for the license's `max_borrow_time` from now.

    Returns:
        When the borrowing ends.

    Raises:
        FloatingNotAvailable: Every slot is in use.
        LicenseBorrowNotAllowed: Borrowing is not allowed.
        BorrowUntilNotValid: The end is in the past or too far away.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/floating/license/borrow-floating-license
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who_activates(
            license_key=license_key,
            username=username,
            password=password,
            id_token=id_token,
            code=code,
            customer_account_code=customer_account_code,
            redirect_uri=redirect_uri,
        ),
        borrowed_until=borrowed_until,
    ) | optional(license_id=license_id, bundle_code=bundle_code, sdk_ver=sdk_ver)
    return post("borrow_floating_license", fields, _BORROWING, path="floating/borrow", bind=SameLicense(fields))


@documented
def borrow_floating_feature(
    *,
    product: str,
    feature: str,
    hardware_id: str,
    borrowed_until: datetime | None = None,
    license_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    id_token: str | None = None,
    code: str | None = None,
    customer_account_code: str | None = None,
    redirect_uri: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    sdk_ver: str | None = None,
) -> Call[Borrowing]:
    """Borrow a slot of a floating feature: the device keeps it offline until `borrowed_until`.

    **Side effect:** the device takes a slot, or keeps the one it holds. A repeated call changes nothing, so it is
    retried. `release_floating_feature` gives the slot back early.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.
        borrowed_until: End of the borrowing, as an aware datetime; None for the feature's `max_borrow_time` from now.

    Returns:
        When the borrowing ends.

    Raises:
        FloatingNotAvailable: Every slot is in use.
        LicenseBorrowNotAllowed: Borrowing is not allowed.
        BorrowUntilNotValid: The end is in the past or too far away.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/floating/features/borrow-floating-feature
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        feature=feature,
        **who_activates(
            license_key=license_key,
            username=username,
            password=password,
            id_token=id_token,
            code=code,
            customer_account_code=customer_account_code,
            redirect_uri=redirect_uri,
        ),
        borrowed_until=borrowed_until,
    ) | optional(license_id=license_id, bundle_code=bundle_code, sdk_ver=sdk_ver)
    return post("borrow_floating_feature", fields, _BORROWING, path="floating/feature_borrow", bind=SameLicense(fields))
