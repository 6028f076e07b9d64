"""Example bodies, built from the documented field tables; all values are invented."""

from __future__ import annotations

import json

Json = dict[str, object]


def feature(**changes: object) -> Json:
    """A floating feature as `check_license_feature` answers it."""
    return {
        "id": 1801223344556677,
        "license_id": 1801220000111122,
        "code": "render",
        "name": "Rendering",
        "feature_type": "activation",
        "expiry_date": "2031-05-01T12:00:00.000Z",
        "metadata": {"tier": "gold"},
        "is_floating": False,
        "is_floating_cloud": True,
        "floating_in_use_devices": 3,
        **changes,
    }


def consumption_feature(**changes: object) -> Json:
    """A feature whose uses are counted: 7 of 25 are used."""
    counted: Json = {
        "feature_type": "consumption",
        "is_floating_cloud": False,
        "consumption_period": "weekly",
        "allow_negative_consumptions": False,
        "allow_overages": False,
        "allow_unlimited_consumptions": False,
        "max_consumption": 25,
        "max_overages": 5,
        "reset_consumption": True,
        "total_consumptions": 7,
    }
    body = feature(**(counted | changes))
    del body["floating_in_use_devices"]
    return body


def product_feature(**changes: object) -> Json:
    """A feature as a license lists it."""
    body = feature(**changes)
    del body["license_id"]
    return body


def product(short_code: str = "APP", **changes: object) -> Json:
    """The product of a license."""
    return {
        "product_id": 90210,
        "product_name": "Application",
        "short_code": short_code,
        "authorization_method": "license-key",
        "metadata": {},
        **changes,
    }


def customer(**changes: object) -> Json:
    """Who bought a license."""
    return {
        "email": "buyer@example.org",
        "company_name": "Example Works",
        "reference": "",
        "phone": "",
        "first_name": "Robin",
        "last_name": "Miller",
        "city": "Graz",
        "postcode": "8010",
        "state": "",
        "country": "Austria",
        "address": "Main Square 1",
        "customer_account": {"id": 31, "name": "Example Group", "code": "EXG"},
        "metadata": {},
        **changes,
    }


def user(**changes: object) -> Json:
    """The user of a user-based license."""
    return {
        "id": 1801229999888877,
        "email": "robin@example.org",
        "first_name": "Robin",
        "last_name": "Miller",
        "phone_number": "",
        "is_initial_password": False,
        "max_activations": 2,
        "allow_unlimited_activations": False,
        "total_activations": 1,
        **changes,
    }


def license(**changes: object) -> Json:
    """A license that is valid from 2024 to 2030, as `check_bundle` lists it."""
    return {
        "id": 1801220000111122,
        "license_key": "Q7XA-90PL-44MN-ZZ01",
        "license_active": True,
        "license_enabled": True,
        "is_expired": False,
        "license_type": "time-limited",
        "is_trial": False,
        "validity_period": "2030-01-01T00:00:00.000Z",
        "maintenance_period": None,
        "enable_maintenance_period": False,
        "start_date": "2024-01-01T00:00:00.000Z",
        "allow_grace_period": False,
        "grace_period": 0,
        "max_activations": 10,
        "times_activated": 4,
        "transfer_count": 0,
        "allow_unlimited_activations": False,
        "allow_overages": False,
        "max_overages": 0,
        "is_floating": False,
        "is_floating_cloud": False,
        "floating_timeout": 120,
        "can_borrow": False,
        "is_borrowed": False,
        "borrowed_until": None,
        "max_borrow_time": 0,
        "is_air_gapped": False,
        "is_hardware_key_auth": False,
        "prevent_vm": False,
        "device_id": 1801227777666655,
        "metadata": {},
        "custom_fields": [{"name": "seat", "data_type": "text", "value": "B12"}],
        "customer": customer(),
        "product_details": product(),
        "product_features": [product_feature()],
        "version": "3.1.4",
        "installation_file": "https://downloads.example.org/app-3.1.4.zip",
        "hash_md5": "0f343b0931126a20f133d67c2b018a3b",
        "environment": "linux",
        "eula_link": "",
        "release_notes_link": "",
        "channel": "stable",
        "release_date": "2025-11-20",
        "requires_version": None,
        "size": "48 MB",
        "license_signature": "bm90IGEgc2lnbmF0dXJl",
        **changes,
    }


def file(**changes: object) -> Json:
    """The newest installation file, as an activation describes it."""
    return {
        "id": 5120,
        "version": "3.1.4",
        "installation_file": "https://downloads.example.org/app-3.1.4.zip",
        "hash_md5": "0f343b0931126a20f133d67c2b018a3b",
        "environment": "linux",
        "channel": "stable",
        "release_date": "2025-11-20T00:00:00.000Z",
        "eula_link": "",
        "release_notes_link": "",
        "requires_version": None,
        "size": "48 MB",
        **changes,
    }


_ONLY_ON_CHECKS = {
    *("license_active", "license_enabled", "is_borrowed", "borrowed_until"),
    *(name for name in file() if name not in ("id", "installation_file")),
}


def activation(**changes: object) -> Json:
    """The license of `license()`, as `activate_license` answers it."""
    return {
        **{name: value for name, value in license().items() if name not in _ONLY_ON_CHECKS},
        "request": "activation",
        "active": True,
        "hardware_id": "device-7f3a",
        "installation_file": file(),
        "variables": [{"variable": "cores", "value": "8", "device_id": 1801227777666655, "created_at": None}],
        **changes,
    }


def listed_license(**changes: object) -> Json:
    """The license of `license()`, as `user_licenses` and `device_licenses` list it: with dates, without a device."""
    lacking = {"device_id", "is_expired", "is_borrowed", "license_signature", *file()} - {"id"}
    body = {name: value for name, value in license().items() if name not in lacking}
    return {**body, "validity_period": "2030-01-01", "order_store_id": None, "max_license_users": 1, **changes}


def refresh(**changes: object) -> Json:
    """The license of `license()`, as an offline file holds it that renews a license."""
    return license(
        hardware_id="device-7f3a",
        date="Fri Jul 4 2025 10:56:13 GMT+0000",
        license_signature_v2="bm90IGEgc2lnbmF0dXJlIGVpdGhlcg==",
        offline_signature="bm9yIHRoaXM=",
        **changes,
    )


def trial(**changes: object) -> Json:
    """A new trial of a key-based product."""
    return {
        "id": 1801221111222233,
        "order_id": 1801221111222200,
        "product_id": 90210,
        "created_at": 1764547200123,
        "updated_at": 1764547200123,
        "active": False,
        "enabled": True,
        "license_type": "time-limited",
        "is_trial": True,
        "trial_days": 14,
        "valid_duration": "14d",
        "validity_period": None,
        "max_activations": 1,
        "times_activated": 0,
        "metadata": {},
        "company": {"id": 12},
        "LicenseProductFeatures": [],
        "LicenseCustomFields": [],
        "license_key": "TR1A-L000-0000-0001",
        "license": "TR1A-L000-0000-0001",
        **changes,
    }


def consumption(**changes: object) -> Json:
    """The answer to a use of a license: 41 of 100 are used."""
    return {
        "id": 1801220000111122,
        "max_consumptions": 100,
        "total_consumptions": 41,
        "allow_unlimited_consumptions": False,
        "allow_negative_consumptions": False,
        "allow_overages": False,
        "max_overages": 0,
        "reset_consumption": False,
        "consumption_period": None,
        "company": {"id": 12},
        **changes,
    }


def consumption_license(**changes: object) -> Json:
    """A license whose uses are counted: 40 of 100 are used."""
    counted: Json = {
        "license_type": "consumption",
        "max_consumptions": 100,
        "total_consumptions": 40,
        "allow_unlimited_consumptions": False,
        "allow_negative_consumptions": False,
        "reset_consumption": False,
        "consumption_period": "monthly",
    }
    return license(**(counted | changes))


def bundle(*short_codes: str) -> list[Json]:
    """A bundle with a license for each product, whose ids count from 1."""
    return [license(id=number, product_details=product(code)) for number, code in enumerate(short_codes, 1)]


def error(code: object, message: object = "Something was wrong.", status: int = 400) -> Json:
    """The documented error envelope."""
    return {"status": status, "code": code, "message": message}


def encoded(value: object) -> bytes:
    """A value as the service sends it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
