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
│   └── AnswerMismatch                  it is signed, but answers another request or is too old
├── ResponseError                       an answer that cannot be decoded or does not have the documented shape
└── ApiError(status, code, message)     the service answered with an error; an unknown code stays a plain ApiError
    ├── LicenseRefused                  the answer is no
    │   ├── ActiveLicenseRequired, ArchivedProduct, Blacklisted, DeviceNotFound, DisabledProduct, FeatureExpired,
    │   │   FeatureNotEnoughConsumptions, FloatingNotAvailable, InvalidLicenseFeatureCode, LicenseActivatedMaxTimes,
    │   │   LicenseBorrowNotAllowed, LicenseExpired, LicenseNotActive, LicenseNotEnabled, LicenseNotEnoughConsumptions,
    │   │   LicenseNotFound, LicenseTransferredMaxTimes, LicenseUserActivatedMaxTimes, ProductVersionNotSupported,
    │   │   TrialExpired, TrialNotAllowed, UnknownProduct, UnsupportedProductFeature
    ├── AuthorizationError              the credentials, not the license
    │   ├── AuthorizationInvalidHeaders, AuthorizationMissingParams, DateHeaderDiff, HmacRequired, InvalidApiKey,
    │   │   InvalidClient, MissingHeaders, OauthTokenExpired, OauthTokenMalformed, SignatureMismatch,
    │   │   UnauthorizedClient
    └── ApiKeyProductNotAllowed, BorrowUntilNotValid, ChangePasswordNotAllowed, CustomerAccountIdMismatch,
        CustomerAccountNotFound, CustomerDoesNotExist, CustomerNotFound, EmailMissing, FeatureNotFloating,
        FloatingFeatureDeviceNotInUse, InternalError, InvalidJson, InvalidProductAuthMethod,
        LicenseKeyOrLicenseUserRequired, LicenseKeyRequired, LicenseNotConsumption, MissingContent, MissingHardwareId,
        MissingParameters, NegativeConsumptionsNotAllowed, NotFound, OrderIdExists, ValidationError, VersionNotFound

Attributes of each error say how to judge it (`5xx`: if its HTTP status is 500 or above):

| error              | retried_as        | may_have_acted | may_pass | is_undecided | is_about_everything | exit_code |
| ------------------ | ----------------- | -------------- | -------- | ------------ | ------------------- | --------- |
| ConfigurationError |                   | no             | no       | no           | yes                 | 2         |
| InvalidParameter   |                   | no             | no       | no           | no                  | 2         |
| ConnectionFailed   | transient         | no             | yes      | yes          | no                  | 1         |
| CertificateRefused |                   | no             | no       | yes          | no                  | 1         |
| ConnectionLost     | transient         | yes            | yes      | yes          | no                  | 1         |
| DeadlineExceeded   |                   | yes            | yes      | yes          | no                  | 1         |
| CircuitOpen        |                   | no             | yes      | yes          | no                  | 1         |
| LeaseLost          |                   | no             | no       | no           | no                  | 1         |
| RateLimited        | throttled         | no             | yes      | yes          | no                  | 1         |
| SignatureError     |                   | yes            | no       | no           | yes                 | 4         |
| AnswerMismatch     |                   | yes            | no       | no           | no                  | 4         |
| ResponseError      |                   | yes            | 5xx      | 5xx          | no                  | 1         |
| ApiError           | transient for 5xx | 5xx            | 5xx      | 5xx          | no                  | 1         |
| LicenseRefused     | transient for 5xx | 5xx            | 5xx      | no           | no                  | 5         |
| AuthorizationError | transient for 5xx | 5xx            | 5xx      | 5xx          | yes                 | 4         |

Who reads what: `transport/policies/retry.py` reads `retried_as` and `may_have_acted`; calls that are never sent twice,
leases and license sessions read `may_have_acted`; gates and license sessions read `is_undecided`; fleets read
`may_pass` and `is_about_everything`; the command line reads `exit_code`; results, logs and telemetry read `code_name`
and `kind`. HTTP 408 is treated as a 5xx in the first two columns; of the 5xx only 500, 502, 503 and 504 are retried.
"""

from .bad_requests import (
    ApiKeyProductNotAllowed,
    BorrowUntilNotValid,
    ChangePasswordNotAllowed,
    CustomerAccountIdMismatch,
    CustomerAccountNotFound,
    CustomerDoesNotExist,
    CustomerNotFound,
    EmailMissing,
    FeatureNotFloating,
    FloatingFeatureDeviceNotInUse,
    InternalError,
    InvalidJson,
    InvalidProductAuthMethod,
    LicenseKeyOrLicenseUserRequired,
    LicenseKeyRequired,
    LicenseNotConsumption,
    MissingContent,
    MissingHardwareId,
    MissingParameters,
    NegativeConsumptionsNotAllowed,
    NotFound,
    OrderIdExists,
    ValidationError,
    VersionNotFound,
)
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
    api_error,
    is_documented,
)
from .credentials import (
    AuthorizationInvalidHeaders,
    AuthorizationMissingParams,
    DateHeaderDiff,
    HmacRequired,
    InvalidApiKey,
    InvalidClient,
    MissingHeaders,
    OauthTokenExpired,
    OauthTokenMalformed,
    SignatureMismatch,
    UnauthorizedClient,
)
from .refusals import (
    ActiveLicenseRequired,
    ArchivedProduct,
    Blacklisted,
    DeviceNotFound,
    DisabledProduct,
    FeatureExpired,
    FeatureNotEnoughConsumptions,
    FloatingNotAvailable,
    InvalidLicenseFeatureCode,
    LicenseActivatedMaxTimes,
    LicenseBorrowNotAllowed,
    LicenseExpired,
    LicenseNotActive,
    LicenseNotEnabled,
    LicenseNotEnoughConsumptions,
    LicenseNotFound,
    LicenseTransferredMaxTimes,
    LicenseUserActivatedMaxTimes,
    ProductVersionNotSupported,
    TrialExpired,
    TrialNotAllowed,
    UnknownProduct,
    UnsupportedProductFeature,
)

__all__ = [
    "ActiveLicenseRequired",
    "AnswerMismatch",
    "ApiError",
    "ApiKeyProductNotAllowed",
    "ArchivedProduct",
    "AuthorizationError",
    "AuthorizationInvalidHeaders",
    "AuthorizationMissingParams",
    "Blacklisted",
    "BorrowUntilNotValid",
    "CertificateRefused",
    "ChangePasswordNotAllowed",
    "CircuitOpen",
    "ConfigurationError",
    "ConnectionFailed",
    "ConnectionLost",
    "CustomerAccountIdMismatch",
    "CustomerAccountNotFound",
    "CustomerDoesNotExist",
    "CustomerNotFound",
    "DateHeaderDiff",
    "DeadlineExceeded",
    "DeviceNotFound",
    "DisabledProduct",
    "EmailMissing",
    "FeatureExpired",
    "FeatureNotEnoughConsumptions",
    "FeatureNotFloating",
    "FloatingFeatureDeviceNotInUse",
    "FloatingNotAvailable",
    "HmacRequired",
    "InternalError",
    "InvalidApiKey",
    "InvalidClient",
    "InvalidJson",
    "InvalidLicenseFeatureCode",
    "InvalidParameter",
    "InvalidProductAuthMethod",
    "LeaseLost",
    "LicenseActivatedMaxTimes",
    "LicenseBorrowNotAllowed",
    "LicenseExpired",
    "LicenseKeyOrLicenseUserRequired",
    "LicenseKeyRequired",
    "LicenseNotActive",
    "LicenseNotConsumption",
    "LicenseNotEnabled",
    "LicenseNotEnoughConsumptions",
    "LicenseNotFound",
    "LicenseRefused",
    "LicenseSpringError",
    "LicenseTransferredMaxTimes",
    "LicenseUserActivatedMaxTimes",
    "MissingContent",
    "MissingHardwareId",
    "MissingHeaders",
    "MissingParameters",
    "NegativeConsumptionsNotAllowed",
    "NotFound",
    "OauthTokenExpired",
    "OauthTokenMalformed",
    "OrderIdExists",
    "ProductVersionNotSupported",
    "RateLimited",
    "ResponseError",
    "SignatureError",
    "SignatureMismatch",
    "TransportError",
    "TrialExpired",
    "TrialNotAllowed",
    "UnauthorizedClient",
    "UnknownProduct",
    "UnsupportedProductFeature",
    "ValidationError",
    "VersionNotFound",
    "api_error",
    "is_documented",
]
