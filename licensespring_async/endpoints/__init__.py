"""Endpoint functions: arguments to a `Call`, pure; the clients have them as methods."""

# Annotations of endpoint functions are evaluated where they are written. The methods have them too, and evaluating them
# from text took a tenth of the time to import the package.

from .activation import activate_bundle, activate_license, deactivate_bundle, deactivate_license
from .checks import check_bundle, check_license, check_license_feature
from .consumption import add_consumption, add_feature_consumption
from .floating import (
    borrow_floating_feature,
    borrow_floating_license,
    release_floating_feature,
    release_floating_license,
)
from .metadata import api_metadata
from .offline import activate_bundle_offline, activate_offline, deactivate_bundle_offline, deactivate_offline
from .products import installation_file, product_details, products, versions
from .sso import sso_url
from .trials import trial_key
from .users import change_password, customer_license_users, device_licenses, user_licenses
from .variables import get_device_variables, track_device_variables

__all__ = [
    "activate_bundle",
    "activate_bundle_offline",
    "activate_license",
    "activate_offline",
    "add_consumption",
    "add_feature_consumption",
    "api_metadata",
    "borrow_floating_feature",
    "borrow_floating_license",
    "change_password",
    "check_bundle",
    "check_license",
    "check_license_feature",
    "customer_license_users",
    "deactivate_bundle",
    "deactivate_bundle_offline",
    "deactivate_license",
    "deactivate_offline",
    "device_licenses",
    "get_device_variables",
    "installation_file",
    "product_details",
    "products",
    "release_floating_feature",
    "release_floating_license",
    "sso_url",
    "track_device_variables",
    "trial_key",
    "user_licenses",
    "versions",
]
