"""Options and environment to a client; or a client of an embedded sandbox."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from ..client import LicenseSpring
from ..configuration import PRODUCTION_URL, Options
from ..errors import ConfigurationError
from ..transport import RateLimits
from .console import warn

_LARGEST_KEY_FILE = 1 << 20


def connect(
    *,
    base_url: str | None,
    public_key: Path | None,
    verify: bool,
    timeout: float,
    concurrency: int | None = None,
    rate_limits: RateLimits | None = None,
) -> LicenseSpring:
    """Return a client with credentials from the environment.

    Args:
        base_url: Replaces `LICENSESPRING_BASE_URL`.
        public_key: PEM file of the key that answers are trusted by.
        verify: Whether answers have to be signed.
        timeout: Seconds for one call.
        concurrency: Calls at once, or None for the client's own number.
        rate_limits: Windows to keep to, or None for none.

    Raises:
        ConfigurationError: No such client can be made.
    """
    environ = dict(os.environ)
    if base_url is not None:
        environ["LICENSESPRING_BASE_URL"] = base_url
    options: Options = {"timeout": timeout, "verify_signatures": verify, "rate_limits": rate_limits}
    key = trusted_key(base_url=base_url, public_key=public_key, verify=verify)
    if key is not None:
        options["public_key"] = key
    if concurrency is not None:
        options["max_concurrency"] = concurrency
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said below, for people
        client = LicenseSpring.from_env(environ, **options)
    if not verify:
        warn_unverified()
    return client


def trusted_key(*, base_url: str | None, public_key: Path | None, verify: bool) -> bytes | None:
    """Return the PEM of the key that answers are trusted by; None for the vendor's, or when nothing is verified.

    Raises:
        ConfigurationError: There has to be one, or must not be, or it cannot be read.
    """
    is_hosted = origin_of(base_url).rstrip("/").lower() == PRODUCTION_URL
    if public_key is not None and not verify:
        raise ConfigurationError("--public-key and --no-verify-signatures contradict each other; leave one out")
    if public_key is not None:
        return _read_key(public_key)
    if verify and not is_hosted:
        raise ConfigurationError(
            "the base URL is not the vendor's own service: pass the key that it signs with (--public-key FILE), "
            "or --no-verify-signatures"
        )
    return None


def warn_unverified() -> None:
    """Say what is given up."""
    warn("--no-verify-signatures: answers are believed whoever they come from.")


def origin_of(base_url: str | None) -> str:
    """Return where `connect` connects to."""
    return base_url or os.environ.get("LICENSESPRING_BASE_URL") or PRODUCTION_URL


def embedded(
    *, timeout: float, concurrency: int, rate_limits: RateLimits | None = None
) -> AbstractAsyncContextManager[LicenseSpring]:
    """Return a client of a sandbox that runs for as long as the client is entered.

    Raises:
        ConfigurationError: The extra `sandbox` is not installed.
    """
    from ..sandbox import Sandbox, SandboxError  # noqa: PLC0415  # an extra

    @asynccontextmanager
    async def run() -> AsyncGenerator[LicenseSpring]:
        async with AsyncExitStack() as stack:
            try:
                sandbox = await stack.enter_async_context(Sandbox())
            except SandboxError as e:
                raise ConfigurationError(str(e)) from e
            client = sandbox.client(timeout=timeout, max_concurrency=concurrency, rate_limits=rate_limits)
            yield await stack.enter_async_context(client)

    return run()


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_KEY_FILE)
    except OSError as e:
        raise ConfigurationError(f"--public-key {path}: cannot be read: {e.strerror or e}") from e
