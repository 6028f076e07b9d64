"""The families of errors."""

from __future__ import annotations

from typing import ClassVar


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
