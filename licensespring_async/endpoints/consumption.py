"""Uses of a license or a feature, counted by the service."""

from collections.abc import Sequence

from ..models import Consumption
from ..models.shapes import One
from ..transport.values import Call, Repeat
from .binding import SameLicense
from .documenting import documented
from .requests import optional, post, required, who

_CONSUMPTION = One(Consumption)


@documented
def add_consumption(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    consumptions: int | None = None,
    max_overages: int | None = None,
    allow_overages: bool | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    event: Sequence[str] | None = None,
    ignore_events: bool | None = None,
    sdk_ver: str | None = None,
) -> Call[Consumption]:
    """Count uses of a license; a negative number gives uses back.

    **Side effect:** the count changes, and with a pool the pool's count too. The call is never sent twice after a
    failure that may have acted: after an error with `may_have_acted`, the uses may have been counted or not.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.
        consumptions: Uses to count, 1 if left out; a negative number gives uses back, where the license allows it.

    Returns:
        The counts after the call.

    Raises:
        LicenseNotEnoughConsumptions: Too few uses are left; nothing was counted.
        LicenseNotConsumption: The license does not count uses.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/consumption/add-consumption
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        consumptions=consumptions,
        max_overages=max_overages,
        allow_overages=allow_overages,
        license_id=license_id,
        bundle_code=bundle_code,
        event=event,
        ignore_events=ignore_events,
        sdk_ver=sdk_ver,
    )
    return post("add_consumption", fields, _CONSUMPTION, repeat=Repeat.UNLESS_ACTED, bind=SameLicense(fields))


@documented
def add_feature_consumption(
    *,
    product: str,
    feature: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    consumptions: int | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    event: Sequence[str] | None = None,
    sdk_ver: str | None = None,
) -> Call[Consumption]:
    """Count uses of a feature; a negative number gives uses back.

    **Side effect:** the count changes, and with a pool the pool's count too. The call is never sent twice after a
    failure that may have acted: after an error with `may_have_acted`, the uses may have been counted or not.

    Args:
        hardware_id: Unique id of the device; the license must be active on it.
        consumptions: Uses to count, 1 if left out; a negative number gives uses back, where the feature allows it.

    Returns:
        The counts after the call.

    Raises:
        FeatureNotEnoughConsumptions: Too few uses are left; nothing was counted.
        UnsupportedProductFeature: The license does not have the feature.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/consumption/add-feature-consumption
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        feature=feature,
        **who(license_key=license_key, username=username),
    ) | optional(
        consumptions=consumptions,
        license_id=license_id,
        bundle_code=bundle_code,
        event=event,
        sdk_ver=sdk_ver,
    )
    return post("add_feature_consumption", fields, _CONSUMPTION, repeat=Repeat.UNLESS_ACTED, bind=SameLicense(fields))
