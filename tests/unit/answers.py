"""Each model, the documented schema of its answer, and the fields in it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from licensespring_async import (
    ApiMetadata,
    Borrowing,
    Bundle,
    Consumption,
    CustomerLicenseUsers,
    DeviceVariable,
    InstallationFile,
    License,
    LicenseFeature,
    Product,
    ProductDetails,
    SsoUrl,
    Trial,
    UserLicense,
    Version,
)
from licensespring_async.models.model import Model

from . import schemas
from .schemas import Schema
from .strategies import complete, places, properties, types

SCHEMAS: dict[type[Model], Schema] = {
    ApiMetadata: schemas.API_METADATA,
    Borrowing: schemas.BORROWING,
    Bundle: schemas.BUNDLE,
    Consumption: schemas.CONSUMPTION,
    CustomerLicenseUsers: schemas.CUSTOMER_LICENSE_USERS,
    DeviceVariable: schemas.DEVICE_VARIABLE,
    InstallationFile: schemas.INSTALLATION_FILE,
    License: schemas.LICENSE,
    LicenseFeature: schemas.LICENSE_FEATURE,
    Product: schemas.PRODUCT,
    ProductDetails: schemas.PRODUCT_DETAILS,
    SsoUrl: schemas.SSO_URL,
    Trial: schemas.TRIAL,
    UserLicense: schemas.USER_LICENSE,
    Version: schemas.VERSION,
}
# A bundle and a user's license hold nothing but licenses.
ONCE = [model for model in SCHEMAS if model not in (Bundle, UserLicense)]
PLACES = [(model, place) for model in ONCE for place in places(complete(SCHEMAS[model]), SCHEMAS[model]) if place.keys]
REQUIRED = [(model, place) for model, place in PLACES if place.required and isinstance(place.keys[-1], str)]
NULLABLE = [(model, place) for model, place in REQUIRED if "null" in types(place.schema)]
OPTIONAL = [(model, place) for model, place in PLACES if not place.required]
OBJECTS = [(model, place) for model, place in PLACES if properties(place.schema)]

each_answer = pytest.mark.parametrize("model", SCHEMAS)
some = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
