"""Adding consumption to a license or a feature.

A request's allow_overages and max_overages are stored with the license, as the vendor's SDK guide says; the API
documentation leaves this open.
https://docs.licensespring.com/license-api/consumption
"""

from __future__ import annotations

from typing import Final

from ..spelling import LARGEST
from ..wire.jsontext import JsonObject
from ..wire.parameters import boolean, integer, nested, read_identity, required
from ..wire.refusals import ServiceError
from ..world.consumption import Consumption
from ..world.licenses import License
from .answered.usage import consumption_count
from .asked.call import WHO, Call, Route
from .asked.lookup import admit, find_license

_EVENTS: Final = (["consumption_add"], ["offline_floating_consumptions_sync"])


def add_consumption(call: Call) -> JsonObject:
    """Add to a license's consumption: one, or the number in `consumptions`.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    _number(call)
    license = find_license(call.world, identity)
    admit(call, license, identity.hardware_id)
    return consumption_count(call, consume(call, license), id=license.id)


def consume(call: Call, license: License) -> Consumption:
    """Add a call's consumptions to a license.

    Raises:
        ServiceError: The license has no consumption, or not enough is left.
    """
    number = _number(call)
    consumption = license.consumption
    if consumption is None:
        raise ServiceError("license_not_consumption")
    if "allow_overages" in call.values:
        consumption.allow_overages = boolean(call.values, "allow_overages")
    max_overages = integer(call.values, "max_overages")
    if max_overages is not None:
        consumption.max_overages = max_overages
    _add(consumption, number, call, "license_not_enough_consumptions")
    return consumption


def add_feature_consumption(call: Call) -> JsonObject:
    """Add to a feature's consumption: one, or the number in `consumptions`.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    code = required(call.values, "feature")
    number = _number(call)
    license = find_license(call.world, identity)
    admit(call, license, identity.hardware_id)
    feature = license.features.get(code)
    if feature is None or feature.consumption is None or feature.is_expired(call.now):
        raise ServiceError("unsupported_product_feature")
    _add(feature.consumption, number, call, "feature_not_enough_consumptions")
    slots = feature.slots
    return {
        **consumption_count(call, feature.consumption, id=feature.id),
        "license_id": license.id,
        "is_floating": feature.offline_floating,
        "is_floating_cloud": slots is not None,
        "floating_timeout": None if slots is None else slots.timeout,
        "floating_users": 0 if slots is None else slots.allowed,
    }


def _number(call: Call) -> int:
    event = nested(call.values, "event")
    if event is not None and event not in _EVENTS:
        raise ServiceError("validation_error", "event must be an array with one of the two documented values.")
    number = integer(call.values, "consumptions", signed=True)
    return 1 if number is None else number


def _add(consumption: Consumption, number: int, call: Call, not_enough: str) -> None:
    if number < 0 and not consumption.allow_negative:
        raise ServiceError("negative_consumptions_not_allowed")
    if abs(consumption.total_at(call.now) + number) > LARGEST:
        raise ServiceError("validation_error", "The total would be too large for a JSON number.")
    if not consumption.add(number, call.now):
        raise ServiceError(not_enough)


_ADDS: Final = f"{WHO} bundle_code consumptions event sdk_ver"
ROUTES: Final = (
    Route("POST", "add_consumption", add_consumption, reads=f"{_ADDS} allow_overages max_overages ignore_events"),
    Route("POST", "add_feature_consumption", add_feature_consumption, reads=f"{_ADDS} feature"),
)
