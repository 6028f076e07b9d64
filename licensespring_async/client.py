"""`LicenseSpring`: configuration, lifecycle, and the endpoints as methods."""

from __future__ import annotations

import contextlib
import os
import random as random_module
import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar, Unpack

from . import leases
from .answers import Reader
from .auth import ApiKey, ClientCredentials
from .caller import Caller
from .checks import FeatureCheck, LicenseCheck
from .configuration import (
    PRODUCTION_URL,
    Options,
    checked_age,
    checked_flag,
    checked_origin,
    checked_timeout,
    default_limits,
    pipeline_for,
    verifier_for,
)
from .credentials import account_for, address_from, auth_from
from .methods import Endpoints, RawLicenseSpring
from .models import InstallationFile, License, LicenseFeature
from .models.expiry import TimeFloor
from .signatures import PublicKeys
from .transport import CircuitPolicy, Clock, Engine, Hook, RateLimits, RetryPolicy, Tpm
from .transport.loops import InLoop
from .transport.observing import Telemetry
from .transport.policies.freshness import Freshness

if TYPE_CHECKING:
    from .leases.opening import Seated
    from .leases.renewal import Renewals
    from .transport.values import Call

T = TypeVar("T")
Held = TypeVar("Held", "LicenseFeature", "License")


class LicenseSpring(Caller, Endpoints):
    """An async client of the License API, on asyncio and trio; use it in `async with`, one for a whole program.

    It works in one event loop at a time. While that loop runs, a call in another one raises `ConfigurationError` and
    sends nothing. Afterwards the next loop may use the client, and everything that unfinished calls held is free again.
    Threads share a `BlockingLicenseSpring`.

    Args:
        auth: `ApiKey` or `ClientCredentials`.
        api_key: With `shared_key`, instead of `auth=ApiKey(...)`.
        shared_key: Goes with `api_key`.
        client_id: With `client_secret`, instead of `auth=ClientCredentials(...)`.
        client_secret: Goes with `client_id`. If no credentials are given, they come from the environment, and so does
            `base_url` if it is None: see `from_env`.
        base_url: Origin of the service; the endpoints append /api/v4. https, or http to a loopback address. None means
            the vendor's own.
        public_key: PEM of the key that signs the service's answers, several while keys rotate. None means the vendor's
            production key, and is allowed only with the vendor's own `base_url`.
        verify_signatures: Whether an answer that is not signed by that key is refused. False warns.
        bind_answers: Whether an answer about another feature, license or device than requested is refused.
        max_answer_age: Seconds that an answer's `Age` may be, and its `Date` may differ from the clock; None for any.
        timeout: Seconds for a whole call: queueing, token, attempts and the delays between them. Waiting for the rate
            windows comes on top, and may take twice as long.
        retry: How failed attempts are retried.
        rate_limits: Windows that all calls of this client share; None for no limit. By default, those that apply on
            every plan (`RateLimits.every_plan()`) at the vendor's own `base_url`, and none elsewhere.
        circuit: When the circuit breaker opens; calls then fail at once with `CircuitOpen`. None for no breaker.
        max_concurrency: Requests in flight at once; further calls wait in order.
        engine: Speaks HTTP; None for the httpx engine. The client closes it.
        allow_http: Whether `base_url` may be http to any host, for a server in a trusted network. True warns.
        hooks: Called with each `RequestEvent`, `RetryEvent`, `LicenseEvent` and `DoubtEvent`; one that fails is logged,
            never raised.
        telemetry: Traces and measures calls, for example `services.telemetry.OpenTelemetry()`; None for none.
        clock: Source of time; for tests.
        random: Returns numbers from [0, 1) for jitter; for tests.
        tpm: Signs every request with a key of the device, which `activate_license(tpm=...)` enrolls; None for none.

    Raises:
        ConfigurationError: An argument cannot be used; it says which and why.

    Example:
        >>> async with LicenseSpring(api_key="...", shared_key="...") as client:
        ...     feature = await client.check_license_feature(
        ...         product="TP", feature="render", hardware_id="device-1", license_key="...")
    """

    def __init__(
        self,
        *,
        auth: ApiKey | ClientCredentials | None = None,
        api_key: str | None = None,
        shared_key: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        base_url: str | None = None,
        public_key: PublicKeys | None = None,
        verify_signatures: bool = True,
        bind_answers: bool = True,
        max_answer_age: float | None = 300.0,
        timeout: float = 10.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        rate_limits: RateLimits | EllipsisType | None = ...,
        circuit: CircuitPolicy | None = None,
        max_concurrency: int = 100,
        engine: Engine | None = None,
        allow_http: bool = False,
        hooks: Iterable[Hook] = (),
        telemetry: Telemetry | None = None,
        clock: Clock = Clock(),  # noqa: B008  # frozen
        random: Callable[[], float] = random_module.random,
        tpm: Tpm | None = None,
    ) -> None:
        auth, base_url = account_for(
            auth, base_url, api_key=api_key, shared_key=shared_key, client_id=client_id, client_secret=client_secret
        )
        origin = checked_origin(PRODUCTION_URL if base_url is None else base_url, allow_http)
        self._auth = auth
        self._renewals: list[InLoop[Renewals]] = []  # at most one, shared with the copies
        pipeline = pipeline_for(
            auth,
            origin,
            timeout=timeout,
            retry=retry,
            rate_limits=default_limits(origin) if isinstance(rate_limits, EllipsisType) else rate_limits,
            circuit=circuit,
            max_concurrency=max_concurrency,
            engine=engine,
            hooks=hooks,
            telemetry=telemetry,
            clock=clock,
            random=random,
            tpm=tpm,
        )
        reader = Reader(
            verifier=verifier_for(origin, public_key, verify_signatures),
            is_binding=checked_flag("bind_answers", bind_answers),
            freshness=Freshness(checked_age(max_answer_age)),
            skew=pipeline.skew,
            floor=TimeFloor(clock.monotonic),
        )
        super().__init__(pipeline, reader)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]) -> Self:
        """Return a client with credentials from the environment.

        Reads `LICENSESPRING_API_KEY` and `LICENSESPRING_SHARED_KEY`, or `LICENSESPRING_CLIENT_ID` and
        `LICENSESPRING_CLIENT_SECRET`; and `LICENSESPRING_BASE_URL`. The trusted key never comes from the environment:
        pass `public_key` for a server that is not the vendor's.

        Args:
            environ: The variables; None for `os.environ`.
            options: The other arguments of `LicenseSpring`.

        Raises:
            ConfigurationError: A variable is missing, or both kinds of credentials are set.
        """
        environ = os.environ if environ is None else environ
        return cls(auth=auth_from(environ), base_url=address_from(environ), **options)

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
    ) -> contextlib.AbstractAsyncContextManager[leases.Lease[LicenseFeature]]:
        """Hold a feature for the length of an `async with`: its slot is taken, renewed and released once.

        A renewal that fails without a refusal is retried until the slot's time-out has passed. A refusal ends the lease
        at once, and so does the feature's own end. A feature that does not float is checked once; nothing is renewed or
        released.

        Args:
            product: As in `check_license_feature`, like the next six.
            feature: Feature code.
            hardware_id: Unique id of the device.
            license_key: Exactly one of `license_key` and `username`.
            username: The license's user.
            license_id: Picks one license if the user has several.
            bundle_code: Short code of the bundle.
            floating_timeout: Seconds after which an unrenewed slot lapses; None for the answer's, or 300 without one.
            grace: Seconds that the body may continue after that time-out while no renewal is answered.
            cancel_body: Whether losing the slot cancels the body; False only sets `lease.lost`.

        Raises:
            LeaseLost: From the `async with`, when the body was cancelled because the slot is gone or the feature ended.
            FeatureExpired: When the slot is taken: the feature has ended, by its own `expiry_date`.
            LicenseSpringError: When the slot is taken: as `check_license_feature`.

        Cost: a check every 0.5 to 0.6 time-outs; all leases of a client share one task.
        """
        check = FeatureCheck(
            product=product,
            feature=feature,
            hardware_id=hardware_id,
            license_key=license_key,
            username=username,
            license_id=license_id,
            bundle_code=bundle_code,
        )
        return self._lease(check, check.call(), floating_timeout, grace=grace, cancel_body=cancel_body)

    def license_lease(
        self,
        *,
        product: str,
        hardware_id: str,
        license_key: str | None = None,
        username: str | None = None,
        license_id: int | None = None,
        bundle_code: str | None = None,
        floating_timeout: float | None = None,
        grace: float = 0.0,
        cancel_body: bool = True,
    ) -> contextlib.AbstractAsyncContextManager[leases.Lease[License]]:
        """Hold a license for the length of an `async with`: its slot is taken, renewed and released once.

        It behaves like `feature_lease`. A license that does not float is checked once; nothing is renewed or released.

        Args:
            product: As in `check_license`, like the next five.
            hardware_id: Unique id of the device.
            license_key: Exactly one of `license_key` and `username`.
            username: The license's user.
            license_id: Picks one license if the user has several.
            bundle_code: Short code of the bundle.
            floating_timeout: Seconds after which an unrenewed slot lapses; None for the answer's, or 300 without one.
            grace: Seconds that the body may continue after that time-out while no renewal is answered.
            cancel_body: Whether losing the slot cancels the body; False only sets `lease.lost`.

        Raises:
            LeaseLost: From the `async with`, when the body was cancelled because the slot is gone or the license ended.
            LicenseExpired, LicenseNotActive, LicenseNotEnabled: When the slot is taken: the answer says so.
            LicenseSpringError: When the slot is taken: as `check_license`.

        Cost: a check every 0.5 to 0.6 time-outs; all leases of a client share one task.
        """
        check = LicenseCheck(
            product=product,
            hardware_id=hardware_id,
            license_key=license_key,
            username=username,
            license_id=license_id,
            bundle_code=bundle_code,
        )
        return self._lease(check, check.call(), floating_timeout, grace=grace, cancel_body=cancel_body)

    def _lease(
        self,
        check: FeatureCheck | LicenseCheck,
        take: Call[Held],
        timeout: float | None,
        *,
        grace: float,
        cancel_body: bool,
    ) -> contextlib.AbstractAsyncContextManager[leases.Lease[Held]]:
        from .leases.opening import open_lease  # noqa: PLC0415  # kept out of the package's import

        return open_lease(
            self, self._pipeline, self._renewals, check, take, timeout=timeout, grace=grace, cancel_body=cancel_body
        )

    def _seat(self, check: LicenseCheck) -> contextlib.AbstractAsyncContextManager[Seated]:
        from .leases.opening import share_seat  # noqa: PLC0415  # kept out of the package's import

        return share_seat(self, self._pipeline, self._renewals, check)

    async def download(
        self,
        file: InstallationFile,
        path: str | os.PathLike[str],
        *,
        timeout: float = 3600.0,
        max_size: int = 2**34,
        progress: Callable[[int, int | None], object] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> Path:
        """Fetch an installation file, check its MD5, and give it its name.

        Until then, the bytes are in a partial file beside it: after a failure, the same call resumes. Neither
        credentials nor cookies are sent. Redirects are followed from https to https only.

        Args:
            file: The answer of `installation_file`, or the file in another answer, such as `license.newest_file`.
            path: The name of the complete file; an existing file is replaced.
            timeout: Seconds for the whole download.
            max_size: Bytes above which the file is refused.
            progress: Called with the bytes received and the bytes of the whole file, or None if unknown.
            ssl_context: TLS settings and trusted authorities for the file's server; None trusts certifi's.

        Returns:
            The path.

        Raises:
            ResponseError: The service gives no MD5, the file has another one, or its server does not return the file.
            ConnectionFailed, ConnectionLost, DeadlineExceeded: The file is incomplete; the bytes received are kept.
            ConfigurationError: An argument cannot be used, the file has no address, or another download is writing it.
            OSError: The file cannot be written.

        Cost: one HTTP request to the file's server, outside the rate windows, and one more per redirect.
        """
        from .transport.downloads import download  # noqa: PLC0415  # kept out of the package's import

        within = checked_timeout(timeout)
        return await download(file, path, timeout=within, max_size=max_size, progress=progress, ssl_context=ssl_context)

    @property
    def with_raw_response(self) -> RawLicenseSpring:
        """The same endpoints, returning a `RawResponse`: the value with its HTTP response."""
        return RawLicenseSpring(self)

    def __reduce__(self) -> NoReturn:
        # Copying asks for this too.
        raise TypeError(
            "LicenseSpring holds secrets and connections, and cannot be copied or pickled; `with_options` makes a copy "
            "that shares the connections, and each process needs a client of its own"
        )

    def __repr__(self) -> str:
        return f"LicenseSpring({self._pipeline.base_url}, {self._auth!r})"
