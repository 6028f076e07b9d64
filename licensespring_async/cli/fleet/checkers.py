"""Who checks the rows of a run: this process, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import ConfigurationError, LicenseSpringError
from ...extras import needs_extra
from ...fleet import Checker, Concurrency, LocalChecker
from ...fleet.checking.shares import Limits
from ...transport import RateLimits
from ..connection import connect, embedded, origin_of, trusted_key, warn_unverified
from ..console import ERR, say, warn
from ..wording import counted

if TYPE_CHECKING:
    from ...fleet.distributed import Settings


@attrs.frozen(kw_only=True)
class Service:
    """What is asked, and how.

    Attributes:
        is_sandbox: Whether it is a sandbox of the command's own.
        timeout: Seconds for a row.
        limits: Rate windows of this process.
        shared: The same for several machines.
    """

    is_sandbox: bool
    base_url: str | None
    public_key: Path | None
    verify: bool
    timeout: float
    bounds: Concurrency
    release: bool
    limits: RateLimits | None
    shared: Limits


def here(service: Service) -> AbstractAsyncContextManager[Checker]:
    """Check rows in this process.

    Raises:
        ConfigurationError: The options make no client.
    """
    client = (
        embedded(timeout=service.timeout, concurrency=service.bounds.most, rate_limits=service.limits)
        if service.is_sandbox
        else connect(
            base_url=service.base_url,
            public_key=service.public_key,
            verify=service.verify,
            timeout=service.timeout,
            concurrency=service.bounds.most,
            rate_limits=service.limits,
        )
    )

    @asynccontextmanager
    async def run() -> AsyncGenerator[Checker]:
        async with client as entered:
            yield LocalChecker(entered, service.bounds, release=service.release, on_outage=_tell)

    return run()


def _tell(error: LicenseSpringError | None) -> None:
    if error is None:
        say(ERR, "The service answers again.")
    else:
        warn(f"the service does not answer any more ({error}). The run waits for it; Ctrl-C ends the run.")


def on_dask(scheduler: str, service: Service) -> AbstractAsyncContextManager[Checker]:
    """Check rows on the workers of a Dask cluster, each with the credentials of its own environment.

    Raises:
        ConfigurationError: An extra is not installed, or an option cannot be used.
    """
    with needs_extra("dask"):
        from ...fleet import distributed  # noqa: PLC0415  # an extra
    settings = distributed.Settings(
        base_url=origin_of(service.base_url),
        timeout=service.timeout,
        concurrency=service.bounds,
        release=service.release,
        verify=service.verify,
        is_local=distributed.is_local(scheduler),
    )
    if service.is_sandbox:
        if not settings.is_local:
            raise ConfigurationError("--sandbox is for this machine alone; with it, say --dask local")
        return _with_sandbox(scheduler, settings, service.shared)
    key = trusted_key(base_url=service.base_url, public_key=service.public_key, verify=service.verify)
    if not service.verify:
        warn_unverified()
    return _checking(scheduler, attrs.evolve(settings, public_key=key), service.shared, {})


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
            # Given to the processes as they start, and to nobody else.
            environ = {"LICENSESPRING_API_KEY": sandbox.api_key, "LICENSESPRING_SHARED_KEY": sandbox.shared_key}
            async with _checking(scheduler, its, limits, environ) as checker:
                yield checker
        finally:
            await sandbox.__aexit__(None, None, None)

    return run()


@asynccontextmanager
async def _checking(
    scheduler: str, settings: Settings, limits: Limits, environ: dict[str, str]
) -> AsyncGenerator[Checker]:
    from ...fleet import distributed  # noqa: PLC0415  # an extra

    async with (
        distributed.connected(scheduler, environ=environ) as client,
        distributed.dask_checker(client, settings, limits) as checker,
    ):
        say(ERR, f"{counted(await checker.count_workers(), 'Dask worker')} at {scheduler}.")
        yield checker
