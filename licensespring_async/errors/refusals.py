"""Refusals: the service was reached, and the answer is no.

Source: https://docs.licensespring.com/license-api/error-responses and the "List of exceptions" of each endpoint's page.
"""

from __future__ import annotations

from .base import LicenseRefused


class UnknownProduct(LicenseRefused, code="unknown_product"):
    """No product has this short code; check `product` against the vendor platform, case included."""


class LicenseNotFound(LicenseRefused, code="license_not_found"):
    """No license of this product has this key or user; check `license_key` / `username` and `product` together."""


class LicenseNotEnabled(LicenseRefused, code="license_not_enabled"):
    """The license was disabled by the vendor; only the vendor can enable it."""


class LicenseNotActive(LicenseRefused, code="license_not_active"):
    """The license has not been activated; activate it on this device first."""


class LicenseExpired(LicenseRefused, code="license_expired"):
    """The license's validity period is over; renew it."""


class DeviceNotFound(LicenseRefused, code="device_not_found"):
    """The license is not active on this `hardware_id`; activate it on this device first."""


class Blacklisted(LicenseRefused, code="blacklisted"):
    """The device was blacklisted by the vendor; only the vendor can lift that."""


class InvalidLicenseFeatureCode(LicenseRefused, code="invalid_license_feature_code"):
    """The feature is not one of this license; check `feature`, or have it assigned (it may also have expired)."""


class FloatingNotAvailable(LicenseRefused, code="floating_not_available"):
    """Every floating slot is in use; try again when another device has released one or its time-out has passed."""


class LicenseNotEnoughConsumptions(LicenseRefused, code="license_not_enough_consumptions"):
    """The license's consumption allowance, overages included, is used up; wait for its reset or raise it."""


class ArchivedProduct(LicenseRefused, code="archived_product"):
    """The product was archived by the vendor, and its licenses with it; only the vendor can bring it back."""


class DisabledProduct(LicenseRefused, code="disabled_product"):
    """The product was disabled by the vendor, and its licenses with it; only the vendor can enable it."""
