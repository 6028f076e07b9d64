"""Every error that can leave this package.

LicenseSpringError
├── ConfigurationError                  the caller's settings or arguments; nothing was sent (also a ValueError)
│   └── InvalidParameter                one argument of an endpoint; names it
├── TransportError                      no complete answer arrived
│   ├── ConnectionFailed                the request never left (also a ConnectionError)
│   │   └── CertificateRefused          the server did not prove who it is
│   ├── ConnectionLost                  the request may have been acted on (also a ConnectionError)
│   ├── DeadlineExceeded                the time for the whole call ran out (also a TimeoutError)
│   └── CircuitOpen                     not sent: the service has been failing; carries `retry_after`
├── LeaseLost                           the slot of a lease is gone; its cause says why
├── RateLimited                         HTTP 429; carries `retry_after`
├── SignatureError                      the answer is not signed by a trusted key
│   └── AnswerMismatch                  it is signed, and not the answer to this request
├── ResponseError                       an answer that cannot be decoded or does not have the documented shape
└── ApiError(status, code, message)     the service answered with an error; an unknown code stays a plain ApiError
    ├── LicenseRefused                  the answer is no
    │   ├── ArchivedProduct, Blacklisted, DeviceNotFound, DisabledProduct, FeatureNotFloating,
    │   │   FloatingFeatureDeviceNotInUse, FloatingNotAvailable, InvalidLicenseFeatureCode, LicenseExpired,
    │   │   LicenseNotActive, LicenseNotEnabled, LicenseNotEnoughConsumptions, LicenseNotFound, UnknownProduct
    ├── AuthorizationError              the credentials, not the license
    │   ├── AuthorizationInvalidHeaders, AuthorizationMissingParams, DateHeaderDiff, HmacRequired, InvalidApiKey,
    │   │   InvalidClient, MissingHeaders, OauthTokenExpired, OauthTokenMalformed, SignatureMismatch,
    │   │   UnauthorizedClient
    └── ApiKeyProductNotAllowed, InternalError, MissingHardwareId, MissingParameters, NotFound, ValidationError

Codes: https://docs.licensespring.com/license-api/error-responses and the "List of exceptions" of each endpoint's page.
"""

from __future__ import annotations

from typing import ClassVar

_BY_CODE: dict[str, type[ApiError]] = {}


class LicenseSpringError(Exception):
    """Base of everything this package raises.

    Attributes:
        endpoint: Name of the endpoint that was called, or None outside a call.
        attempts: HTTP requests that were tried for this call.
        elapsed: Seconds from the start of the call to this error, or None outside a call.
        earlier: The errors of the attempts before the one that is reported, oldest first.
        waited: Seconds of `elapsed` that the call waited for rate windows, a free slot or a token.
    """

    endpoint: str | None = None
    attempts: int = 0
    elapsed: float | None = None
    earlier: tuple[LicenseSpringError, ...] = ()
    waited: float = 0.0


class ConfigurationError(LicenseSpringError, ValueError):
    """The client cannot work as it was configured; nothing was sent."""


class InvalidParameter(ConfigurationError):
    """An endpoint's argument cannot be sent; nothing was sent.

    Attributes:
        parameter: The argument's name.
        problem: What is wrong with it; never its value.
    """

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(parameter, problem)
        self.parameter = parameter
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.parameter}: {self.problem}"


class TransportError(LicenseSpringError):
    """No complete answer arrived.

    Attributes:
        may_have_acted: Whether the service may have received and acted on the request.
    """

    may_have_acted: bool = True


class ConnectionFailed(TransportError, ConnectionError):
    """No connection could be made, so the request never left; check the network, `base_url` and the certificate."""

    may_have_acted = False


class CertificateRefused(ConnectionFailed):
    """The server's certificate does not hold; nothing was sent.

    Behind a company's TLS proxy, or on a server of your own, pass its authority in an `ssl.SSLContext` to the engine.
    """


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke, or spoke no valid HTTP, after the request may have been acted on."""


class DeadlineExceeded(TransportError, TimeoutError):
    """The call did not finish within its `timeout`, queueing and retries included; raise `timeout` or try later."""


class CircuitOpen(TransportError):
    """Nothing was sent, because the service has been failing; decide without an answer, or wait `retry_after` seconds.

    Attributes:
        retry_after: Seconds until the circuit may let an attempt through.
        reason: What opened it.
    """

    may_have_acted = False

    def __init__(self, retry_after: float, reason: str) -> None:
        super().__init__(retry_after, reason)
        self.retry_after = retry_after
        self.reason = reason

    def __str__(self) -> str:
        return f"not sent, the circuit is open for another {self.retry_after:.3g} s: {self.reason}"


class LeaseLost(LicenseSpringError):
    """A lease's slot is gone, and its body was cancelled; `__cause__` says why. Stop, or take a new lease."""

    def __str__(self) -> str:
        return f"the slot of {self.args[0]} is lost"


class RateLimited(LicenseSpringError):
    """The service answers 429; wait `retry_after` seconds, and pace calls with `RateLimits`.

    Attributes:
        status: The HTTP status, 429.
        code: The error code of the body, "" if it had none.
        message: The error message, or the start of a body that was no error envelope.
        retry_after: Seconds the service asked to wait, or None if it did not say.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(status, code, message, retry_after)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        wait = "" if self.retry_after is None else f" (retry after {self.retry_after:g} s)"
        return f"HTTP {self.status}: {self.message or 'too many requests'}{wait}"


class SignatureError(LicenseSpringError):
    """The answer is not signed by a trusted key and was thrown away.

    Behind a proxy that rewrites bodies this is expected; elsewhere treat it as an attack or as a wrong `public_key`.
    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature-v2
    """


class AnswerMismatch(SignatureError):
    """The answer is signed, but it answers another request or is too old; it was thrown away.

    Treat it as a recorded answer that somebody plays back. `bind_answers=False` and `max_answer_age=None` of
    `LicenseSpring` turn the checks off, for a server that answers otherwise than the documented service.
    """


class ResponseError(LicenseSpringError):
    """An answer that cannot be decoded, or that does not have the documented shape.

    Attributes:
        status: The HTTP status of the answer, or None if it did not come from HTTP.
        problems: One text per problem, each ending in the JSON path where it is.
    """

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), status: int | None = None) -> None:
        super().__init__(message)
        self.problems = problems
        self.status = status


class ApiError(LicenseSpringError):
    """The service answered with an error.

    Attributes:
        status: The HTTP status, 400 or above.
        code: The documented error code, "" if the body held none.
        message: The service's message, or the start of a body that was no error envelope.
        retry_after: Seconds the service asked to wait, or None if it did not say.
    """

    documented_code: ClassVar[str | None] = None
    retry_after: float | None = None

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        super().__init_subclass__()
        cls.documented_code = code
        if code is not None:
            _BY_CODE[code] = cls

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code or 'no error code'} (HTTP {self.status}): {self.message or 'no message'}"


class LicenseRefused(ApiError):
    """The service was reached and the answer is no; asking again changes nothing until the license does."""


class AuthorizationError(ApiError):
    """The service did not accept the credentials; no license was looked at."""


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


def is_documented(code: str) -> bool:
    """Return whether a code has an exception class of its own."""
    return code in _BY_CODE


def api_error(status: int, code: str, message: str) -> ApiError:
    """Return the exception for an error answer: the code's own class, or a plain ApiError for an unknown code."""
    return _BY_CODE.get(code, ApiError)(status, code, message)
