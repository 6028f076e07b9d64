"""Requests that the service cannot act on, and failures inside it: neither says anything about a license.

Source: https://docs.licensespring.com/license-api/error-responses and the "List of exceptions" of each endpoint's page.
"""

from __future__ import annotations

from .base import ApiError


class ApiKeyProductNotAllowed(ApiError, code="api_key_product_not_allowed"):
    """The API key may not act on this product; widen the key's products or use another key."""


class MissingParameters(ApiError, code="missing_parameters"):
    """The request lacks a required parameter; the message names it."""


class MissingHardwareId(ApiError, code="missing_hardware_id"):
    """The request arrived without `hardware_id`; look for a proxy that rewrites queries."""


class ValidationError(ApiError, code="validation_error"):
    """The service refused a parameter's value; the message names it."""


class NotFound(ApiError, code="not_found"):
    """The service has no such path; check that `base_url` is the service's origin, without /api/v4."""


class FeatureNotFloating(ApiError, code="feature_not_floating"):
    """The feature has no floating slots; do not borrow or release it."""


class FloatingFeatureDeviceNotInUse(ApiError, code="floating_feature_device_not_in_use"):
    """The device holds no slot of the feature; there is nothing to release."""


class InternalError(ApiError, code="internal_error"):
    """The service failed internally; this client has already retried as its policy allows."""


class MissingContent(ApiError, code="missing_content"):
    """The service received no request text; pass the whole text of the `.req` file."""


class InvalidJson(ApiError, code="invalid_json"):
    """The service could not read the request's body; look for a proxy that rewrites bodies."""


class LicenseKeyRequired(ApiError, code="license_key_required"):
    """The product's licenses have keys; pass `license_key`."""


class LicenseKeyOrLicenseUserRequired(ApiError, code="license_key_or_license_user_required"):
    """The request names no license; pass `license_key` or `username`."""


class LicenseNotConsumption(ApiError, code="license_not_consumption"):
    """The license does not count uses; check `license_key` / `username`, or count none."""


class NegativeConsumptionsNotAllowed(ApiError, code="negative_consumptions_not_allowed"):
    """Uses cannot be given back; have negative consumptions allowed."""


class BorrowUntilNotValid(ApiError, code="borrow_until_not_valid"):
    """The end of the borrowing is in the past or too far away; pass another `borrowed_until`, or None."""


class ChangePasswordNotAllowed(ApiError, code="change_password_not_allowed"):
    """The vendor does not let users change their passwords; only the vendor can change this."""


class EmailMissing(ApiError, code="email_missing"):
    """A trial of a user-based product needs an e-mail address; pass `email`."""


class InvalidProductAuthMethod(ApiError, code="invalid_product_auth_method"):
    """The product is not user-based; check `product`."""


class VersionNotFound(ApiError, code="version_not_found"):
    """The product has no such version; pick one that `versions` lists."""


class CustomerNotFound(ApiError, code="customer_not_found"):
    """The credentials cannot see this customer; check `customer`."""


class CustomerDoesNotExist(ApiError, code="customer_does_not_exist"):
    """There is no customer with this e-mail address; check `customer`."""


class CustomerAccountNotFound(ApiError, code="customer_account_not_found"):
    """There is no customer account with this code; check `customer_account_code`."""


class CustomerAccountIdMismatch(ApiError, code="customer_account_id_mismatch"):
    """The customer belongs to another customer account; check both."""


class OrderIdExists(ApiError, code="order_id_exists"):
    """An order with this id exists already; use another id."""
