"""One exception class for each documented error code, and the class of a code.

https://docs.licensespring.com/license-api/error-responses and the "List of exceptions" of each endpoint's page.
"""

from __future__ import annotations

from . import ApiError, AuthorizationError, LicenseRefused


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


class FeatureNotFloating(LicenseRefused, code="feature_not_floating"):
    """The feature takes no floating slots; check it without the floating calls."""


class FloatingFeatureDeviceNotInUse(LicenseRefused, code="floating_feature_device_not_in_use"):
    """The device holds no slot of the feature; there is nothing to release."""


class FloatingNotAvailable(LicenseRefused, code="floating_not_available"):
    """Every floating slot is in use; try again when another device has released one or its time-out has passed."""


class LicenseNotEnoughConsumptions(LicenseRefused, code="license_not_enough_consumptions"):
    """The license's consumption allowance, overages included, is used up; wait for its reset or raise it."""


class ArchivedProduct(LicenseRefused, code="archived_product"):
    """The product was archived by the vendor, and its licenses with it; only the vendor can bring it back."""


class DisabledProduct(LicenseRefused, code="disabled_product"):
    """The product was disabled by the vendor, and its licenses with it; only the vendor can enable it."""


class ApiKeyProductNotAllowed(ApiError, code="api_key_product_not_allowed"):
    """The API key may not act on this product; widen the key's products or use another key."""


class MissingParameters(ApiError, code="missing_parameters"):
    """The service missed a required parameter; the message names it."""


class MissingHardwareId(ApiError, code="missing_hardware_id"):
    """The service missed the `hardware_id`; look for a proxy that rewrites queries."""


class ValidationError(ApiError, code="validation_error"):
    """The service refused a parameter's value; the message names it."""


class NotFound(ApiError, code="not_found"):
    """The service knows no such path; check that `base_url` is the service's origin, without /api/v4."""


class InternalError(ApiError, code="internal_error"):
    """The service failed inside; this client has already retried as its policy allows."""


class MissingHeaders(AuthorizationError, code="missing_headers"):
    """The `Date` or `Authorization` header did not arrive; look for a proxy that strips headers."""


class DateHeaderDiff(AuthorizationError, code="date_header_diff"):
    """The `Date` header is more than 15 minutes off the service's clock; set this machine's clock (NTP)."""


class AuthorizationInvalidHeaders(AuthorizationError, code="authorization_invalid_headers"):
    """The `Authorization` header names signed headers the service does not accept; look for a proxy rewriting it."""


class AuthorizationMissingParams(AuthorizationError, code="authorization_missing_params"):
    """The `Authorization` header lacks a part; look for a proxy rewriting it."""


class HmacRequired(AuthorizationError, code="hmac_required"):
    """The service wants HMAC-SHA256 signatures; use `ApiKey`, and look for a proxy rewriting the header."""


class InvalidApiKey(AuthorizationError, code="invalid_api_key"):
    """The service does not know this API key; check `api_key`, and that `base_url` is the right environment."""


class SignatureMismatch(AuthorizationError, code="signature_mismatch"):
    """The request's signature is wrong; check `shared_key`. (A wrong signature on an *answer* is a SignatureError.)"""


class OauthTokenExpired(AuthorizationError, code="oauth_token_expired"):
    """The access token is over; a fresh one was fetched and refused as well, so look at the machine's clock."""


class OauthTokenMalformed(AuthorizationError, code="oauth_token_malformed"):
    """The access token cannot be read by the service; check that `token_url` and `base_url` belong together."""


class InvalidClient(AuthorizationError, code="invalid_client"):
    """The token endpoint does not accept the client; check `client_id` and `client_secret`."""


class UnauthorizedClient(AuthorizationError, code="unauthorized_client"):
    """The client may not use client credentials; enable its service account, or check `client_secret`."""


_BY_CODE = {
    kind.documented_code: kind
    for family in (LicenseRefused, AuthorizationError, ApiError)
    for kind in family.__subclasses__()
    if kind.documented_code is not None
}


def is_documented(code: str) -> bool:
    """Return whether a code has an exception class of its own."""
    return code in _BY_CODE


def api_error(status: int, code: str, message: str) -> ApiError:
    """Return the exception for an error answer: the code's own class, or a plain ApiError for an unknown code."""
    return _BY_CODE.get(code, ApiError)(status, code, message)
