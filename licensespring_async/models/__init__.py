"""Frozen attrs models of the License API's answers."""

from .bundles import Bundle
from .customers import Customer, CustomerAccount, CustomField, LicenseUser
from .enums import AuthorizationMethod, ConsumptionPeriod, FeatureType, LicenseType
from .features import LicenseFeature, ProductFeature
from .json_types import JsonObject, JsonScalar
from .licenses import InvalidReason, License, Validity
from .products import Company, ProductDetails

__all__ = [
    "AuthorizationMethod",
    "Bundle",
    "Company",
    "ConsumptionPeriod",
    "CustomField",
    "Customer",
    "CustomerAccount",
    "FeatureType",
    "InvalidReason",
    "JsonObject",
    "JsonScalar",
    "License",
    "LicenseFeature",
    "LicenseType",
    "LicenseUser",
    "ProductDetails",
    "ProductFeature",
    "Validity",
]
