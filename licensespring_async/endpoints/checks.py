"""Checks of a license, of a bundle's licenses, and of one feature."""

from ..models import Bundle, License, LicenseFeature
from ..models.shapes import One
from ..transport.values import Call
from .binding import SameDevice, SameFeature
from .documenting import documented
from .requests import get, optional, required, who

_LICENSE = One(License)
_BUNDLE = One(Bundle)
_FEATURE = One(LicenseFeature)


@documented
def check_license(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    include_expired_features: bool | None = None,
    env: str | None = None,
    channel: str | None = None,
    os_ver: str | None = None,
    hostname: str | None = None,
    os_hostname: str | None = None,
    ip: str | None = None,
    ip_local: str | None = None,
    app_ver: str | None = None,
    sdk_ver: str | None = None,
    mac_address: str | None = None,
) -> Call[License]:
    """Check a license on a device.

    **Side effect:** if the license floats, the device takes one slot (or renews the one it holds). Device data in the
    call (`os_ver` to `mac_address`) replaces what the service has stored. A repeated call for the same `hardware_id`
    renews the slot and takes no second one, so it is retried.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.

    Returns:
        The license. It may have expired: call its `is_valid()`.

    Cost: one HTTP request per attempt, one RSA verification for the answer and one for the license in it.
    Source: https://docs.licensespring.com/license-api/license-check/check-license
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        bundle_code=bundle_code,
        include_expired_features=include_expired_features,
        env=env,
        channel=channel,
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
    )
    return get("check_license", fields, _LICENSE, bind=SameDevice(fields))


@documented
def check_bundle(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    include_expired_features: bool | None = None,
    env: str | None = None,
    channel: str | None = None,
    os_ver: str | None = None,
    hostname: str | None = None,
    os_hostname: str | None = None,
    ip: str | None = None,
    ip_local: str | None = None,
    app_ver: str | None = None,
    sdk_ver: str | None = None,
    mac_address: str | None = None,
) -> Call[Bundle]:
    """Check the licenses of a bundle on a device.

    **Side effect:** for each license that floats, the device takes one slot (or renews the one it holds). Device data
    in the call (`os_ver` to `mac_address`) replaces what the service has stored. A repeated call for the same
    `hardware_id` renews the slots and takes no second ones, so it is retried.

    Args:
        product: Short code of the bundle.
        hardware_id: Unique id of the device; the bundle must be active on it.
        license_id: Picks the bundle license with this id.

    Returns:
        The licenses of the bundle, a sequence with lookup by product short code.

    Cost: one HTTP request per attempt, one RSA verification for the answer and one for each license in it.
    Source: https://docs.licensespring.com/license-api/license-check/check-bundle
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        include_expired_features=include_expired_features,
        env=env,
        channel=channel,
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
    )
    return get("check_bundle", fields, _BUNDLE, bind=SameDevice(fields))


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
    include_metadata_string: bool | None = None,
    sdk_ver: str | None = None,
) -> Call[LicenseFeature]:
    """Check a device against one feature of its license, and connect it to the feature.

    **Side effect:** if the feature floats, the device takes one slot (or renews the one it holds) and keeps it until it
    is released or its time-out passes. So do not call it only to look. A repeated call for the same `hardware_id`
    renews the slot and takes no second one, so it is retried.

    The answer may be about a feature that has ended: the service may call that a success. Call `feature.is_expired()`,
    or use `feature_lease` or a `LicenseGate`, which do.

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
        include_metadata_string=include_metadata_string,
        sdk_ver=sdk_ver,
    )
    return get("check_license_feature", fields, _FEATURE, bind=SameFeature(fields))
