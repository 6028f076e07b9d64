"""The families of errors."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from .numbers import in_seconds

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_TRANSIENT_STATUSES = frozenset({408, 500, 502, 503, 504})


class LicenseSpringError(Exception):
    """Base of everything this package raises.

    Attributes:
        kind: The error code that the class is for, else the class name in snake case. Few values, fit for metrics.
        exit_code: Exit code of a command that ends with this error.
        retried_as: How the client retries such a failure; None if it does not.
        may_have_acted: Whether the service may have acted on the request, or on an earlier attempt of the same call.
        may_pass: Whether the same call may succeed later without any change.
        is_undecided: Whether the service gave no decision, so that an earlier answer may still hold.
        is_about_everything: Whether the credentials or the configuration are wrong, so that other calls fail too.
        endpoint: Name of the endpoint, or None outside a call.
        attempts: HTTP requests that were tried for this call.
        elapsed: Seconds from the start of the call to this error, or None outside a call.
        earlier: Errors of the call's earlier attempts, oldest first.
        waited: Seconds of `elapsed` spent waiting: for rate windows, `max_concurrency`, a token or a TPM.
    """

    kind: ClassVar[str] = "license_spring_error"
    exit_code: ClassVar[int] = 1
    retried_as: Literal["transient", "throttled"] | None = None
    may_have_acted: bool = False
    may_pass: bool = False
    is_undecided: bool = False
    is_about_everything: bool = False
    endpoint: str | None = None
    attempts: int = 0
    elapsed: float | None = None
    earlier: tuple[LicenseSpringError, ...] = ()
    waited: float = 0.0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kind = _WORD_START.sub("_", cls.__name__).lower()

    @property
    def code_name(self) -> str:
        """The code for reports: the service's own if it sent one, else `kind`."""
        return self.kind


class ConfigurationError(LicenseSpringError, ValueError):
    """The client cannot work with this configuration; nothing was sent."""

    exit_code = 2
    is_about_everything = True


class InvalidParameter(ConfigurationError):
    """An endpoint's argument cannot be sent; nothing was sent.

    Attributes:
        parameter: The argument's name.
        problem: The fault; never the value.
    """

    is_about_everything = False

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(parameter, problem)
        self.parameter = parameter
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.parameter}: {self.problem}"


class TransportError(LicenseSpringError):
    """No complete answer arrived; `may_have_acted` says whether the service may have received the request."""

    retried_as: Literal["transient", "throttled"] | None = "transient"
    may_have_acted = True
    may_pass = True
    is_undecided = True


class ConnectionFailed(TransportError, ConnectionError):
    """No connection could be made, so the request never left; check the network, `base_url` and the certificate."""

    may_have_acted = False


class CertificateRefused(ConnectionFailed):
    """The server's certificate was refused; nothing was sent.

    For a company's TLS proxy or a server of your own, pass the engine an `ssl.SSLContext` that trusts its authority.
    """

    retried_as = None
    may_pass = False


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke, or the answer was not valid HTTP; the service may have acted on the request."""


class DeadlineExceeded(TransportError, TimeoutError):
    """The call did not finish within its `timeout`, queueing and retries included; raise `timeout` or try later.

    Waiting for the rate windows does not count; it may take twice the `timeout` at most.
    """

    retried_as = None


class CircuitOpen(TransportError):
    """Nothing was sent, because the service has been failing; decide without an answer, or wait `retry_after` seconds.

    Attributes:
        retry_after: Seconds until the circuit may let an attempt through.
        reason: Why the circuit opened.
    """

    retried_as = None
    may_have_acted = False

    def __init__(self, retry_after: float, reason: str) -> None:
        super().__init__(retry_after, reason)
        self.retry_after = retry_after
        self.reason = reason

    def __str__(self) -> str:
        return f"not sent, the circuit is open for another {in_seconds(self.retry_after)}: {self.reason}"


class LeaseLost(LicenseSpringError):
    """A lease's slot is gone, and its body was cancelled; `__cause__` says why. Stop, or take a new lease."""

    def __str__(self) -> str:
        return f"the slot of {self.args[0]} is lost"


class RateLimited(LicenseSpringError):
    """The service answered HTTP 429; wait `retry_after` seconds, and pace calls with `rate_limits`.

    Attributes:
        status: The HTTP status, 429.
        code: The error code of the body, "" if it had none.
        message: The error message, or the start of a body of another form.
        retry_after: Seconds the service asked to wait, or None if it did not say.
    """

    retried_as = "throttled"
    may_pass = True
    is_undecided = True

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(status, code, message, retry_after)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    @property
    def code_name(self) -> str:
        """The code for reports: the service's own if it sent one, else `kind`."""
        return self.code or self.kind

    def __str__(self) -> str:
        wait = "" if self.retry_after is None else f" (retry after {in_seconds(self.retry_after)})"
        return f"HTTP {self.status}: {self.message or 'too many requests'}{wait}"


class SignatureError(LicenseSpringError):
    """The answer is not signed by a trusted key and was discarded.

    A proxy that rewrites bodies causes this. Otherwise suspect an attack or a wrong `public_key`.
    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature-v2
    """

    exit_code = 4
    may_have_acted = True
    is_about_everything = True


class AnswerMismatch(SignatureError):
    """The answer is signed, but it answers another request or is too old; it was discarded.

    Treat it as a replayed recording. `bind_answers=False` and `max_answer_age=None` of `LicenseSpring` turn the checks
    off, for a server that differs from the documented service.
    """

    is_about_everything = False


class ResponseError(LicenseSpringError):
    """The answer cannot be decoded, or does not have the documented shape.

    Attributes:
        status: The HTTP status of the answer, or None if it did not come from HTTP.
        problems: One text per problem, each ending in its JSON path.
    """

    may_have_acted = True

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), status: int | None = None) -> None:
        super().__init__(message)
        self.problems = problems
        self.status = status
        self.may_pass = self.is_undecided = status is not None and status >= 500


BY_CODE: dict[str, type[ApiError]] = {}
"""The class of each documented code, in lower case. Each class registers itself."""


class ApiError(LicenseSpringError):
    """The service answered with an error; if another server did, as a web page suggests, check `base_url`.

    Attributes:
        status: The HTTP status, 400 or above.
        code: The documented error code, "" if the body held none.
        message: The service's message, or the start of a body of another form.
        retry_after: Seconds the service asked to wait, or None if it did not say.
    """

    retry_after: float | None = None

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        super().__init_subclass__()
        if code is not None:
            cls.kind = code
            BY_CODE[code.lower()] = cls

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.retried_as = "transient" if status in _TRANSIENT_STATUSES else None
        self.may_have_acted = status >= 500 or status == 408
        self.may_pass = status >= 500
        self.is_undecided = status >= 500

    @property
    def code_name(self) -> str:
        """The code for reports: the service's own if it sent one, else `kind`."""
        return self.code or self.kind

    def __str__(self) -> str:
        return f"{self.code or 'no error code'} (HTTP {self.status}): {self.message or 'no message'}"


class LicenseRefused(ApiError):
    """The service said no; asking again does not help until the license changes."""

    exit_code = 5

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.is_undecided = False  # a no is an answer, whatever its status


class AuthorizationError(ApiError):
    """The service did not accept the credentials; no license was checked."""

    exit_code = 4
    is_about_everything = True
