"""The tree of errors."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

import licensespring_async
from licensespring_async import (
    ApiError,
    AuthorizationError,
    CircuitOpen,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    InvalidParameter,
    LicenseRefused,
    LicenseSpringError,
    RateLimited,
    ResponseError,
    SignatureError,
    TransportError,
    errors,
)
from licensespring_async.errors import api_error

# https://docs.licensespring.com/license-api/license-feature-check, "List of exceptions"
FEATURE_CHECK = [
    "missing_headers",
    "unknown_product",
    "license_not_found",
    "license_not_enabled",
    "license_not_active",
    "device_not_found",
    "blacklisted",
    "invalid_license_feature_code",
    "floating_not_available",
]
# https://docs.licensespring.com/license-api/license-check/check-bundle, "List of exceptions"
BUNDLE_CHECK = [
    "missing_headers",
    "unknown_product",
    "license_not_found",
    "license_not_enabled",
    "license_not_active",
    "device_not_found",
    "blacklisted",
    "license_not_enough_consumptions",
    "floating_not_available",
]
# https://docs.licensespring.com/license-api/license-api-authorization/api-key-authorization and oauth-authorization
AUTHORIZATION = [
    "missing_headers",
    "date_header_diff",
    "authorization_invalid_headers",
    "hmac_required",
    "signature_mismatch",
    "authorization_missing_params",
    "invalid_api_key",
    "oauth_token_expired",
    "oauth_token_malformed",
    "invalid_client",
    "unauthorized_client",
]
DOCUMENTED = sorted({*FEATURE_CHECK, *BUNDLE_CHECK, *AUTHORIZATION})
REFUSALS = sorted({*FEATURE_CHECK, *BUNDLE_CHECK} - {"missing_headers"})


def tree(root: type[LicenseSpringError] = LicenseSpringError) -> Iterator[type[LicenseSpringError]]:
    """Every error class of the package."""
    yield root
    for each in root.__subclasses__():
        if each.__module__.startswith(errors.__name__):
            yield from tree(each)


CLASSES = list(tree())


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_documented_code_has_its_class(code: str) -> None:
    """Raises a documented code as a class of its own, named after it and public."""
    error = api_error(400, code, "Something was wrong.")

    name = "".join(word.capitalize() for word in code.split("_"))
    assert type(error) is getattr(licensespring_async, name)
    assert type(error).__name__ == name
    assert error.kind == code


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_a_refusal(code: str) -> None:
    """Groups the codes that say no to the license."""
    assert isinstance(api_error(400, code, ""), LicenseRefused)


@pytest.mark.parametrize("code", ["floating_feature_device_not_in_use", "feature_not_floating"])
@pytest.mark.parametrize("status", [400, 404, 409])
def test_what_cannot_be_released_says_nothing_about_a_license(code: str, status: int) -> None:
    """Keeps a slot that is free already, and a feature that has none, apart from a license that is refused."""
    error = api_error(status, code, "")

    assert not isinstance(error, LicenseRefused)
    assert isinstance(error, ApiError)
    assert (error.is_undecided, error.may_pass, error.may_have_acted, error.exit_code) == (False, False, False, 1)


@pytest.mark.parametrize("code", AUTHORIZATION)
def test_an_authorization_error_is_one(code: str) -> None:
    """Groups the codes that say no to the credentials."""
    assert isinstance(api_error(401, code, ""), AuthorizationError)


@pytest.mark.parametrize("code", ["", "brand_new_code", "license_not_found ", "None", "api_error"])
@pytest.mark.parametrize("status", [400, 418, 500])
def test_an_unknown_code_is_a_plain_api_error(status: int, code: str) -> None:
    """Raises a code that is not documented as exactly ApiError, with the code on it."""
    error = api_error(status, code, "New.")

    assert type(error) is ApiError
    assert (error.status, error.code, error.message) == (status, code, "New.")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("LICENSE_NOT_FOUND", "LicenseNotFound"),
        ("licenseUserActivatedMaxTimes", "LicenseUserActivatedMaxTimes"),
        ("licenseuseractivatedmaxtimes", "LicenseUserActivatedMaxTimes"),
    ],
)
def test_a_code_is_known_in_any_case(code: str, name: str) -> None:
    """Takes upper and lower case for the same, and keeps the code as it came."""
    error = api_error(400, code, "")

    assert (type(error).__name__, error.code) == (name, code)


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_the_code_decides_and_not_the_status(status: int) -> None:
    """Goes by the code, because the documentation gives one code several statuses."""
    assert type(api_error(status, "signature_mismatch", "")) is licensespring_async.SignatureMismatch


def test_a_class_says_what_it_means() -> None:
    """Has a text of its own, not its parent's."""
    for cls in CLASSES:
        assert cls.__doc__ is not None, cls
        assert len(cls.__doc__.strip()) > 20, cls
        assert [parent for parent in cls.__mro__[1:] if parent.__doc__ == cls.__doc__] == [], cls


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_documented_error_says_what_to_do(code: str) -> None:
    """Says in its text what happened, and behind a semicolon what to do about it."""
    text = type(api_error(400, code, "")).__doc__ or ""

    happened, _, advice = text.partition(";")

    assert happened
    assert len(advice) > 10


def judged() -> dict[str, list[str]]:
    """The rows of the table in the docstring, by their class."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (errors.__doc__ or "").splitlines()
        if "|" in line
    ]
    return {name: cells for name, *cells in rows if name[:1].isupper()}


def an_error(name: str, status: int) -> LicenseSpringError:
    kind = getattr(errors, name)
    if issubclass(kind, ApiError):
        refusal: LicenseSpringError = kind(status, "", "")
        return refusal
    arguments: dict[str, tuple[Any, ...]] = {
        "RateLimited": (429, "", ""),
        "InvalidParameter": ("", ""),
        "CircuitOpen": (1.0, ""),
    }
    error = kind(*arguments.get(name, ("",)), **({"status": status} if kind is ResponseError else {}))
    assert isinstance(error, LicenseSpringError)
    return error


@pytest.mark.parametrize("name", judged())
@pytest.mark.parametrize("status", [400, 500])
def test_an_error_is_judged_as_the_table_says(name: str, status: int) -> None:
    """Has the attributes that its row of the table gives it, whatever it is a subclass of."""
    retried, *flags, exit_code = judged()[name]
    error = an_error(name, status)
    by_status = {"yes": True, "no": False, "5xx": status >= 500}

    assert error.retried_as == (retried.partition(" ")[0] or None if "5xx" not in retried or status >= 500 else None)
    attributes = [error.may_have_acted, error.may_pass, error.is_undecided, error.is_about_everything]
    assert attributes == [by_status[flag] for flag in flags]
    assert error.exit_code == int(exit_code)


def test_every_class_is_judged_by_a_row() -> None:
    """Is in the table itself, or a code's class below one that is, or a family that is only its subclasses."""
    for cls in CLASSES:
        names = {each.__name__ for each in cls.__mro__}
        assert cls.__name__ in ("LicenseSpringError", "TransportError") or names & judged().keys(), cls


def drawn_parents() -> dict[str, str]:
    """Child and parent of every class in the drawing: a line's depth is where its first name begins."""
    parents: dict[str, str] = {}
    line_of: dict[int, str] = {}
    drawing = (errors.__doc__ or "").partition("\n\n")[2].partition("\n\n")[0]
    for line in drawing.splitlines():
        first = re.search(r"\w", line)
        assert first is not None
        names = re.findall(r"\b[A-Z]\w+", re.split(r"  |\(", line[first.start() :])[0])
        above = max((depth for depth in line_of if depth < first.start()), default=None)
        line_of = {depth: name for depth, name in line_of.items() if depth < first.start()}
        line_of[first.start()] = names[0]
        if above is not None:
            parents |= dict.fromkeys(names, line_of[above])
    return parents


def test_the_drawn_tree_is_the_real_one() -> None:
    """Draws every class in the module's docstring, below its parent, and no other."""
    assert drawn_parents() == {cls.__name__: cls.__mro__[1].__name__ for cls in CLASSES[1:]}


def test_every_public_exception_is_in_the_tree() -> None:
    """Offers one base class that catches everything, and every class of the tree from the package itself."""
    public = [getattr(licensespring_async, name) for name in licensespring_async.__all__]
    exceptions = [each for each in public if isinstance(each, type) and issubclass(each, BaseException)]

    assert set(exceptions) == set(CLASSES)


@pytest.mark.parametrize(
    ("cls", "standard"),
    [
        (ConfigurationError, ValueError),
        (InvalidParameter, ValueError),
        (ConnectionFailed, ConnectionError),
        (ConnectionLost, ConnectionError),
        (DeadlineExceeded, TimeoutError),
    ],
)
def test_standard_errors_are_bases(cls: type[LicenseSpringError], standard: type[Exception]) -> None:
    """Is caught by code that expects the standard library's error."""
    assert issubclass(cls, standard)


@pytest.mark.parametrize(
    ("cls", "may_have_acted"),
    [
        (TransportError, True),
        (ConnectionLost, True),
        (DeadlineExceeded, True),
        (ConnectionFailed, False),
    ],
)
def test_may_have_acted(cls: type[TransportError], may_have_acted: bool) -> None:
    """Assumes that a request was acted on, unless it certainly never left."""
    assert cls("text").may_have_acted is may_have_acted


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ApiError(400, "some_code", "Some text."), "some_code (HTTP 400): Some text."),
        (ApiError(503, "", ""), "no error code (HTTP 503): no message"),
        (RateLimited(429, "", "Slow down."), "HTTP 429: Slow down."),
        (RateLimited(429, "", "Slow down.", 2.5), "HTTP 429: Slow down. (retry after 2.5 s)"),
        (RateLimited(429, "", "Slow down.", 0.0), "HTTP 429: Slow down. (retry after 0 s)"),
        (RateLimited(429, "", "Slow down.", 1_000_000.0), "HTTP 429: Slow down. (retry after 1000000 s)"),
        (CircuitOpen(0.00005, "down"), "not sent, the circuit is open for another 0 s: down"),
        (CircuitOpen(3600.0, "down"), "not sent, the circuit is open for another 3600 s: down"),
        (CircuitOpen(999.7, "down"), "not sent, the circuit is open for another 1000 s: down"),
        (InvalidParameter("product", "is empty"), "product: is empty"),
        (ResponseError("not usable", problems=("a @ $",), status=200), "not usable"),
        (ConnectionFailed("no connection"), "no connection"),
    ],
)
def test_the_text_of_an_error(error: LicenseSpringError, text: str) -> None:
    """Reads well in a log."""
    assert str(error) == text


def samples() -> list[LicenseSpringError]:
    """One error of every class, as they leave a call."""
    made: list[LicenseSpringError] = []
    for cls in CLASSES:
        if issubclass(cls, ApiError):
            error: LicenseSpringError = cls(400, "some_code", "Some text.")
        elif issubclass(cls, RateLimited):
            error = cls(429, "some_code", "Some text.", 7.5)
        elif issubclass(cls, InvalidParameter):
            error = cls("product", "is empty")
        elif issubclass(cls, ResponseError):
            error = cls("misshapen", problems=("wrong @ $.id", "missing @ $.code"), status=200)
        elif issubclass(cls, CircuitOpen):
            error = cls(2.5, "what happened")
        else:
            error = cls("what happened")
        error.endpoint, error.attempts, error.elapsed = "check_bundle", 3, 1.25
        error.earlier = (ConnectionFailed("first"), ApiError(503, "", "second"))
        error.add_note("gave up")
        made.append(error)
    return made


def test_an_error_travels_between_processes() -> None:
    """Comes out of a pickle with everything that was on it."""
    for error, protocol in product(samples(), range(pickle.HIGHEST_PROTOCOL + 1)):
        back = pickle.loads(pickle.dumps(error, protocol))

        assert type(back) is type(error)
        assert (str(back), back.args) == (str(error), error.args)
        assert {**vars(back), "earlier": None} == {**vars(error), "earlier": None}
        assert [repr(each) for each in back.earlier] == [repr(each) for each in error.earlier]


def test_an_error_can_be_copied() -> None:
    """Comes out of a copy with everything that was on it."""
    for error in samples():
        back = copy.copy(error)

        assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_retry_after_survives_a_pickle() -> None:
    """Keeps the wait that the service asked for."""
    error = api_error(503, "internal_error", "Later.")
    error.retry_after = 12.5

    assert pickle.loads(pickle.dumps(error)).retry_after == 12.5


def test_defaults_outside_a_call() -> None:
    """Knows no endpoint, attempts or time outside a call."""
    for cls in CLASSES:
        assert (cls.endpoint, cls.attempts, cls.elapsed, cls.earlier) == (None, 0, None, ()), cls


def test_a_signature_error_is_no_api_error() -> None:
    """Is never taken for an answer of the service."""
    assert not issubclass(SignatureError, ApiError)
