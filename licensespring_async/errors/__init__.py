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

The classes of the documented codes, from ArchivedProduct on, are in `codes.py`.
"""

from .base import (
    AnswerMismatch,
    ApiError,
    AuthorizationError,
    CertificateRefused,
    CircuitOpen,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    InvalidParameter,
    LeaseLost,
    LicenseRefused,
    LicenseSpringError,
    RateLimited,
    ResponseError,
    SignatureError,
    TransportError,
)
from .codes import (
    ApiKeyProductNotAllowed,
    ArchivedProduct,
    AuthorizationInvalidHeaders,
    AuthorizationMissingParams,
    Blacklisted,
    DateHeaderDiff,
    DeviceNotFound,
    DisabledProduct,
    FeatureNotFloating,
    FloatingFeatureDeviceNotInUse,
    FloatingNotAvailable,
    HmacRequired,
    InternalError,
    InvalidApiKey,
    InvalidClient,
    InvalidLicenseFeatureCode,
    LicenseExpired,
    LicenseNotActive,
    LicenseNotEnabled,
    LicenseNotEnoughConsumptions,
    LicenseNotFound,
    MissingHardwareId,
    MissingHeaders,
    MissingParameters,
    NotFound,
    OauthTokenExpired,
    OauthTokenMalformed,
    SignatureMismatch,
    UnauthorizedClient,
    UnknownProduct,
    ValidationError,
    api_error,
    is_documented,
)

__all__ = [
    "AnswerMismatch",
    "ApiError",
    "ApiKeyProductNotAllowed",
    "ArchivedProduct",
    "AuthorizationError",
    "AuthorizationInvalidHeaders",
    "AuthorizationMissingParams",
    "Blacklisted",
    "CertificateRefused",
    "CircuitOpen",
    "ConfigurationError",
    "ConnectionFailed",
    "ConnectionLost",
    "DateHeaderDiff",
    "DeadlineExceeded",
    "DeviceNotFound",
    "DisabledProduct",
    "FeatureNotFloating",
    "FloatingFeatureDeviceNotInUse",
    "FloatingNotAvailable",
    "HmacRequired",
    "InternalError",
    "InvalidApiKey",
    "InvalidClient",
    "InvalidLicenseFeatureCode",
    "InvalidParameter",
    "LeaseLost",
    "LicenseExpired",
    "LicenseNotActive",
    "LicenseNotEnabled",
    "LicenseNotEnoughConsumptions",
    "LicenseNotFound",
    "LicenseRefused",
    "LicenseSpringError",
    "MissingHardwareId",
    "MissingHeaders",
    "MissingParameters",
    "NotFound",
    "OauthTokenExpired",
    "OauthTokenMalformed",
    "RateLimited",
    "ResponseError",
    "SignatureError",
    "SignatureMismatch",
    "TransportError",
    "UnauthorizedClient",
    "UnknownProduct",
    "ValidationError",
    "api_error",
    "is_documented",
]
