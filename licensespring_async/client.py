"""`LicenseSpring`: configuration, lifecycle, and the endpoints as methods."""

from __future__ import annotations

import os
import random as random_module
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar, Unpack

import anyio
import attrs

from . import endpoints
from .answers import Reader
from .auth import ApiKey, ClientCredentials
from .configuration import (
    PRODUCTION_URL,
    Options,
    auth_from,
    check_kinds,
    checked_flag,
    checked_hooks,
    checked_origin,
    checked_timeout,
    pipeline_for,
    verifier_for,
)
from .errors import LicenseSpringError
from .methods import RawLicenseSpring, method
from .models.expiry import TimeFloor
from .transport import Circuit, CircuitPolicy, Clock, Engine, Hook, Patience, RateLimits, RawResponse, RetryPolicy
from .transport.observing import Telemetry
from .transport.policies.retry import RetryBudget
from .transport.policies.windows import RateLimiter
from .transport.values import Call

if TYPE_CHECKING:
    from .leases.lease import Lease
    from .leases.renewal import Renewals

T = TypeVar("T")


class LicenseSpring:
    """An async client of the License API, on asyncio and trio; use it in `async with`, one for a whole program.

    Args:
        auth: `ApiKey` or `ClientCredentials`.
        base_url: Origin of the service; the endpoints append /api/v4. https, or http to a loopback address.
        public_key: PEM of the key that signs the service's answers, several while keys rotate. None means the vendor's
            production key, and is allowed only with the vendor's own `base_url`.
        verify_signatures: Whether an answer that is not signed by that key is refused. False warns.
        bind_answers: Whether an answer about another feature, license or device than was asked for is refused.
        max_answer_age: Seconds that an answer's `Age`, and its `Date` from the clock, may be off; None for any.
        timeout: Seconds for a whole call: queueing, token, attempts and waits between them.
        retry: How failed attempts are repeated.
        rate_limits: Windows that all calls of this client share; None for no limit.
        circuit: When calls fail at once, with `CircuitOpen`, because the service has been failing; None for never.
        max_concurrency: Requests in flight at once; more calls wait their turn, in order.
        engine: What speaks HTTP; None for the httpx engine. The client closes it.
        allow_http: Whether `base_url` may be http to any host, for a server in a network that is trusted. True warns.
        hooks: Called with a `RequestEvent` or `RetryEvent`; one that fails is logged, never raised.
        telemetry: Traces and measures calls, for example `services.telemetry.OpenTelemetry()`; None for nothing.
        clock: Where time comes from; for tests.
        random: Gives numbers from [0, 1) for jitter; for tests.

    Raises:
        ConfigurationError: An argument cannot be used; it says which and why.

    Example:
        >>> async with LicenseSpring(auth=ApiKey(api_key="...", shared_key="...")) as client:
        ...     feature = await client.check_license_feature(
        ...         product="TP", feature="render", hardware_id="device-1", license_key="...")
    """

    def __init__(
        self,
        *,
        auth: ApiKey | ClientCredentials,
        base_url: str = PRODUCTION_URL,
        public_key: str | bytes | Iterable[str | bytes] | None = None,
        verify_signatures: bool = True,
        bind_answers: bool = True,
        max_answer_age: float | None = 300.0,
        timeout: float = 10.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        rate_limits: RateLimits | None = None,
        circuit: CircuitPolicy | None = None,
        max_concurrency: int = 100,
        engine: Engine | None = None,
        allow_http: bool = False,
        hooks: Iterable[Hook] = (),
        telemetry: Telemetry | None = None,
        clock: Clock = Clock(),  # noqa: B008  # frozen
        random: Callable[[], float] = random_module.random,
    ) -> None:
        origin = checked_origin(base_url, allow_http)
        self._auth = auth
        self._renewals: list[Renewals] = []  # at most one, shared with the copies
        self._pipeline = pipeline_for(
            auth,
            origin,
            timeout=timeout,
            retry=retry,
            rate_limits=rate_limits,
            circuit=circuit,
            max_concurrency=max_concurrency,
            max_answer_age=max_answer_age,
            engine=engine,
            hooks=hooks,
            telemetry=telemetry,
            clock=clock,
            random=random,
        )
        self._reader = Reader(
            verifier=verifier_for(origin, public_key, verify_signatures),
            is_binding=checked_flag("bind_answers", bind_answers),
            served=self._pipeline.skew.served,
            floor=TimeFloor(clock.monotonic),
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]) -> Self:
        """Return a client with credentials from the environment.

        Reads `LICENSESPRING_API_KEY` and `LICENSESPRING_SHARED_KEY`, or `LICENSESPRING_CLIENT_ID` and
        `LICENSESPRING_CLIENT_SECRET`; and `LICENSESPRING_BASE_URL`. The key that answers are trusted by is never taken
        from the environment: pass `public_key` for a server that is not the vendor's.

        Args:
            environ: Where to read; `os.environ` when None.
            options: The other arguments of `LicenseSpring`.

        Raises:
            ConfigurationError: A variable is missing, or both kinds of credentials are set.
        """
        environ = os.environ if environ is None else environ
        base_url = environ.get("LICENSESPRING_BASE_URL") or PRODUCTION_URL
        return cls(auth=auth_from(environ), base_url=base_url, **options)

    check_license_feature = method(endpoints.check_license_feature)
    check_bundle = method(endpoints.check_bundle)
    release_floating_feature = method(endpoints.release_floating_feature)

    def feature_lease(
        self,
        *,
        product: str,
        feature: str,
        hardware_id: str,
        license_key: str | None = None,
        username: str | None = None,
        license_id: int | None = None,
        bundle_code: str | None = None,
        floating_timeout: float | None = None,
        grace: float = 0.0,
        cancel_body: bool = True,
    ) -> AbstractAsyncContextManager[Lease]:
        """Hold a feature for the length of an `async with`: its slot is taken, renewed and released once.

        A renewal that fails without a refusal is tried again until the slot's time-out has passed; a refusal ends the
        lease at once. A feature that does not float is checked once; nothing is renewed or released.

        Args:
            product: As in `check_license_feature`, like the next six.
            feature: Feature code.
            hardware_id: Unique id of the device.
            license_key: Exactly one of `license_key` and `username`.
            username: The license's user.
            license_id: Picks one license when the user has several.
            bundle_code: Short code of the bundle.
            floating_timeout: Seconds after which an unrenewed slot lapses; None takes the answer's, 300 if it has none.
            grace: Seconds that the body may go on after that time-out while no renewal is answered.
            cancel_body: Whether losing the slot cancels the body; False only sets `lease.lost`.

        Raises:
            LeaseLost: From the `async with`, when the body was cancelled because the slot is gone.
            LicenseSpringError: As `check_license_feature`, when the slot is taken.

        Cost: a check every 0.5 to 0.6 time-outs; all leases of a client share one task.
        """
        from .leases.feature_lease import open_lease  # noqa: PLC0415  # kept out of the package's import

        return open_lease(
            self,
            self._pipeline,
            self._renewals,
            {
                "product": product,
                "feature": feature,
                "hardware_id": hardware_id,
                "license_key": license_key,
                "username": username,
                "license_id": license_id,
                "bundle_code": bundle_code,
            },
            timeout=floating_timeout,
            grace=grace,
            cancel_body=cancel_body,
        )

    @property
    def with_raw_response(self) -> RawLicenseSpring:
        """The same endpoints, answering with a `RawResponse`: the value and how it came about."""
        return RawLicenseSpring(self)

    @property
    def clock_skew(self) -> float:
        """Seconds that the service's clock is ahead of this machine's, as of the last answer; 0 before the first."""
        return self._pipeline.skew.offset

    @property
    def newest_date(self) -> datetime | None:
        """The newest `Date` of a verified answer, carried on by a clock that nobody sets; None before the first.

        The models of this client's answers are judged by it when the local clock is behind it.
        """
        return self._reader.floor.moment()

    @property
    def retry_budget(self) -> RetryBudget:
        """The tokens that retries of this client cost; `tokens` near 0 means that the service fails for many calls."""
        return self._pipeline.vitals.budget

    @property
    def circuit(self) -> Circuit | None:
        """The breaker that calls of this client pass; its `state` tells whether they do. None without a `circuit`."""
        return self._pipeline.vitals.circuit

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retry: RetryPolicy | None = None,
        rate_limits: RateLimits | None = None,
        patience: Patience | None = None,
        hooks: Iterable[Hook] = (),
    ) -> Self:
        """Return a cheap copy with other options, which shares connections, tokens, budget and everything not named.

        Args:
            timeout: Seconds for a whole call.
            retry: How failed attempts are repeated.
            rate_limits: Windows of the copy's own.
            patience: Has calls wait for the rate windows, the pause after HTTP 429 or an open circuit, on top of their
                own time, until `patience.end()`.
            hooks: Called too, after the client's own.

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
        """Keep to other rate windows from now on, here and in the copies that share them.

        What was sent before still counts in a window of the same length. A call that waits looks at the new windows
        when its wait under the old ones is over.

        Args:
            rate_limits: The windows, or None for no limit.

        Raises:
            ConfigurationError: It is something else.
        """
        check_kinds(rate_limits=rate_limits)
        self._pipeline.limiter.change(rate_limits)

    async def perform(self, call: Call[T]) -> RawResponse[T]:
        """Send the call of an endpoint function and return its verified, structured answer.

        Args:
            call: From a function of `licensespring_async.endpoints`.

        Raises:
            LicenseSpringError: Anything that went wrong, with the endpoint, attempts and seconds on it.
        """
        history = self._pipeline.start(call.request.endpoint)
        with self._pipeline.watched(call.request, history):
            try:
                response = await self._pipeline.send(call.request, history)
                return self._reader.read(response, call, history)
            except LicenseSpringError as error:
                history.stamp(error)
                raise

    async def aclose(self) -> None:
        """Close the connections; no call can begin afterwards, and those under way may fail as if the network had."""
        await self._pipeline.engine.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("LicenseSpring holds secrets and connections, and cannot be pickled; make one in each process")

    def __repr__(self) -> str:
        return f"LicenseSpring({self._pipeline.base_url}, {self._auth!r})"
