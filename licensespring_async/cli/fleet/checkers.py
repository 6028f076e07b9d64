"""Check the rows of a run in this process, or on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from ...errors import ConfigurationError, LicenseSpringError, RateLimited
from ...extras import needs_extra
from ...fleet import Checker, LocalChecker
from ...fleet.checking.shares import Limits
from ...transport import RateLimits
from ...transport.policies.windows import seconds_asked
from ..connection import Connection, embedded
from ..console import ERR, say, warn
from ..wording import counted, duration
from .pacing import Pace

if TYPE_CHECKING:
    from ...fleet.distributed import Settings


@attrs.frozen(kw_only=True)
class Service:
    """The service to ask, and how.

    Attributes:
        is_sandbox: Whether it is the command's own sandbox.
        release: Whether to release floating slots after the checks.
    """

    is_sandbox: bool
    connection: Connection
    pace: Pace
    release: bool

    @property
    def name(self) -> str:
        """Its name in the summary and the journal."""
        return "a sandbox of its own" if self.is_sandbox else self.connection.origin

    @property
    def limits(self) -> RateLimits | None:
        """Rate limits of this process."""
        return self.pace.limits(is_embedded=self.is_sandbox)

    @property
    def shared(self) -> Limits:
        """Rate limits shared by several machines."""
        return self.pace.shared(is_embedded=self.is_sandbox)

    def checker(self) -> AbstractAsyncContextManager[Checker]:
        """Return the checker of the rows.

        Raises:
            ConfigurationError: An option cannot be used, or an extra is not installed.
        """
        return _here(self) if self.pace.dask is None else _on_dask(self.pace.dask, self)


def _here(service: Service) -> AbstractAsyncContextManager[Checker]:
    make = embedded if service.is_sandbox else service.connection.client
    bounds = service.pace.bounds
    client = make(timeout=service.pace.timeout, concurrency=bounds.most, rate_limits=service.limits)

    @asynccontextmanager
    async def run() -> AsyncGenerator[Checker]:
        async with client as entered:
            yield LocalChecker(entered, bounds, release=service.release, on_outage=_tell)

    return run()


def _tell(error: LicenseSpringError | None) -> None:
    if error is None:
        say(ERR, "The service responds now.")
    elif isinstance(error, RateLimited):
        pause = duration(seconds_asked(error))
        warn(f"the service asks for a pause of {pause} (HTTP 429). The run waits for it; Ctrl-C ends the run.")
    else:
        warn(f"the service does not respond ({error}). The run waits for it; Ctrl-C ends the run.")


def _on_dask(scheduler: str, service: Service) -> AbstractAsyncContextManager[Checker]:
    """Check rows on the workers of a cluster, each with the credentials of its own environment."""
    with needs_extra("dask"):
        from ...fleet import distributed  # noqa: PLC0415  # an extra
    connection = service.connection
    settings = distributed.Settings(
        base_url=connection.origin,
        timeout=service.pace.timeout,
        concurrency=service.pace.bounds,
        release=service.release,
        verify=not connection.unverified,
        is_local=distributed.is_local(scheduler),
    )
    if service.is_sandbox:
        if not settings.is_local:
            raise ConfigurationError("--sandbox: only works on this machine; combine it with --dask local")
        return _with_sandbox(scheduler, settings, service.shared)
    key = connection.trusted_key()
    connection.warn()
    its = attrs.evolve(settings, public_key=key)
    return _checking(scheduler, its, service.shared, {}, allow_plaintext=service.pace.dask_plaintext)


def _with_sandbox(scheduler: str, settings: Settings, limits: Limits) -> AbstractAsyncContextManager[Checker]:
    from ...sandbox import Sandbox, SandboxError  # noqa: PLC0415  # an extra

    sandbox = Sandbox()

    @asynccontextmanager
    async def run() -> AsyncGenerator[Checker]:
        try:
            await sandbox.__aenter__()
        except SandboxError as e:
            raise ConfigurationError(str(e)) from e
        try:
            its = attrs.evolve(settings, base_url=sandbox.url, public_key=sandbox.public_key.encode())
            # Only the worker processes get these, as they start.
            environ = {"LICENSESPRING_API_KEY": sandbox.api_key, "LICENSESPRING_SHARED_KEY": sandbox.shared_key}
            async with _checking(scheduler, its, limits, environ) as checker:
                yield checker
        finally:
            await sandbox.__aexit__(None, None, None)

    return run()


@asynccontextmanager
async def _checking(
    scheduler: str, settings: Settings, limits: Limits, environ: dict[str, str], *, allow_plaintext: bool = False
) -> AsyncGenerator[Checker]:
    from ...fleet import distributed  # noqa: PLC0415  # an extra

    async with (
        distributed.connected(scheduler, environ=environ, allow_plaintext=allow_plaintext) as client,
        distributed.dask_checker(client, settings, limits) as checker,
    ):
        say(ERR, f"{counted(await checker.count_workers(), 'Dask worker')} at {scheduler}.")
        yield checker
