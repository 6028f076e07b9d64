"""Variables of a device: small values that the service keeps for it."""

from collections.abc import Mapping

from ..models import DeviceVariable
from ..models.shapes import Many
from ..transport.values import Call
from .binding import SameVariables
from .documenting import documented
from .requests import get, optional, post, required, who

_VARIABLES = Many(DeviceVariable)


@documented
def track_device_variables(
    *,
    product: str,
    hardware_id: str,
    variables: Mapping[str, str | float | bool],
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    sdk_ver: str | None = None,
) -> Call[tuple[DeviceVariable, ...]]:
    """Store variables of a device; variables with other names stay as they are.

    **Side effect:** a variable of the same name is replaced. A repeated call changes nothing, so it is retried.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.

    Returns:
        The stored variables; the service may return their values as text.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/device-variables/track-device-variables
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
        variables=variables,
    ) | optional(license_id=license_id, bundle_code=bundle_code, sdk_ver=sdk_ver)
    return post("track_device_variables", fields, _VARIABLES, bind=SameVariables(fields))


@documented
def get_device_variables(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    sdk_ver: str | None = None,
) -> Call[tuple[DeviceVariable, ...]]:
    """List the variables of a device.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.

    Returns:
        The variables.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/docs/apiv4getdevicevariables
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(license_id=license_id, bundle_code=bundle_code, sdk_ver=sdk_ver)
    return get("get_device_variables", fields, _VARIABLES)
