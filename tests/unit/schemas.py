"""The documented shapes of the answers, as JSON schemas.

Sources: the response schemas and field tables of
https://docs.licensespring.com/license-api/license-feature-check and
https://docs.licensespring.com/license-api/license-check/check-bundle.
What they say differently about a field (always there or only sometimes) is optional here. A documented `number` that
counts or names something is an `integer`.
"""

from __future__ import annotations

from typing import Final

Schema = dict[str, object]

BOOLEAN: Final[Schema] = {"type": "boolean"}
INTEGER: Final[Schema] = {"type": "integer"}
STRING: Final[Schema] = {"type": "string"}
FREE: Final[Schema] = {"type": "object"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
SCALAR: Final[Schema] = {"type": ["string", "number", "boolean", "null"]}


def nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def choice(*documented: str) -> Schema:
    """A string with documented values, to which the service may add."""
    return {"type": "string", "examples": list(documented)}


def an_object(required: Schema, optional: Schema | None = None) -> Schema:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


PERIOD = choice("daily", "weekly", "monthly", "annually")

_FEATURE: Final[Schema] = {
    "id": INTEGER,
    "code": STRING,
    "name": STRING,
    "feature_type": choice("activation", "consumption"),
    "expiry_date": nullable(MOMENT),
    "metadata": FREE,
    "is_floating": BOOLEAN,
    "is_floating_cloud": BOOLEAN,
}
_FEATURE_OPTIONAL: Final[Schema] = {
    "metadata_string": STRING,
    "floating_in_use_devices": INTEGER,
    "floating_users": INTEGER,
    "floating_timeout": INTEGER,
    "can_borrow": BOOLEAN,
    "is_borrowed": BOOLEAN,
    "max_borrow_time": INTEGER,
    "consumption_period": nullable(PERIOD),
    "allow_negative_consumptions": BOOLEAN,
    "allow_overages": BOOLEAN,
    "allow_unlimited_consumptions": BOOLEAN,
    "max_consumption": INTEGER,
    "max_overages": INTEGER,
    "reset_consumption": BOOLEAN,
    "total_consumptions": INTEGER,
}

COMPANY = an_object({"id": INTEGER})
PRODUCT_FEATURE = an_object(_FEATURE, _FEATURE_OPTIONAL)
LICENSE_FEATURE = an_object({**_FEATURE, "license_id": INTEGER}, {**_FEATURE_OPTIONAL, "company": COMPANY})
PRODUCT_DETAILS = an_object(
    {
        "product_id": INTEGER,
        "product_name": STRING,
        "short_code": STRING,
        "authorization_method": choice("license-key", "user"),
        "metadata": FREE,
    }
)
CUSTOMER_ACCOUNT = an_object({"id": INTEGER, "name": STRING, "code": STRING})
CUSTOMER = an_object(
    {},
    {
        "email": STRING,
        "company_name": STRING,
        "reference": STRING,
        "phone": STRING,
        "first_name": STRING,
        "last_name": STRING,
        "city": STRING,
        "postcode": STRING,
        "state": STRING,
        "country": STRING,
        "address": STRING,
        "customer_account": nullable(CUSTOMER_ACCOUNT),
        "metadata": FREE,
    },
)
CUSTOM_FIELD = an_object({}, {"name": nullable(STRING), "data_type": nullable(STRING), "value": SCALAR})
LICENSE_USER = an_object(
    {
        "id": INTEGER,
        "email": STRING,
        "first_name": STRING,
        "last_name": STRING,
        "phone_number": STRING,
        "is_initial_password": BOOLEAN,
        "max_activations": INTEGER,
        "allow_unlimited_activations": BOOLEAN,
        "total_activations": INTEGER,
    }
)
LICENSE = an_object(
    {
        "id": INTEGER,
        "license_active": BOOLEAN,
        "license_enabled": BOOLEAN,
        "is_expired": BOOLEAN,
        "license_type": choice("perpetual", "time-limited", "subscription", "consumption"),
        "is_trial": BOOLEAN,
        "validity_period": nullable(MOMENT),
        "maintenance_period": nullable(MOMENT),
        "enable_maintenance_period": BOOLEAN,
        "start_date": nullable(MOMENT),
        "allow_grace_period": BOOLEAN,
        "grace_period": nullable(INTEGER),
        "max_activations": INTEGER,
        "times_activated": INTEGER,
        "transfer_count": INTEGER,
        "allow_unlimited_activations": BOOLEAN,
        "allow_overages": BOOLEAN,
        "max_overages": INTEGER,
        "is_floating": BOOLEAN,
        "is_floating_cloud": BOOLEAN,
        "floating_timeout": INTEGER,
        "can_borrow": BOOLEAN,
        "is_borrowed": BOOLEAN,
        "borrowed_until": nullable(MOMENT),
        "max_borrow_time": INTEGER,
        "is_air_gapped": BOOLEAN,
        "is_hardware_key_auth": BOOLEAN,
        "prevent_vm": BOOLEAN,
        "device_id": INTEGER,
        "metadata": FREE,
        "custom_fields": array(CUSTOM_FIELD),
        "customer": CUSTOMER,
        "product_details": PRODUCT_DETAILS,
        "product_features": array(PRODUCT_FEATURE),
        "version": STRING,
        "installation_file": STRING,
        "hash_md5": STRING,
        "environment": STRING,
        "eula_link": STRING,
        "release_notes_link": STRING,
        "channel": STRING,
        "release_date": nullable(MOMENT),
        "requires_version": nullable(STRING),
        "size": nullable(STRING),
    },
    {
        "license_key": STRING,
        "user": LICENSE_USER,
        "username": STRING,
        "trial_days": INTEGER,
        "max_transfers": INTEGER,
        "max_license_users": INTEGER,
        "floating_users": nullable(INTEGER),
        "floating_in_use_devices": INTEGER,
        "allow_offline_activation": BOOLEAN,
        "license_template_id": nullable(INTEGER),
        "is_tpm_auth": nullable(BOOLEAN),
        "tpm_signing_public_key": nullable(STRING),
        "order_store_id": nullable(STRING),
        "metadata_string": STRING,
        "company": COMPANY,
        "max_consumptions": INTEGER,
        "total_consumptions": INTEGER,
        "allow_unlimited_consumptions": BOOLEAN,
        "allow_negative_consumptions": BOOLEAN,
        "reset_consumption": BOOLEAN,
        "consumption_period": nullable(PERIOD),
        "license_signature": STRING,
        "license_signature_v2": STRING,
        "offline_signature": STRING,
        "date": STRING,
        "hardware_id": STRING,
    },
)
BUNDLE = array(LICENSE)
