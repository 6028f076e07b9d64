"""The JSON of usage: slots in use, borrowings and consumption.

A license has max_consumptions, a feature max_consumption. Only add_feature_consumption uses the plural for a feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ...wire.jsontext import Json, JsonObject
from ...wire.moments import iso
from ...world.consumption import Consumption
from ...world.features import Feature
from ...world.licenses import License
from ...world.slots import Slots
from ..asked.call import Call


def consumption_count(call: Call, consumption: Consumption, *, id: int) -> JsonObject:
    """Show consumption as add_consumption and add_feature_consumption do, with max_consumptions.

    The documentation names only the id and the name of a pool. The other fields have their usual names here.
    https://docs.licensespring.com/consumption-pools/consuming-from-a-pool
    """
    count: JsonObject = {
        "id": id,
        **license_count(consumption, call.now),
        "company": {"id": call.world.company_id},
    }
    pool = consumption.pool
    if pool is not None:
        count["pool"] = {"id": pool.id, "name": pool.name, "code": pool.code, **license_count(pool, call.now)}
    return count


def license_slots(license: License, hardware_id: str, now: datetime) -> Mapping[str, Json]:
    """Show a license's slots as one of its devices sees them."""
    slots = license.slots
    borrowed_until = None if slots is None else slots.borrowed_until(hardware_id, now)
    floating: JsonObject = {
        "is_floating": license.offline_floating,
        "is_floating_cloud": slots is not None,
        "floating_timeout": 0 if slots is None else slots.timeout,
        "can_borrow": license.can_borrow,
        "is_borrowed": borrowed_until is not None,
        "borrowed_until": iso(borrowed_until),
        "max_borrow_time": license.max_borrow_time,
    }
    if slots is not None:
        floating["floating_users"] = slots.allowed
    if slots is not None or license.offline_floating:
        floating["floating_in_use_devices"] = in_use(slots, now)
    return floating


def feature_slots(feature: Feature, slots: Slots, hardware_id: str, now: datetime) -> Mapping[str, Json]:
    """Show a feature's slots as one of its license's devices sees them."""
    return {
        "floating_users": slots.allowed,
        "floating_timeout": slots.timeout,
        "can_borrow": feature.can_borrow,
        "is_borrowed": slots.borrowed_until(hardware_id, now) is not None,
        "max_borrow_time": feature.max_borrow_time,
    }


def license_count(consumption: Consumption | None, now: datetime) -> Mapping[str, Json]:
    """Show a license's consumption."""
    if consumption is None:
        return {"allow_overages": False, "max_overages": 0}
    return {
        "allow_overages": consumption.allow_overages,
        "max_overages": consumption.max_overages,
        "max_consumptions": consumption.maximum,
        "total_consumptions": consumption.total_at(now),
        "allow_unlimited_consumptions": consumption.unlimited,
        "allow_negative_consumptions": consumption.allow_negative,
        "reset_consumption": consumption.reset,
        "consumption_period": consumption.period,
    }


def feature_count(consumption: Consumption | None, now: datetime) -> Mapping[str, Json]:
    """Show a feature's consumption."""
    if consumption is None:
        return {}
    return {
        "max_consumption": consumption.maximum,
        "total_consumptions": consumption.total_at(now),
        "allow_unlimited_consumptions": consumption.unlimited,
        "allow_negative_consumptions": consumption.allow_negative,
        "allow_overages": consumption.allow_overages,
        "max_overages": consumption.max_overages,
        "reset_consumption": consumption.reset,
        "consumption_period": consumption.period,
    }


def in_use(slots: Slots | None, now: datetime) -> int:
    """Count the devices that hold a slot."""
    return 0 if slots is None else slots.in_use(now)
