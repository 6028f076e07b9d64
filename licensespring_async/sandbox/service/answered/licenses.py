"""The JSON of licenses and features: which fields exist, and which may be null or absent.

https://docs.licensespring.com/license-api/license-feature-check
https://docs.licensespring.com/license-api/license-check/check-bundle
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs

from ...wire.jsontext import Json, JsonObject
from ...wire.moments import iso
from ...world.devices import Device
from ...world.features import Feature
from ...world.licenses import License
from ..asked.call import Call
from ..asked.device_key import enrolled_key
from .products import installation, newest_installation, product_details
from .usage import feature_count, feature_slots, in_use, license_count, license_slots

_ABSENT_FROM_ACTIVATION: Final = ("license_active", "license_enabled", "is_borrowed", "borrowed_until")
_ABSENT_FROM_USERS: Final = ("device_id", "is_expired", "is_borrowed", "borrowed_until", "username", "user")


def feature_check(call: Call, feature: Feature, license: License, hardware_id: str) -> JsonObject:
    """Show one feature as check_license_feature does."""
    answer: JsonObject = {
        "id": feature.id,
        "license_id": license.id,
        "code": feature.code,
        "name": feature.name,
        "feature_type": feature.feature_type,
        "company": {"id": call.world.company_id},
        "metadata": feature.metadata,
        "is_floating": feature.offline_floating,
        "is_floating_cloud": feature.slots is not None,
        "expiry_date": iso(feature.expiry_date),
        **feature_count(feature.consumption, call.now),
    }
    if feature.slots is not None or feature.offline_floating:
        answer["floating_in_use_devices"] = in_use(feature.slots, call.now)
    if feature.slots is not None:
        answer |= feature_slots(feature, feature.slots, hardware_id, call.now)
    return answer


def license_item(
    call: Call,
    license: License,
    device: Device | None,
    *,
    include_expired_features: bool,
    environment: str | None = None,
    channel: str | None = None,
) -> JsonObject:
    """Show one license as in check_bundle, without its signature; lists pass no device."""
    now, features = call.now, license.features.values()
    hardware_id = "" if device is None else device.hardware_id
    return {
        "id": license.id,
        **_identity(license),
        **_state(license, now),
        **_dates(license),
        **_activations(license),
        **license_slots(license, hardware_id, now),
        **license_count(license.consumption, now),
        **_conditions(license, device),
        "device_id": 0 if device is None else device.id,
        "metadata": license.metadata,
        "custom_fields": [attrs.asdict(field) for field in license.custom_fields],
        "customer": attrs.asdict(license.customer),
        "company": {"id": call.world.company_id},
        "product_details": product_details(license.product),
        "product_features": [
            _product_feature(feature, hardware_id, now)
            for feature in features
            if include_expired_features or not feature.is_expired(now)
        ],
        **installation(call, license.product, license.product.newest_file(environment, channel)),
    }


def activation_item(call: Call, license: License, device: Device) -> JsonObject:
    """Show one license as an activation does, without its signature.

    https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-license-online-method
    """
    item = license_item(call, license, device, include_expired_features=False)
    for name in (*installation(call, license.product, None), *_ABSENT_FROM_ACTIVATION):
        item.pop(name, None)
    if "floating_in_use_devices" in item:
        del item["floating_in_use_devices"]
        item["floating_in_use"] = license.slots is not None and license.slots.is_held_by(device.hardware_id, call.now)
    product = license.product
    item |= {
        "request": "activation",
        "active": license.active,
        "hardware_id": device.hardware_id,
        "installation_file": newest_installation(call, product),
        "product_details": {
            **product_details(product),
            "allow_trial": product.allow_trial,
            "trial_days": product.trial_days,
            "allow_overages": product.allow_overages,
            "max_overages": product.max_overages,
            "prevent_vm": license.prevent_vm,
            "validity_period": None,
            "floating_timeout": 0 if license.slots is None else license.slots.timeout,
            "company_id": call.world.company_id,
        },
    }
    if device.variables:
        item["variables"] = [
            {"variable": name, "value": value, "device_id": device.id, "created_at": created_at}
            for name, (value, created_at) in device.variables.items()
        ]
    return item


def listed_license(call: Call, license: License, device: Device) -> JsonObject:
    """Show one license as device_licenses does: like a check, but with validity_period as a date."""
    item = license_item(call, license, device, include_expired_features=False)
    return {**item, "validity_period": _date(license.validity_period)}


def users_license(call: Call, license: License) -> JsonObject:
    """Show one license and its user as user_licenses does.

    https://docs.licensespring.com/license-api/list-licenses/licenses-for-user
    """
    item = license_item(call, license, None, include_expired_features=False)
    user = item["user"]
    for name in (*installation(call, license.product, None), *_ABSENT_FROM_USERS):
        del item[name]
    return {"license": {**item, "validity_period": _date(license.validity_period)}, "user": user}


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).date().isoformat()


def _identity(license: License) -> Mapping[str, Json]:
    user = license.user
    if user is None:
        return {"license_key": license.key}
    return {
        "user": {
            "id": user.id,
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "phone_number": user.phone_number,
            "is_initial_password": user.is_initial_password,
            "max_activations": license.max_activations,
            "allow_unlimited_activations": license.allow_unlimited_activations,
            "total_activations": license.times_activated,
        },
        "username": user.username,
    }


def _state(license: License, now: datetime) -> Mapping[str, Json]:
    state: JsonObject = {
        "license_active": license.active,
        "license_enabled": license.enabled,
        "is_expired": license.is_expired(now),
        "license_type": license.license_type,
        "is_trial": license.is_trial,
    }
    if license.is_trial:
        state["trial_days"] = license.trial_days
    return state


def _dates(license: License) -> Mapping[str, Json]:
    return {
        "validity_period": iso(license.validity_period),
        "maintenance_period": iso(license.maintenance_period),
        "enable_maintenance_period": license.maintenance_period is not None,
        "start_date": iso(license.start_date),
        "allow_grace_period": license.allow_grace_period,
        "grace_period": license.grace_period,
    }


def _activations(license: License) -> Mapping[str, Json]:
    return {
        "max_activations": license.max_activations,
        "times_activated": license.times_activated,
        "allow_unlimited_activations": license.allow_unlimited_activations,
        "transfer_count": license.transfer_count,
        "max_transfers": license.max_transfers,
        "max_license_users": license.max_license_users,
    }


def _conditions(license: License, device: Device | None) -> Mapping[str, Json]:
    key = {"is_tpm_auth": True, "tpm_signing_public_key": enrolled_key(device)} if license.is_tpm_auth else {}
    return {
        **key,
        "is_air_gapped": license.is_air_gapped,
        "is_hardware_key_auth": license.is_hardware_key_auth,
        "prevent_vm": license.prevent_vm,
        "allow_offline_activation": license.allow_offline_activation,
        "license_template_id": None,
        "order_store_id": license.order_store_id,
    }


def _product_feature(feature: Feature, hardware_id: str, now: datetime) -> Mapping[str, Json]:
    item: JsonObject = {
        "id": feature.id,
        "code": feature.code,
        "name": feature.name,
        "feature_type": feature.feature_type,
        "expiry_date": iso(feature.expiry_date),
        "metadata": feature.metadata,
        "is_floating": feature.offline_floating,
        "is_floating_cloud": feature.slots is not None,
        **feature_count(feature.consumption, now),
    }
    if feature.slots is not None:
        item["floating_in_use_devices"] = in_use(feature.slots, now)
        item |= feature_slots(feature, feature.slots, hardware_id, now)
    return item
