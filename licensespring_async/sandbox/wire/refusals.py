"""The service's documented error codes, each with its status and message.

Not documented are method_not_allowed, because a 405 needs some code, and the status of the two oauth codes.

https://docs.licensespring.com/license-api/error-responses
"""

from __future__ import annotations

from .jsontext import encode

_TEXTS: dict[str, tuple[int, str]] = {
    "missing_headers": (400, "Some headers are missing."),
    "authorization_invalid_headers": (
        400,
        "The Authorization header is malformed or does not cover the date.",
    ),
    "authorization_missing_params": (
        400,
        "The Authorization header lacks a signature, headers or apikey part.",
    ),
    "hmac_required": (400, "The Authorization algorithm must be hmac-sha256."),
    "date_header_diff": (400, "The Date header is more than 15 minutes away from the server's time."),
    "invalid_api_key": (400, "The API key is not valid."),
    "signature_mismatch": (400, "Signature mismatch."),
    "oauth_token_expired": (401, "The OAuth token has expired."),
    "oauth_token_malformed": (401, "The OAuth token is malformed."),
    "missing_hardware_id": (400, "The hardware_id is missing."),
    "missing_parameters": (400, "Some parameters are missing."),
    "validation_error": (400, "A parameter is not valid."),
    "unknown_product": (400, "Provided product was not found."),
    "license_not_found": (400, "No license of this product matches the request."),
    "license_not_enabled": (400, "The license is not enabled."),
    "license_not_active": (400, "The license is not active."),
    "license_expired": (400, "The license has expired."),
    "trial_expired": (400, "The trial has expired."),
    "license_activated_max_times": (400, "The license is already activated on its maximum number of devices."),
    "blacklisted": (400, "This device is blacklisted."),
    "device_not_found": (400, "No active device matches the hardware_id."),
    "invalid_license_feature_code": (400, "The feature code is invalid or not assigned to the license."),
    "feature_not_floating": (400, "The feature is not floating."),
    "floating_feature_device_not_in_use": (400, "The device holds no slot of the floating feature."),
    "floating_not_available": (400, "No available slots for floating license."),
    "license_not_enough_consumptions": (400, "Not enough consumptions left."),
    "feature_not_enough_consumptions": (400, "Not enough consumptions left on the feature."),
    "negative_consumptions_not_allowed": (400, "Negative consumptions are not allowed."),
    "unsupported_product_feature": (400, "The license has no such consumption feature."),
    "license_borrow_not_allowed": (400, "Borrowing is not allowed."),
    "borrow_until_not_valid": (400, "borrowed_until must be between now and the longest borrow time."),
    "license_not_consumption": (400, "The license is not of the consumption type."),
    "license_transferred_max_times": (400, "The license has reached its maximum number of transfers."),
    "licenseUserActivatedMaxTimes": (400, "The user's license is already activated on its maximum number of devices."),
    "archived_product": (400, "The product is archived."),
    "disabled_product": (400, "The product is disabled."),
    "license_key_or_license_user_required": (400, "Send a license_key or a username."),
    "active_license_required": (400, "The license is not active."),
    "version_not_found": (400, "The license may not install this version, or it does not exist."),
    "trial_not_allowed": (400, "The product has no trials."),
    "email_missing": (400, "A trial of a user-based product needs an email."),
    "change_password_not_allowed": (400, "Users of this company may not change their passwords."),
    "invalid_product_auth_method": (400, "The product is not user-based."),
    "customer_does_not_exist": (400, "There is no such customer."),
    "customer_account_not_found": (400, "There is no such customer account."),
    "missing_content": (400, "The request has no content."),
    "invalid_json": (400, "The body is not a JSON object."),
    "not_found": (404, "This path does not exist."),
    "method_not_allowed": (405, "The method is not allowed at this path."),
    "internal_error": (500, "The sandbox failed; its log has the traceback."),
}


def error_body(status: int, code: str, message: str) -> bytes:
    """Return the body of an error answer."""
    return encode({"status": status, "code": code, "message": message})


class ServiceError(Exception):
    """The refusal of a request, with one of the service's documented codes."""

    def __init__(self, code: str, message: str | None = None) -> None:
        status, text = _TEXTS[code]
        super().__init__(message or text)
        self.code = code
        self.status = status
        self.message = message or text
