"""Bundles."""

from __future__ import annotations

from ..models import Bundle
from ..models.shapes import One
from ..transport.values import Call
from .binding import SameBundle
from .documenting import documented
from .requests import get, optional, required, who

_BUNDLE = One(Bundle)


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

    **Side effect:** device data that is given (`os_ver` to `mac_address`) replaces what the service has stored.

    Args:
        product: Short code of the bundle.
        hardware_id: Unique id of the device; the bundle must be active on it.
        license_id: Picks the bundle license with this id.

    Returns:
        The licenses of the bundle, a sequence with lookup by product short code.

    Cost: one HTTP request per attempt, and one RSA verification for the answer and for each of its licenses.
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
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
    )
    return get("check_bundle", fields, _BUNDLE, bind=SameBundle(fields))
