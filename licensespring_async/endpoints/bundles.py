"""Bundle checks."""

from __future__ import annotations

from ..models import Bundle
from ..transport.values import Call, Request
from .binding import SameDevice
from .parameters import boolean, encode, identity, integer, text


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
        license_key: The bundle's key, for key-based products. Exactly one of `license_key` and `username`.
        username: The bundle's user, for user-based products.
        license_id: Picks the bundle license with this id.
        include_expired_features: Whether to list expired product features too; the service's default is no.
        env: Environment whose installation file is described in the answer.
        os_ver: Operating system and version of the device.
        hostname: Host name of the device.
        os_hostname: Host name of the device, older spelling.
        ip: Public address of the device.
        ip_local: Local address of the device.
        app_ver: Version of the calling application.
        sdk_ver: Version of the calling library.
        mac_address: Hardware address of the device.

    Returns:
        The licenses of the bundle, a sequence with lookup by product short code.

    Raises:
        InvalidParameter: An argument cannot be sent; nothing was.
        LicenseRefused: The service says no; the subclass says why.
        AuthorizationError: The service does not accept the credentials.
        SignatureError: The answer is not signed by a trusted key; `AnswerMismatch`: it answers another request.
        RateLimited, TransportError, ResponseError, ApiError: No usable answer in time.

    Cost: one HTTP request per attempt, and one RSA verification for the answer and for each of its licenses.
    Source: https://docs.licensespring.com/license-api/license-check/check-bundle
    """
    name, value = identity(license_key, username)
    query = {
        "hardware_id": text("hardware_id", hardware_id),
        "product": text("product", product),
        name: value,
    }
    if license_id is not None:
        query["license_id"] = integer("license_id", license_id)
    if include_expired_features is not None:
        query["include_expired_features"] = boolean("include_expired_features", include_expired_features)
    device = {
        "env": env,
        "os_ver": os_ver,
        "hostname": hostname,
        "os_hostname": os_hostname,
        "ip": ip,
        "ip_local": ip_local,
        "app_ver": app_ver,
        "sdk_ver": sdk_ver,
        "mac_address": mac_address,
    }
    query |= {key: text(key, given) for key, given in device.items() if given is not None}
    request = Request(
        endpoint="check_bundle",
        method="GET",
        target=encode("/api/v4/check_bundle", query),
        secrets=(value, hardware_id),
    )
    return Call(request, Bundle, SameDevice(hardware_id, value))
