"""The values that pass between layers: calls, requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Generic, Literal, Protocol, TypeVar

import attrs

from ..by_fields import ByFields
from ..models.shapes import Answer
from ..redaction import Unpickled
from ..signatures import Verifier

T_co = TypeVar("T_co", covariant=True)

Method = Literal["GET", "POST"]


class Repeat(Enum):
    """When a request may be sent again after a failure."""

    ALWAYS = "always"
    """Sending it twice has the same effect as once."""
    UNLESS_ACTED = "not after a failure that may have acted"


class Tpm(Protocol):
    """An object of yours: a key that never leaves the device, for example in its TPM or Secure Enclave.

    Source: https://docs.licensespring.com/license-entitlements/license-activation-types/tpm-licensing
    """

    @property
    def public_key(self) -> str:
        """The public half of the key (P-256), as text."""
        ...

    def sign(self, message: str) -> str:
        """Return the ES256 signature of a message, as text. Called in a worker thread, so it may block."""
        ...


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Request(Unpickled, ByFields):
    """One endpoint's request, before it is signed: the same for every attempt.

    Attributes:
        endpoint: Name for errors and logs.
        method: HTTP method.
        path: Template of the path below the origin; the same for every request of the endpoint.
        target: The path of this request, with its percent-encoded query.
        body: Bytes to send, or None.
        content_type: Media type of `body`.
        repeat: When it may be sent again after a failure.
        authorized: Whether it is sent with credentials.
        tpm: Also signs each attempt, or None.
        find_secrets: Returns `secrets`; called when text of an answer is to be shown.
    """

    endpoint: str
    method: Method
    path: str
    target: str = attrs.field(repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    content_type: str | None = None
    repeat: Repeat = Repeat.ALWAYS
    authorized: bool = True
    tpm: Tpm | None = attrs.field(default=None, repr=False)
    find_secrets: Callable[[], tuple[str, ...]] = attrs.field(default=tuple, repr=False, eq=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in errors and logs."""
        return self.find_secrets()


@attrs.frozen(slots=False, eq=False, repr=False)
class Call(Unpickled, ByFields, Generic[T_co]):
    """A request, with how to read and check its answer.

    Attributes:
        answer: The shape of a successful answer.
        bind: Raises AnswerMismatch for a value that does not answer this request. The verifier checks signatures
            inside the value; None leaves them unchecked.
        doubt: If the answer was lost, makes the call that finds out whether this one has acted. Its answer replaces the
            lost one. None if there is no such call.
    """

    request: Request
    answer: Answer[T_co]
    bind: Callable[[T_co, Verifier | None], None] | None = None
    doubt: Callable[[], Call[T_co]] | None = None


@attrs.frozen(slots=False, eq=False, repr=False)
class HttpRequest(Unpickled, ByFields):
    """A finished HTTP request, as an engine sends it.

    Attributes:
        url: Absolute URL, percent-encoded.
        headers: Header names and values, ready to send.
    """

    method: Method
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(slots=False, eq=False, repr=False)
class HttpResponse(ByFields):
    """A whole HTTP answer, as an engine returns it.

    Attributes:
        status: HTTP status.
        headers: Lower-case names. Repeated headers are joined by ", " (RFC 9110, 5.3), so that two signatures or dates
            never pass for one.
        body: The body after content decoding.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class RawResponse(ByFields, Generic[T_co]):
    """An answer, with its HTTP response and what the call took.

    Attributes:
        value: The model.
        status: HTTP status.
        headers: The answer's headers, names in lower case.
        body: The raw bytes that `value` was read from.
        attempts: HTTP requests that were sent.
        elapsed: Seconds of the whole call, waiting included.
        verified: Whether the answer's signature was checked.
        waited: Seconds of `elapsed` spent waiting: for rate windows, `max_concurrency`, a token or a TPM.
    """

    value: T_co
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    attempts: int
    elapsed: float
    verified: bool
    waited: float = 0.0
