"""Endpoint functions: arguments to a `Call`, pure; the clients have them as methods."""

from .checks import check_bundle, check_license, check_license_feature
from .floating import release_floating_feature

__all__ = ["check_bundle", "check_license", "check_license_feature", "release_floating_feature"]
