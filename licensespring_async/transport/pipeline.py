"""How a call runs: a deadline, attempts, and after each failure the decision whether to retry.

An attempt waits for its place in the rate windows, then for a permit of `max_concurrency`. Only then is it signed, so
that no signature ages in a queue. A call that waits for its next attempt holds neither permit nor place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import anyio
import attrs

from ..auth import imf_fixdate
from ..errors import (
    ApiError,
    CircuitOpen,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DateHeaderDiff,
    LicenseSpringError,
    RateLimited,
)
from ..errors.numbers import in_seconds
from .authorizer import Authorizer, Sign
from .clock import Clock
from .engine import Engine
from .events import Hook, RequestEvent, RetryEvent, emit, is_heard
from .failures import credentials, failure
from .heads import Heads
from .history import NO_HEADERS, History
from .loops import running
from .observing import Observer, Vitals, observed
from .policies.deadline import Deadline, Patience
from .policies.retry import RetryPolicy, classify
from .policies.skew import ClockSkew
from .policies.windows import RateLimiter
from .tpm import proof
from .values import HttpRequest, HttpResponse, Request, Tpm

T = TypeVar("T")


def _anonymous(_: str) -> Mapping[str, str]:
    return NO_HEADERS


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Pipeline:
    """Sends requests until one is answered, or another attempt makes no sense.

    Copies made with `attrs.evolve` share everything that they do not replace: engine, tokens, budget, permits, windows.
    """

    base_url: str
    account: str
    heads: Heads
    timeout: float
    policy: RetryPolicy
    engine: Engine
    authorizer: Authorizer
    limiter: RateLimiter
    vitals: Vitals
    skew: ClockSkew
    clock: Clock
    random: Callable[[], float]
    hooks: tuple[Hook, ...]
    observer: Observer | None = None
    patience: Patience | None = None
    tpm: Tpm | None = None

    def start(self, endpoint: str) -> History:
        """Return the history of a call that begins now."""
        return History(endpoint=endpoint, deadline=Deadline(self.clock, self.timeout, self.patience))

    def watched(self, request: Request, history: History, doing: Awaitable[T]) -> Awaitable[T]:
        """Return an awaitable wrapped in telemetry; without telemetry, it is returned as it is."""
        return doing if self.observer is None else observed(self.observer.call(request, history), doing)

    async def send(self, request: Request, history: History) -> HttpResponse:
        """Send a request and return its successful answer.

        Raises:
            LicenseSpringError: Why the last, or the most telling, attempt failed.
        """
        while True:
            history.tries += 1
            try:
                response = await self._attempt(request, history)
            except LicenseSpringError as error:
                if isinstance(error, CircuitOpen) and history.deadline.is_patient:
                    history.tries -= 1
                    await self._wait_for_circuit(error, history.deadline)
                    continue
                history.failures += (error,)
                if self._is_mended(error, history):
                    history.tries -= 1
                    continue
                delay = self._delay_before_retry(error, request, history)
                event = RetryEvent(endpoint=request.endpoint, attempt=history.attempts, delay=delay, error=error)
                emit(self.hooks, event)
            else:
                self.vitals.budget.refund(history.last_retry)
                return response
            await self.clock.sleep(delay)

    async def _attempt(self, request: Request, history: History) -> HttpResponse:
        loop, deadline = running(), history.deadline
        permits = self.vitals.permits.get(loop)
        self._check_circuit()
        sign = await self.authorizer.ready(deadline) if request.authorized else _anonymous
        line = self.limiter.enter_nowait(deadline, loop) or await self.limiter.enter(deadline)
        try:
            try:
                permits.acquire_nowait()
            except anyio.WouldBlock:
                with deadline.limit("waiting for one of max_concurrency permits"):
                    await permits.acquire()
            try:
                return await self._exchange(request, history, sign)
            finally:
                permits.release()
        finally:
            self.limiter.leave(line)

    def _check_circuit(self) -> None:
        if self.vitals.circuit is not None:
            self.vitals.circuit.check()

    async def _wait_for_circuit(self, error: CircuitOpen, deadline: Deadline) -> None:
        with deadline.wait():
            await self.clock.sleep(error.retry_after)

    def _exchange(self, request: Request, history: History, sign: Sign) -> Awaitable[HttpResponse]:
        left = history.deadline.left
        if left <= 0:
            raise history.deadline.exceeded("waiting for its turn")
        # The circuit may have opened while the call was queued.
        self._check_circuit()
        history.attempts += 1
        history.status = None
        asking = self._ask(request, history, sign, left)
        return asking if self.observer is None else observed(self.observer.attempt(request, history), asking)

    async def _ask(self, request: Request, history: History, sign: Sign, left: float) -> HttpResponse:
        history.signed_offset = self.skew.offset
        started, sent = self.clock.monotonic(), self.clock.time()
        date = imf_fixdate(sent + self.skew.offset)
        history.credentials = sign(date)
        tpm = request.tpm or self.tpm
        if tpm is not None and request.authorized:
            message = self.authorizer.tpm_message(date, history.credentials)
            history.credentials = {**history.credentials, **await proof(tpm, message, history.deadline)}
            left = history.deadline.left
        response: HttpResponse | None = None
        error: LicenseSpringError | None = None
        try:
            headers = self.heads.of(date, history.credentials, request.content_type)
            url = self.base_url + request.target
            response = await self.engine.send(HttpRequest(request.method, url, headers, request.body), left)
            history.status = response.status
            received, monotonic = self.clock.time(), self.clock.monotonic()
            history.received, history.monotonic = received, monotonic
            history.reading = self.skew.observe(response.headers, sent, received, monotonic)
            secrets: tuple[str, ...] = ()
            if response.status >= 300:
                secrets = request.secrets + credentials(history.credentials) + self.authorizer.secrets
            error = failure(response, secrets, received + self.skew.offset)
        except LicenseSpringError as e:
            error = e
        if is_heard(self.hooks):
            self._report(history, self.clock.monotonic() - started, error)
        if error is not None:
            if isinstance(error, RateLimited):
                self.limiter.hold(error)
            raise error
        assert response is not None  # noqa: S101
        return response

    def _report(self, history: History, seconds: float, error: LicenseSpringError | None) -> None:
        event = RequestEvent(
            endpoint=history.endpoint,
            attempt=history.attempts,
            status=history.status,
            seconds=seconds,
            error=error,
        )
        emit(self.hooks, event)

    def _is_mended(self, error: LicenseSpringError, history: History) -> bool:
        """Return whether the cause of a refusal is fixed, so that the same request may be sent again at once."""
        if not isinstance(error, ApiError):
            return False
        if isinstance(error, DateHeaderDiff) and self.skew.is_news(history.signed_offset):
            self.skew.correct(history.reading)
            remedy = "clock"
        elif self.authorizer.may_recover(error, history.credentials):
            remedy = "token"
        else:
            return False
        if remedy in history.remedies:
            return False
        history.remedies |= {remedy}
        return True

    def _delay_before_retry(self, error: LicenseSpringError, request: Request, history: History) -> float:
        """Return the seconds to wait before the next attempt, or raise the call's final error."""
        kind = classify(error, request.repeat)
        if kind is None:
            raise _most_telling(history.failures)
        delay = self.policy.delay(kind, history.tries - 1, self.random())
        delay = max(delay, getattr(error, "retry_after", None) or 0.0)
        if history.tries >= self.policy.max_attempts:
            why = f"after attempt {history.tries}, the last that the retry policy allows"
        elif delay >= history.deadline.left:
            why = f"because the next attempt, in {in_seconds(delay)}, would come after the call's deadline"
        elif not self.vitals.budget.take(kind):
            why = "because the client's retry budget is used up; the service is failing for many calls"
        else:
            history.last_retry = kind
            return delay
        final = _most_telling(history.failures)
        final.add_note(f"gave up {why}")
        raise final


def _most_telling(failures: tuple[LicenseSpringError, ...]) -> LicenseSpringError:
    *earlier, last = failures
    # The service's answer explains more than a connection that broke afterwards.
    if isinstance(last, ConnectionFailed | ConnectionLost):
        answers = [each for each in earlier if isinstance(each, ApiError | RateLimited)]
        return answers[-1] if answers else last
    # The client was closed between two attempts.
    if isinstance(last, ConfigurationError) and earlier:
        return earlier[-1]
    return last
