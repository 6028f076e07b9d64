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


class FeatureExpired(LicenseRefused, code="feature_expired"):
    """The feature has ended, by its own `expiry_date`; renew it.

    The service documents no such code. This package raises it, for example in a lease, with the answer's status.
    """


class DeviceNotFound(LicenseRefused, code="device_not_found"):
    """The license is not active on this `hardware_id`; activate it on this device first."""


class Blacklisted(LicenseRefused, code="blacklisted"):
    """The device was blacklisted by the vendor; only the vendor can lift that."""


class InvalidLicenseFeatureCode(LicenseRefused, code="invalid_license_feature_code"):
    """The license does not have this feature; check `feature`, have it assigned, or renew it if it has expired."""


class FloatingNotAvailable(LicenseRefused, code="floating_not_available"):
    """Every floating slot is in use; try again when another device has released one or its time-out has passed."""


class LicenseNotEnoughConsumptions(LicenseRefused, code="license_not_enough_consumptions"):
    """The license's consumption allowance, overages included, is used up; wait for its reset or raise it."""


class ArchivedProduct(LicenseRefused, code="archived_product"):
    """The product was archived by the vendor, and its licenses with it; only the vendor can bring it back."""


class DisabledProduct(LicenseRefused, code="disabled_product"):
    """The product was disabled by the vendor, and its licenses with it; only the vendor can enable it."""


class LicenseActivatedMaxTimes(LicenseRefused, code="license_activated_max_times"):
    """The license is active on as many devices as it allows; deactivate one of them, or have the limit raised."""


class LicenseTransferredMaxTimes(LicenseRefused, code="license_transferred_max_times"):
    """The license has moved between devices as often as it allows; have the limit raised."""


class LicenseUserActivatedMaxTimes(LicenseRefused, code="licenseUserActivatedMaxTimes"):
    """The user has activated the license as often as it allows; deactivate a device, or have the limit raised."""


class TrialExpired(LicenseRefused, code="trial_expired"):
    """The trial has ended; buy a license."""


class TrialNotAllowed(LicenseRefused, code="trial_not_allowed"):
    """The product offers no trials; use a license, or have trials allowed."""


class LicenseBorrowNotAllowed(LicenseRefused, code="license_borrow_not_allowed"):
    """The license or feature cannot be borrowed; use it while connected, or have borrowing allowed."""


class FeatureNotEnoughConsumptions(LicenseRefused, code="feature_not_enough_consumptions"):
    """The feature's consumption allowance, overages included, is used up; wait for its reset or raise it."""


class ActiveLicenseRequired(LicenseRefused, code="active_license_required"):
    """Only an active license gives access to installation files; activate it on this device first."""


class ProductVersionNotSupported(LicenseRefused, code="product_version_not_supported"):
    """The license does not cover this version of the product; use an older version, or renew maintenance."""


class UnsupportedProductFeature(LicenseRefused, code="unsupported_product_feature"):
    """The license does not have this feature; check `feature`, or have it assigned."""
