"""The documented shapes of the answers, as JSON schemas.

Sources: the response schemas and field tables of https://docs.licensespring.com/license-api. A documented `number` that
counts or names something is an `integer`. Required here is what decides something, names it, or binds an answer to its
request.
"""

from __future__ import annotations

from typing import Final

Schema = dict[str, object]

BOOLEAN: Final[Schema] = {"type": "boolean"}
INTEGER: Final[Schema] = {"type": "integer"}
STRING: Final[Schema] = {"type": "string"}
SOME_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
FREE: Final[Schema] = {"type": "object"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
SCALAR: Final[Schema] = {"type": ["string", "number", "boolean", "null"]}
RECORDED: Final[Schema] = {"type": ["string", "integer", "null"], "format": "date-time"}
"""When something was recorded: text in one answer, milliseconds in another."""


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

SLOTS: Final[Schema] = {
    "is_floating": BOOLEAN,
    "is_floating_cloud": BOOLEAN,
    "floating_users": nullable(INTEGER),
    "floating_timeout": nullable(INTEGER),
}
BORROWING_OF: Final[Schema] = {
    "floating_in_use_devices": INTEGER,
    "can_borrow": BOOLEAN,
    "is_borrowed": BOOLEAN,
    "borrowed_until": nullable(MOMENT),
    "max_borrow_time": INTEGER,
}
COUNT: Final[Schema] = {
    "consumption_period": nullable(PERIOD),
    "allow_negative_consumptions": BOOLEAN,
    "allow_overages": BOOLEAN,
    "allow_unlimited_consumptions": BOOLEAN,
    "max_overages": INTEGER,
    "reset_consumption": BOOLEAN,
    "total_consumptions": INTEGER,
}
TYPE: Final = choice("perpetual", "time-limited", "subscription", "consumption")
METHOD: Final = choice("license-key", "user")

COMPANY = an_object({}, {"id": INTEGER})
_FEATURE: Final[Schema] = {
    "id": INTEGER,
    "name": STRING,
    "feature_type": choice("activation", "consumption"),
    "metadata": FREE,
}
_FEATURE_OPTIONAL: Final[Schema] = {
    **SLOTS,
    **BORROWING_OF,
    **COUNT,
    "max_consumption": INTEGER,
    "metadata_string": STRING,
}
_DECIDES: Final[Schema] = {"code": STRING, "expiry_date": nullable(MOMENT)}
PRODUCT_FEATURE = an_object(_DECIDES, {**_FEATURE, **_FEATURE_OPTIONAL})
LICENSE_FEATURE = an_object(
    {**_DECIDES, "id": INTEGER, "license_id": INTEGER, "is_floating": BOOLEAN, "is_floating_cloud": BOOLEAN},
    {
        "company": COMPANY,
        **{name: each for name, each in _FEATURE.items() if name != "id"},
        **{name: each for name, each in _FEATURE_OPTIONAL.items() if "is_floating" not in name},
    },
)
_FILE: Final[Schema] = {
    "hash_md5": nullable(STRING),
    "environment": nullable(STRING),
    "channel": nullable(STRING),
    "release_date": nullable(MOMENT),
    "eula_link": nullable(STRING),
    "release_notes_link": nullable(STRING),
    "requires_version": nullable(STRING),
    "size": nullable(STRING),
}
VERSION = an_object({"version": STRING}, {"release_date": nullable(MOMENT)})
INSTALLATION_FILE = an_object(
    {},
    {
        **_FILE,
        "version": nullable(STRING),
        "id": INTEGER,
        "product_id": INTEGER,
        "installation_file": nullable(STRING),
        "full_link": nullable(STRING),
        "filename": nullable(STRING),
        "enabled": BOOLEAN,
        "created_at": RECORDED,
        "updated_at": RECORDED,
        "company": COMPANY,
    },
)
_TERMS: Final[Schema] = {
    "allow_trial": BOOLEAN,
    "trial_days": INTEGER,
    "allow_overages": BOOLEAN,
    "max_overages": INTEGER,
}
PRODUCT_CUSTOM_FIELD = an_object({}, {"id": INTEGER, "name": STRING, "default_value": SCALAR})
PRODUCT_DETAILS = an_object(
    {"short_code": STRING},
    {
        **_TERMS,
        "product_id": INTEGER,
        "product_name": STRING,
        "authorization_method": METHOD,
        "floating_timeout": INTEGER,
        "prevent_vm": BOOLEAN,
        "validity_period": nullable(MOMENT),
        "company_id": INTEGER,
        "company": COMPANY,
        "metadata": FREE,
        "metadata_string": STRING,
        "custom_fields": array(PRODUCT_CUSTOM_FIELD),
        "latest_version": nullable(INSTALLATION_FILE),
    },
)
FEATURE_DEFINITION = an_object(
    {"code": STRING},
    {
        "id": INTEGER,
        "feature_type": choice("activation", "consumption"),
        "max_consumption": INTEGER,
        "metadata": FREE,
    },
)
PRODUCT = an_object(
    {"short_code": STRING},
    {
        **_TERMS,
        **SLOTS,
        "id": INTEGER,
        "created_at": RECORDED,
        "updated_at": RECORDED,
        "product_name": STRING,
        "active": BOOLEAN,
        "is_archived": BOOLEAN,
        "is_bundle": BOOLEAN,
        "is_upgrade": BOOLEAN,
        "hardware_id_required": BOOLEAN,
        "company_id": INTEGER,
        "valid_duration": nullable(STRING),
        "maintenance_duration": nullable(STRING),
        "subscription_duration": nullable(STRING),
        "enable_maintenance_period": BOOLEAN,
        "default_license_type": TYPE,
        "authorization_method": METHOD,
        "max_activations": INTEGER,
        "max_consumptions": INTEGER,
        "consumption_period": nullable(PERIOD),
        "reset_consumption": BOOLEAN,
        "is_node_locked": BOOLEAN,
        "is_user_locked": BOOLEAN,
        "prevent_vm": BOOLEAN,
        "metadata": FREE,
        "features": array(FEATURE_DEFINITION),
    },
)
CUSTOMER_ACCOUNT = an_object({}, {"id": INTEGER, "name": STRING, "code": STRING})
_PERSON: Final[Schema] = {"email": STRING, "first_name": STRING, "last_name": STRING}
CUSTOMER = an_object(
    {},
    {
        **_PERSON,
        "company_name": STRING,
        "reference": STRING,
        "phone": STRING,
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
    {},
    {
        **_PERSON,
        "id": INTEGER,
        "phone_number": STRING,
        "is_initial_password": BOOLEAN,
        "max_activations": INTEGER,
        "allow_unlimited_activations": BOOLEAN,
        "total_activations": INTEGER,
        "initial_password": STRING,
        "is_active": BOOLEAN,
        "license_id": INTEGER,
        "order_id": INTEGER,
        "order_store_id": nullable(STRING),
    },
)
DEVICE_VARIABLE = an_object(
    {"variable": STRING}, {"value": SCALAR, "id": INTEGER, "device_id": INTEGER, "created_at": RECORDED}
)
LICENSE = an_object(
    {
        "id": INTEGER,
        "license_active": BOOLEAN,
        "license_enabled": BOOLEAN,
        "license_type": TYPE,
        "validity_period": nullable(MOMENT),
        "product_details": PRODUCT_DETAILS,
    },
    {
        **SLOTS,
        **BORROWING_OF,
        **COUNT,
        **_FILE,
        "is_expired": BOOLEAN,
        "is_trial": BOOLEAN,
        "trial_days": INTEGER,
        "maintenance_period": nullable(MOMENT),
        "enable_maintenance_period": BOOLEAN,
        "start_date": nullable(MOMENT),
        "allow_grace_period": BOOLEAN,
        "grace_period": nullable(INTEGER),
        "max_activations": INTEGER,
        "times_activated": INTEGER,
        "transfer_count": INTEGER,
        "max_transfers": INTEGER,
        "allow_unlimited_activations": BOOLEAN,
        "max_license_users": INTEGER,
        "max_consumptions": INTEGER,
        "is_air_gapped": BOOLEAN,
        "is_hardware_key_auth": BOOLEAN,
        "is_tpm_auth": nullable(BOOLEAN),
        "tpm_signing_public_key": nullable(STRING),
        "prevent_vm": BOOLEAN,
        "allow_offline_activation": BOOLEAN,
        "license_template_id": nullable(INTEGER),
        "order_store_id": nullable(STRING),
        "device_id": INTEGER,
        "hardware_id": STRING,
        "variables": array(DEVICE_VARIABLE),
        "metadata": FREE,
        "metadata_string": STRING,
        "custom_fields": array(CUSTOM_FIELD),
        "customer": CUSTOMER,
        "company": COMPANY,
        "product_features": array(PRODUCT_FEATURE),
        "version": STRING,
        # A check says its address, an activation describes it.
        "installation_file": {**INSTALLATION_FILE, "type": ["string", "object", "null"]},
        "license_key": STRING,
        "user": LICENSE_USER,
        "username": STRING,
        "license_signature": STRING,
        "license_signature_v2": STRING,
        "offline_signature": STRING,
        "date": STRING,
        "request": STRING,
        "request_id": STRING,
    },
)
BUNDLE = array(LICENSE)
BORROWING = an_object(
    {"license_id": INTEGER, "borrowed_until": nullable(MOMENT)},
    {"max_borrow_time": INTEGER, "device_id": INTEGER, "company": COMPANY},
)
CONSUMPTION = an_object(
    {"id": INTEGER, "total_consumptions": INTEGER},
    {
        **SLOTS,
        **{name: each for name, each in COUNT.items() if name != "total_consumptions"},
        "license_id": INTEGER,
        "max_consumptions": INTEGER,
        "pool": FREE,
        "company": COMPANY,
    },
)
TRIAL: Final[Schema] = {
    **an_object(
        {},
        {
            **SLOTS,
            "license_type": TYPE,
            "is_trial": BOOLEAN,
            "license_key": SOME_TEXT,
            "license_user": SOME_TEXT,
            "initial_password": STRING,
            "id": INTEGER,
            "order_id": INTEGER,
            "product_id": INTEGER,
            "license_user_id": nullable(INTEGER),
            "created_at": RECORDED,
            "updated_at": RECORDED,
            "active": BOOLEAN,
            "enabled": BOOLEAN,
            "trial_days": INTEGER,
            "valid_duration": nullable(STRING),
            "validity_period": nullable(MOMENT),
            "maintenance_duration": nullable(STRING),
            "enable_maintenance_period": BOOLEAN,
            "allow_grace_period": BOOLEAN,
            "grace_period": INTEGER,
            "max_activations": INTEGER,
            "times_activated": INTEGER,
            "max_transfers": INTEGER,
            "max_license_users": INTEGER,
            "max_consumptions": INTEGER,
            "consumption_period": nullable(PERIOD),
            "reset_consumption": BOOLEAN,
            "allow_overages": BOOLEAN,
            "max_overages": INTEGER,
            "is_hardware_key_auth": BOOLEAN,
            "prevent_vm": BOOLEAN,
            "metadata": FREE,
            "company": COMPANY,
        },
    ),
    "anyOf": ["license_key", "license_user"],
}
USER_LICENSE = an_object({"license": LICENSE}, {"user": LICENSE_USER})
CUSTOMER_LICENSE_USERS = an_object({"users": array(LICENSE_USER)}, {"customer": CUSTOMER, "company": COMPANY})
OPENID_CONFIGURATION = an_object(
    {},
    {
        "issuer": STRING,
        "token_endpoint": STRING,
        "introspection_endpoint": STRING,
        "end_session_endpoint": STRING,
    },
)
SSO_URL = an_object({"url": STRING}, {"openid_configuration": OPENID_CONFIGURATION, "alternate_urls": array(STRING)})
API_METADATA = an_object(
    {},
    {
        "api_base_url": STRING,
        "supported_api_versions": array(STRING),
        "default_api_version": STRING,
        "version": STRING,
        "environment": STRING,
        "timestamp": RECORDED,
        "pub_key": STRING,
        "endpoints": array(an_object({}, {"method": STRING, "url": STRING})),
    },
)
