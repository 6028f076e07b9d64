"""Trial licenses.

The documentation leaves these points open. A trial's days count from the request. license_policy is ignored; the
product's own terms apply. A device that asks again gets the same trial, expired or not.
https://docs.licensespring.com/license-api/trial-key
"""

from __future__ import annotations

import secrets
from typing import Final

from ..wire.jsontext import JsonObject
from ..wire.moments import iso
from ..wire.parameters import require_device
from ..wire.refusals import ServiceError
from ..world.features import Feature
from ..world.licenses import License
from ..world.products import Product
from ..world.trials import Trial
from .asked.call import Call, Route
from .asked.lookup import find_product, require_on_sale

_OF_BOTH: Final = ("first_name", "last_name")
_OF_CUSTOMER: Final = (
    *("email", "phone", *_OF_BOTH, "company_name", "reference"),
    *("address", "postcode", "state", "country", "city"),
)


def trial_key(call: Call) -> JsonObject:
    """Return a device's trial license of a product; create it at the first request.

    Raises:
        ServiceError: The request is refused.
    """
    require_device(call.values)
    product = find_product(call.world, call.values["product"])
    by_user = product.authorization_method == "user"
    if by_user and "email" not in call.values:
        raise ServiceError("email_missing")
    email = call.values["email"] if by_user else ""
    known = call.world.trials.find(product.short_code, call.values["hardware_id"], email)
    if known is not None:
        return {"license_type": known.license_type, "is_trial": True, **_named(known)}
    require_on_sale(product)
    if not product.allow_trial:
        raise ServiceError("trial_not_allowed")
    return _new(call, product, call.world.trials.add(_asked(call, product, email)))


def _asked(call: Call, product: Product, email: str) -> Trial:
    sent = call.values
    password = sent.get("password")
    return Trial(
        product=product.short_code,
        hardware_id=sent["hardware_id"],
        email=email,
        created_at=call.now.replace(microsecond=0),
        customer={name: sent[name] for name in _OF_CUSTOMER if name in sent},
        user={
            **{name: sent[name] for name in _OF_BOTH if name in sent},
            "phone_number": sent.get("phone", ""),
            "password": password or secrets.token_urlsafe(9),
            "is_initial_password": password is None,
        },
    )


def _named(license: License) -> JsonObject:
    return {"license": license.key} if license.user is None else {"license_user": license.user.username}


def _new(call: Call, product: Product, license: License) -> JsonObject:
    now = int(call.now.timestamp() * 1000)
    answer: JsonObject = {
        "id": license.id,
        "order_id": license.order_id,
        "product_id": product.id,
        "created_at": now,
        "updated_at": now,
        "active": license.active,
        "enabled": license.enabled,
        "is_trial": True,
        "license_type": license.license_type,
        "trial_days": license.trial_days,
        "validity_period": iso(license.validity_period),
        "max_activations": license.max_activations,
        "max_transfers": license.max_transfers,
        "times_activated": license.times_activated,
        "is_floating": license.offline_floating,
        "is_floating_cloud": license.floating_users is not None,
        "prevent_vm": license.prevent_vm,
        "enable_maintenance_period": license.maintenance_period is not None,
        "maintenance_duration": None,
        "is_hardware_key_auth": license.is_hardware_key_auth,
        "metadata": license.metadata,
        "company": {"id": call.world.company_id},
        "LicenseProductFeatures": [_feature(feature) for feature in license.features.values()],
        "LicenseCustomFields": [],
        **_named(license),
    }
    if license.user is None:
        return {**answer, "license_key": license.key}
    user = license.user
    return {
        **answer,
        "initial_password": (user.password or "") if user.is_initial_password else "",
        "license_user_id": user.id,
        "max_license_users": license.max_license_users,
    }


def _feature(feature: Feature) -> JsonObject:
    consumption, slots = feature.consumption, feature.slots
    item: JsonObject = {
        "id": feature.id,
        "product_feature_id": feature.id + 1,
        "max_consumption": 0 if consumption is None else consumption.maximum,
        "allow_overages": consumption is not None and consumption.allow_overages,
        "max_overages": 0 if consumption is None else consumption.max_overages,
        "reset_consumption": consumption is not None and consumption.reset,
        "consumption_period": None if consumption is None else consumption.period,
        "expiry_date": iso(feature.expiry_date),
        "is_floating": feature.offline_floating,
        "is_floating_cloud": slots is not None,
        "metadata": feature.metadata,
    }
    if slots is not None:
        item |= {"floating_timeout": slots.timeout, "floating_users": slots.allowed}
    return item


ROUTES: Final = (
    Route(
        "GET",
        "trial_key",
        trial_key,
        reads=f"hardware_id product password license_policy sdk_ver {' '.join(_OF_CUSTOMER)}",
    ),
)
