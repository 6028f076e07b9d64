"""Frozen attrs models of the License API's answers."""

from .enums import AuthorizationMethod, ConsumptionPeriod, FeatureType, LicenseType
from .json_types import JsonObject, JsonScalar
from .resources.api_metadata import ApiEndpoint, ApiMetadata
from .resources.bundles import Bundle
from .resources.company import Company
from .resources.consumption import Consumption
from .resources.customers import Customer, CustomerAccount, CustomerLicenseUsers, CustomField, LicenseUser
from .resources.features import LicenseFeature, ProductFeature
from .resources.files import InstallationFile, Version
from .resources.floating import Borrowing
from .resources.licenses import InvalidReason, License, Validity
from .resources.products import FeatureDefinition, Product, ProductCustomField, ProductDetails
from .resources.sso import OpenidConfiguration, SsoUrl
from .resources.trials import Trial
from .resources.users import UserLicense
from .resources.variables import DeviceVariable

__all__ = [
    "ApiEndpoint",
    "ApiMetadata",
    "AuthorizationMethod",
    "Borrowing",
    "Bundle",
    "Company",
    "Consumption",
    "ConsumptionPeriod",
    "CustomField",
    "Customer",
    "CustomerAccount",
    "CustomerLicenseUsers",
    "DeviceVariable",
    "FeatureDefinition",
    "FeatureType",
    "InstallationFile",
    "InvalidReason",
    "JsonObject",
    "JsonScalar",
    "License",
    "LicenseFeature",
    "LicenseType",
    "LicenseUser",
    "OpenidConfiguration",
    "Product",
    "ProductCustomField",
    "ProductDetails",
    "ProductFeature",
    "SsoUrl",
    "Trial",
    "UserLicense",
    "Validity",
    "Version",
]
