"""Options and environment to a client; or a client of an embedded sandbox."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from ..client import LicenseSpring
from ..configuration import PRODUCTION_URL, Options
from ..errors import ConfigurationError
from ..transport import RateLimits
from .commands import Group
from .console import warn

if TYPE_CHECKING:
    from ..sandbox.demo.fleet import Demo

_LARGEST_KEY_FILE = 1 << 20


@attrs.frozen(kw_only=True)
class Connection(Group):
    """Which service is asked, and what its answers are trusted by."""

    panel = "Connection"

    base_url: Annotated[
        str | None,
        typer.Option(help="Origin of the service. Default: LICENSESPRING_BASE_URL, or the vendor's.", metavar="URL"),
    ] = None
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of the key that signs the service's answers. Default: the vendor's.",
            metavar="FILE",
            envvar="LICENSESPRING_PUBLIC_KEY_FILE",
        ),
    ] = None
    unverified: Annotated[
        bool, typer.Option("--no-verify-signatures", help="Believe answers that are not signed by that key.")
    ] = False

    @property
    def origin(self) -> str:
        """Where the service is."""
        return (self.base_url or os.environ.get("LICENSESPRING_BASE_URL") or PRODUCTION_URL).rstrip("/")

    def client(
        self, *, timeout: float, concurrency: int | None = None, rate_limits: RateLimits | None = None
    ) -> LicenseSpring:
        """Return a client with credentials from the environment; warn when it verifies nothing.

        Args:
            timeout: Seconds for one call.
            concurrency: Calls at once, or None for the client's own number.
            rate_limits: Windows to keep to, or None for none.

        Raises:
            ConfigurationError: No such client can be made.
        """
        environ = os.environ | ({} if self.base_url is None else {"LICENSESPRING_BASE_URL": self.base_url})
        options: Options = {
            "timeout": timeout,
            "verify_signatures": not self.unverified,
            "rate_limits": rate_limits,
        }
        key = self.trusted_key()
        if key is not None:
            options["public_key"] = key
        if concurrency is not None:
            options["max_concurrency"] = concurrency
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said below, for people
            client = LicenseSpring.from_env(environ, **options)
        self.warn()
        return client

    def refuse_beside_sandbox(self) -> None:
        """Refuse an address or trust of its own for a sandbox of the command's; a key file may be in the environment.

        Raises:
            typer.BadParameter: There is one.
        """
        if self.base_url is not None or self.unverified:
            raise typer.BadParameter("--sandbox brings its own address and key; leave the connection options out")

    def trusted_key(self) -> bytes | None:
        """Return the PEM of the key that answers are trusted by; None for the vendor's, or when nothing is verified.

        Raises:
            ConfigurationError: There has to be one, or must not be, or it cannot be read.
        """
        if self.public_key is not None and self.unverified:
            raise ConfigurationError(
                "--public-key (or LICENSESPRING_PUBLIC_KEY_FILE) and --no-verify-signatures contradict each other; "
                "leave one out"
            )
        if self.public_key is not None:
            return read_key(self.public_key)
        if not self.unverified and self.origin.lower() != PRODUCTION_URL:
            raise ConfigurationError(
                "the base URL is not the vendor's own service: pass the key that it signs with (--public-key FILE), "
                "or --no-verify-signatures"
            )
        return None

    def warn(self) -> None:
        """Say what is given up when nothing is verified."""
        if self.unverified:
            warn("--no-verify-signatures: answers are believed whoever they come from.")


@attrs.frozen(kw_only=True)
class OneCall(Connection):
    """The same, for a command that makes one call."""

    timeout: Annotated[
        float,
        typer.Option(
            help="Time for the call: waiting its turn and retries included.", metavar="SECONDS", show_default=True
        ),
    ] = 10.0

    def sandbox_or_client(self, timeout: float, *, is_sandbox: bool) -> AbstractAsyncContextManager[LicenseSpring]:
        """Return what asks the service, or a sandbox.

        Raises:
            ConfigurationError, typer.BadParameter: It cannot be made, or options contradict each other.
        """
        if not is_sandbox:
            return self.client(timeout=timeout)
        self.refuse_beside_sandbox()
        return embedded(timeout=timeout, concurrency=1)


def demo_of_sandbox() -> Demo:
    """Return what there is to check in the demo of a sandbox."""
    from ..sandbox.demo.fleet import DEMO  # noqa: PLC0415  # an extra

    return DEMO


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


def read_key(path: Path) -> bytes:
    """Return what is in the file that `--public-key` names.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_KEY_FILE)
    except OSError as e:
        raise ConfigurationError(
            f"--public-key (LICENSESPRING_PUBLIC_KEY_FILE) {path}: cannot be read: {e.strerror or e}"
        ) from e
