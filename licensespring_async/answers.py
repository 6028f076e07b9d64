"""From the bytes of an answer to a trusted value."""

from __future__ import annotations

from typing import TypeVar

import attrs

from .errors import AnswerMismatch, ResponseError
from .models.expiry import TimeFloor
from .models.memory import Memory
from .models.shapes import converter
from .signatures import SIGNATURE_HEADER, Verifier
from .transport import HttpResponse, RawResponse
from .transport.history import History
from .transport.policies.freshness import Freshness
from .transport.policies.skew import ClockSkew, served
from .transport.values import Call

T = TypeVar("T")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reader:
    """Verify, structure and bind answers, and record the service's time that they prove.

    Attributes:
        verifier: Checks signatures; None accepts any answer.
        is_binding: Whether an answer to another request is refused.
        freshness: Refuses answers that are too old.
        skew: Learns the service's clock from believed answers.
        floor: The newest time that a verified answer has proved; every verified model is judged by it.
    """

    verifier: Verifier | None
    is_binding: bool
    freshness: Freshness
    skew: ClockSkew
    floor: TimeFloor
    _memory: Memory = attrs.field(factory=Memory, init=False)

    def __attrs_post_init__(self) -> None:
        converter()  # an import at the first answer would block its event loop

    def read_raw(self, response: HttpResponse, call: Call[T], history: History) -> RawResponse[T]:
        """As `read`, with the HTTP response of the value."""
        return RawResponse(
            value=self.read(response, call, history),
            status=response.status,
            headers=response.headers,
            body=response.body,
            attempts=history.attempts,
            elapsed=history.deadline.elapsed,
            verified=self.verifier is not None and call.answer.is_signed,
            waited=history.deadline.waited,
        )

    def read(self, response: HttpResponse, call: Call[T], history: History) -> T:
        """Return the value of a successful answer.

        Raises:
            SignatureError: It is not signed by a trusted key, answers another call, or is too old (`AnswerMismatch`).
            ResponseError: It cannot be decoded, or has the wrong shape.
        """
        is_verified = self.verifier is not None and call.answer.is_signed
        self._check_age(response, call, history)
        # The signature covers the raw bytes; nothing is parsed before it holds.
        if self.verifier is not None and is_verified:
            self.verifier.verify(response.body, response.headers.get(SIGNATURE_HEADER))
        try:
            value = self._memory.read(call.answer, response.body, is_verified=is_verified)
        except ResponseError as error:
            error.status = response.status
            raise
        if self.is_binding and call.bind is not None:
            call.bind(value, self.verifier)
        if call.answer.is_signed:
            # Without signature checks, believed answers set the clock for freshness; nothing else is judged by it.
            self.skew.believe(history.reading)
        if is_verified:
            self._keep_time(response, value, call)
        return value

    def _check_age(self, response: HttpResponse, call: Call[T], history: History) -> None:
        # Anyone could date an unsigned answer, so only the Age of a one-word answer is checked.
        distance = None
        if call.answer.is_signed:
            distance = self.skew.distance(response.headers, history.received, history.monotonic)
        try:
            self.freshness.check(response, distance, is_clock_known=self.skew.is_known)
        except AnswerMismatch:
            self.skew.forget(history.reading)
            raise

    def _keep_time(self, response: HttpResponse, value: T, call: Call[T]) -> None:
        seconds = served(response.headers)
        if seconds is not None:
            self.floor.rise(seconds)
        call.answer.judge_by(value, self.floor)
