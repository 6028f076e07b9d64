"""Requests that the service cannot act on, and failures inside it: neither says anything about a license.

Source: https://docs.licensespring.com/license-api/error-responses and the "List of exceptions" of each endpoint's page.
"""

from __future__ import annotations

from .base import ApiError


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


class FeatureNotFloating(ApiError, code="feature_not_floating"):
    """The feature takes no floating slots; check it without the floating calls."""


class FloatingFeatureDeviceNotInUse(ApiError, code="floating_feature_device_not_in_use"):
    """The device holds no slot of the feature; there is nothing to release."""


class InternalError(ApiError, code="internal_error"):
    """The service failed inside; this client has already retried as its policy allows."""
