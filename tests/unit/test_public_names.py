"""What the package offers, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import licensespring_async

NAMES = [
    "PRODUCTION_PUBLIC_KEY",
    "PRODUCTION_URL",
    "ActiveLicenseRequired",
    "AnswerMismatch",
    "ApiError",
    "ApiKey",
    "ApiKeyProductNotAllowed",
    "ArchivedProduct",
    "AuthorizationError",
    "AuthorizationInvalidHeaders",
    "AuthorizationMethod",
    "AuthorizationMissingParams",
    "Blacklisted",
    "BlockingLicenseSpring",
    "BorrowUntilNotValid",
    "Bundle",
    "CertificateRefused",
    "ChangePasswordNotAllowed",
    "CircuitOpen",
    "CircuitPolicy",
    "CircuitState",
    "ClientCredentials",
    "Clock",
    "Company",
    "ConfigurationError",
    "ConnectionFailed",
    "ConnectionLost",
    "ConsumptionPeriod",
    "CustomField",
    "Customer",
    "CustomerAccount",
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
    "FeatureType",
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
    "InvalidReason",
    "LeaseLost",
    "License",
    "LicenseActivatedMaxTimes",
    "LicenseBorrowNotAllowed",
    "LicenseExpired",
    "LicenseFeature",
    "LicenseKeyOrLicenseUserRequired",
    "LicenseKeyRequired",
    "LicenseNotActive",
    "LicenseNotConsumption",
    "LicenseNotEnabled",
    "LicenseNotEnoughConsumptions",
    "LicenseNotFound",
    "LicenseRefused",
    "LicenseSpring",
    "LicenseSpringError",
    "LicenseTransferredMaxTimes",
    "LicenseType",
    "LicenseUser",
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
    "ProductDetails",
    "ProductFeature",
    "ProductVersionNotSupported",
    "RateLimited",
    "RateLimits",
    "RawResponse",
    "RequestEvent",
    "ResponseError",
    "RetryEvent",
    "RetryPolicy",
    "SignatureError",
    "SignatureMismatch",
    "TransportError",
    "TrialExpired",
    "TrialNotAllowed",
    "UnauthorizedClient",
    "UnknownProduct",
    "UnsupportedProductFeature",
    "ValidationError",
    "Validity",
    "VersionNotFound",
    "Window",
    "__version__",
]


def test_the_public_names() -> None:
    """Offers these names and no others: taking one away breaks users."""
    assert sorted(licensespring_async.__all__) == sorted(NAMES)


def test_the_public_names_are_sorted() -> None:
    """Lists its names as a reader looks for them: constants, classes, the rest."""
    names = [name for name in licensespring_async.__all__ if not name.isupper()]

    assert names == sorted(names)


def test_every_public_name_exists() -> None:
    """Has every name that it lists."""
    assert [name for name in NAMES if not hasattr(licensespring_async, name)] == []


def test_nothing_else_is_public() -> None:
    """Leaves no other names about, except its own modules."""
    modules = {name for name, value in vars(licensespring_async).items() if type(value) is type(sys)}

    others = {name for name in vars(licensespring_async) if not name.startswith("_")} - modules

    assert others <= set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name[0].isupper() and not name.isupper()])
def test_every_public_class_is_documented(name: str) -> None:
    """Says what every public class is for."""
    assert getattr(licensespring_async, name).__doc__


def test_the_version_is_a_version() -> None:
    """Names its version."""
    assert licensespring_async.__version__.split(".")[0].isdigit()


OPTIONAL = [
    *("typer", "rich", "fastapi", "litestar", "starlette", "uvicorn", "httptools", "pyreqwest", "dask", "distributed"),
    *("opentelemetry", "jinja2", "matplotlib", "pyarrow", "sqlalchemy", "backports", "pytest", "trio", "respx"),
]
ROOMS = [
    "licensespring_async.services",
    "licensespring_async.sandbox",
    "licensespring_async.fleet",
    "licensespring_async.cli",
]


def test_an_import_brings_nothing_optional() -> None:
    """Imports neither an optional extra nor the rooms that need one, beyond what httpx finds by itself."""
    code = """
import sys, anyio, attrs, cattrs, cryptography, httpcore, httpx
before = set(sys.modules)
import licensespring_async
print(*sys.modules.keys() - before, sep="\\n")
"""

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    imported = set(done.stdout.split())
    assert "licensespring_async.client" in imported
    assert [name for name in OPTIONAL + ROOMS if name in imported] == []


def test_an_import_says_nothing() -> None:
    """Prints nothing, and warns of nothing, when it is imported."""
    code = "import licensespring_async"

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
