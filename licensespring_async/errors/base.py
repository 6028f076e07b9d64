"""The families of errors."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_TRANSIENT_STATUSES = frozenset({408, 500, 502, 503, 504})


class LicenseSpringError(Exception):
    """Base of everything this package raises.

    Attributes:
        kind: The class in snake case, or the code that it is for: one of few words, fit to label metrics.
        exit_code: The exit code of a command that this error ends.
        retried_as: How the client repeats a request that failed so; None for not at all.
        may_have_acted: Whether the service may have acted on the request, or on an earlier attempt of the same call.
        may_pass: Whether the same call may succeed later, without anyone changing anything.
        is_undecided: Whether it says that the service could not be asked, so that an earlier answer may still stand.
        is_about_everything: Whether it is about the credentials or the configuration, so that other calls fail too.
        endpoint: Name of the endpoint that was called, or None outside a call.
        attempts: HTTP requests that were tried for this call.
        elapsed: Seconds from the start of the call to this error, or None outside a call.
        earlier: The errors of the attempts before the one that is reported, oldest first.
        waited: Seconds of `elapsed` that the call waited for rate windows, a free slot or a token.
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
        """The code for reports: the service's own where it sent one, else `kind`."""
        return self.kind


class ConfigurationError(LicenseSpringError, ValueError):
    """The client cannot work as it was configured; nothing was sent."""

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
    """The server's certificate does not hold; nothing was sent.

    Behind a company's TLS proxy, or on a server of your own, pass its authority in an `ssl.SSLContext` to the engine.
    """

    retried_as = None
    may_pass = False


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke, or spoke no valid HTTP, after the request may have been acted on."""


class DeadlineExceeded(TransportError, TimeoutError):
    """The call did not finish within its `timeout`, queueing and retries included; raise `timeout` or try later.

    A call that waits for the rate windows does so on top of its `timeout`, for twice as long at most.
    """

    retried_as = None


class CircuitOpen(TransportError):
    """Nothing was sent, because the service has been failing; decide without an answer, or wait `retry_after` seconds.

    Attributes:
        retry_after: Seconds until the circuit may let an attempt through.
        reason: What opened it.
    """

    retried_as = None
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
    """The service answers 429; wait `retry_after` seconds, and pace calls with `rate_limits`.

    Attributes:
        status: The HTTP status, 429.
        code: The error code of the body, "" if it had none.
        message: The error message, or the start of a body that was no error envelope.
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
        """The code for reports: the service's own where it sent one, else `kind`."""
        return self.code or self.kind

    def __str__(self) -> str:
        wait = "" if self.retry_after is None else f" (retry after {self.retry_after:g} s)"
        return f"HTTP {self.status}: {self.message or 'too many requests'}{wait}"


class SignatureError(LicenseSpringError):
    """The answer is not signed by a trusted key and was thrown away.

    Behind a proxy that rewrites bodies this is expected; elsewhere treat it as an attack or as a wrong `public_key`.
    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature-v2
    """

    exit_code = 4
    may_have_acted = True
    is_about_everything = True


class AnswerMismatch(SignatureError):
    """The answer is signed, but it answers another request or is too old; it was thrown away.

    Treat it as a recorded answer that somebody plays back. `bind_answers=False` and `max_answer_age=None` of
    `LicenseSpring` turn the checks off, for a server that answers otherwise than the documented service.
    """

    is_about_everything = False


class ResponseError(LicenseSpringError):
    """An answer that cannot be decoded, or that does not have the documented shape.

    Attributes:
        status: The HTTP status of the answer, or None if it did not come from HTTP.
        problems: One text per problem, each ending in the JSON path where it is.
    """

    may_have_acted = True

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), status: int | None = None) -> None:
        super().__init__(message)
        self.problems = problems
        self.status = status
        self.may_pass = self.is_undecided = status is not None and status >= 500


BY_CODE: dict[str, type[ApiError]] = {}
"""The class of each documented code in lower case; a class enters itself."""


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
        """The code for reports: the service's own where it sent one, else `kind`."""
        return self.code or self.kind

    def __str__(self) -> str:
        return f"{self.code or 'no error code'} (HTTP {self.status}): {self.message or 'no message'}"


class LicenseRefused(ApiError):
    """The service was reached and the answer is no; asking again changes nothing until the license does."""

    exit_code = 5

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.is_undecided = False  # a no is an answer, whatever its status


class AuthorizationError(ApiError):
    """The service did not accept the credentials; no license was looked at."""

    exit_code = 4
    is_about_everything = True
