"""Perform the calls of all clients: a pipeline sends requests, and a reader verifies answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

import anyio
import attrs

from .answers import Reader
from .autocomplete import Public
from .configuration import check_kinds, checked_hooks, checked_timeout
from .errors import DeviceNotFound, LicenseNotActive, LicenseSpringError
from .methods import Awaiting
from .transport import Circuit, Hook, HttpResponse, Patience, RateLimits, RawResponse, RetryPolicy
from .transport.events import DoubtEvent, LicenseEvent, emit
from .transport.history import History
from .transport.pipeline import Pipeline
from .transport.policies.retry import RetryBudget
from .transport.policies.windows import RateLimiter
from .transport.values import Call, Repeat

T = TypeVar("T")
R = TypeVar("R")

_Read: TypeAlias = Callable[[HttpResponse, Call[T], History], R]
"""Makes of an answer what a call returns: its value, or that with its HTTP response."""


class Observable(Public):
    """The properties of a client that can be read at any moment and from any thread."""

    _pipeline: Pipeline
    _reader: Reader

    @property
    def clock_skew(self) -> float:
        """Seconds that the service's clock is ahead of this machine's, as of the last answer; 0 before the first.

        It corrects the dates of requests. Nothing is judged by it: any answer may change it, even an unsigned error.
        """
        return self._pipeline.skew.offset

    @property
    def newest_date(self) -> datetime | None:
        """The newest `Date` of a verified answer, advanced by a monotonic clock; None before the first.

        The models of this client's answers are judged by it when the local clock is behind it.
        """
        return self._reader.floor.moment()

    def now(self) -> datetime:
        """Return the moment to judge answers at: the later of the local clock and `newest_date`, aware.

        If signatures are not checked, it is the local clock.
        """
        return self._reader.floor.later(datetime.fromtimestamp(self._pipeline.clock.time(), UTC))

    @property
    def public_keys(self) -> tuple[str | bytes, ...] | None:
        """PEMs of the trusted keys; None if signatures are not checked."""
        verifier = self._reader.verifier
        return None if verifier is None else verifier.public_keys

    @property
    def service(self) -> str:
        """Names the service: the origin, a hash of the API key or client id, and whether answers are verified.

        Answers are stored under this name, so that those of a test system never count elsewhere.
        """
        how = "unverified" if self._reader.verifier is None else "verified"
        return f"{self._pipeline.base_url} {self._pipeline.account} {how}"

    @property
    def retry_budget(self) -> RetryBudget:
        """The retry budget of this client; `tokens` near 0 means that the service fails for many calls."""
        return self._pipeline.vitals.budget

    @property
    def circuit(self) -> Circuit | None:
        """The circuit breaker of this client; None without a `circuit`."""
        return self._pipeline.vitals.circuit

    def report(self, event: LicenseEvent | DoubtEvent) -> None:
        """Report an event of a license session to hooks and telemetry."""
        emit(self._pipeline.hooks, event)
        if self._pipeline.observer is not None:
            self._pipeline.observer.event(event)


class Caller(Observable, Awaiting):
    """Perform calls, and close the connections.

    Args:
        pipeline: Sends requests.
        reader: Verifies and structures their answers.
    """

    def __init__(self, pipeline: Pipeline, reader: Reader) -> None:
        self._pipeline = pipeline
        self._reader = reader

    async def perform(self, call: Call[T]) -> RawResponse[T]:
        """Send the call of an endpoint function and return its verified, structured answer.

        Args:
            call: From a function of `licensespring_async.endpoints`.

        Raises:
            LicenseSpringError: The call failed; the error has the endpoint, the attempts and the seconds.
        """
        return await self._read(call, self._reader.read_raw)

    def _value(self, call: Call[T]) -> Awaitable[T]:
        return self._read(call, self._reader.read)

    async def _read(self, call: Call[T], read: _Read[T, R]) -> R:
        """Send a call and return what `read` makes of its answer."""
        history = self._pipeline.start(call.request.endpoint)
        try:
            return await self._perform(call, history, read)
        except LicenseSpringError as error:
            if call.request.repeat is Repeat.ALWAYS or not error.may_have_acted:
                raise
            if call.doubt is None:
                error.add_note(f"it is not known whether {call.request.endpoint} has acted; it is never sent twice")
                raise
            return await self._find_out(call, call.doubt(), error, history, read)

    def _perform(self, call: Call[T], history: History, read: _Read[T, R]) -> Awaitable[R]:
        return self._pipeline.watched(call.request, history, self._answer(call, history, read))

    async def _answer(self, call: Call[T], history: History, read: _Read[T, R]) -> R:
        try:
            response = await self._pipeline.send(call.request, history)
            return read(response, call, history)
        except LicenseSpringError as error:
            history.stamp(error)
            raise

    async def _find_out(
        self, call: Call[T], doubt: Call[T], lost: LicenseSpringError, history: History, read: _Read[T, R]
    ) -> R:
        """Find out whether a call has acted although its answer was lost; send it again if it has not."""
        try:
            return await self._perform(doubt, history.follow_up(doubt.request.endpoint), read)
        except (DeviceNotFound, LicenseNotActive):
            # It never arrived, so this is the first time.
            return await self._perform(call, history.follow_up(call.request.endpoint), read)
        except LicenseSpringError as error:
            lost.add_note(
                f"it is not known whether {call.request.endpoint} has acted: {doubt.request.endpoint} could not find "
                f"out ({type(error).__name__})"
            )
            raise lost from error

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retry: RetryPolicy | None = None,
        rate_limits: RateLimits | None = None,
        patience: Patience | None = None,
        hooks: Iterable[Hook] = (),
    ) -> Self:
        """Return a cheap copy with other options. It shares connections, tokens, retry budget and everything not named.

        Args:
            timeout: Seconds for a whole call.
            retry: How failed attempts are retried.
            rate_limits: The copy's own windows.
            patience: Lets calls wait for the rate windows, the pause after HTTP 429 or an open circuit, on top of
                `timeout`, until `patience.end()`.
            hooks: Called after the client's own.

        Closing the copy or the original closes both.
        """
        check_kinds(retry=retry, rate_limits=rate_limits)
        pipeline = self._pipeline
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        other._pipeline = attrs.evolve(
            pipeline,
            timeout=pipeline.timeout if timeout is None else checked_timeout(timeout),
            policy=pipeline.policy if retry is None else retry,
            limiter=pipeline.limiter
            if rate_limits is None
            else RateLimiter(rate_limits, pipeline.clock, pipeline.limiter.pause),
            patience=pipeline.patience if patience is None else patience,
            hooks=(*pipeline.hooks, *checked_hooks(hooks)),
        )
        return other

    def change_rate_limits(self, rate_limits: RateLimits | None) -> None:
        """Replace the rate windows of this client and of the copies that share them.

        Requests sent before still count in a window of the same length. A waiting call uses the new windows when
        its wait under the old ones is over.

        Args:
            rate_limits: The windows, or None for no limit.

        Raises:
            ConfigurationError: `rate_limits` is something else.
        """
        check_kinds(rate_limits=rate_limits)
        self._pipeline.limiter.change(rate_limits)

    async def aclose(self) -> None:
        """Close the connections. No call can begin afterwards. Calls in progress may fail with a network error."""
        await self._pipeline.engine.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.aclose()
