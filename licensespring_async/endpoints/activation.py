"""Activations: a device gets a license, and gives it back."""

from __future__ import annotations

from collections.abc import Mapping

from ..models.shapes import Word
from ..transport.values import Call
from .documenting import documented
from .requests import optional, post, required, who

_DEACTIVATED = Word("license_deactivated")


@documented
def deactivate_license(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    consumptions: int | None = None,
    variables: Mapping[str, str | float | bool] | None = None,
    sdk_ver: str | None = None,
) -> Call[None]:
    """Deactivate a license on a device.

    Repeating it changes nothing more, so it is retried. When an attempt's answer was lost, the retry may raise
    `DeviceNotFound` or `LicenseNotActive`: then, too, the device is deactivated.

    Args:
        hardware_id: Unique id of the device.
        consumptions: Uses to add before the device leaves; a negative number gives uses back.

    Raises:
        DeviceNotFound: The license is not active on this device.

    Cost: one HTTP request per attempt. The service answers with a word, which is not signed.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/deactivate-license-online-method
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        bundle_code=bundle_code,
        consumptions=consumptions,
        variables=variables,
        sdk_ver=sdk_ver,
    )
    return post("deactivate_license", fields, _DEACTIVATED)
