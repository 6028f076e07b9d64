"""Endpoint functions: arguments to a `Call`, pure; `LicenseSpring` binds them as methods."""

from .bundles import check_bundle
from .features import check_license_feature
from .floating import release_floating_feature

__all__ = ["check_bundle", "check_license_feature", "release_floating_feature"]
