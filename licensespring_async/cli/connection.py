"""Turn options and the environment into a client, of the service or of an embedded sandbox."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import attrs
import typer

from .. import transport  # not its names: the first use imports the engine
from ..client import LicenseSpring
from ..configuration import PRODUCTION_URL, Options
from ..errors import ConfigurationError
from ..transport import RateLimits
from .commands import Group
from .console import warn
from .file_names import file_path

_LARGEST_KEY_FILE = 1 << 20

TrustedKey: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="PEM file of the key that signs the service's answers. Default: the vendor's.",
        metavar="FILE",
        parser=file_path,
        envvar="LICENSESPRING_PUBLIC_KEY_FILE",
    ),
]


@attrs.frozen(kw_only=True)
class Connection(Group):
    """Which service to ask, and which key its answers must be signed with."""

    panel = "Connection"

    base_url: Annotated[
        str | None,
        typer.Option(help="Address of the service. Default: LICENSESPRING_BASE_URL, or the vendor's.", metavar="URL"),
    ] = None
    public_key: TrustedKey = None
    unverified: Annotated[
        bool, typer.Option("--no-verify-signatures", help="Accept answers without a valid signature.")
    ] = False

    @property
    def origin(self) -> str:
        """Address of the service."""
        return (self.base_url or os.environ.get("LICENSESPRING_BASE_URL") or PRODUCTION_URL).rstrip("/")

    def client(
        self, *, timeout: float, concurrency: int | None = None, rate_limits: RateLimits | None = None
    ) -> LicenseSpring:
        """Return a client with credentials from the environment; warn if it does not verify signatures.

        Args:
            timeout: Seconds for one call.
            concurrency: Calls at once, or None for the client's default.
            rate_limits: Rate limits to keep, or None for none.

        Raises:
            ConfigurationError: A setting cannot be used.
        """
        environ = os.environ | {"LICENSESPRING_BASE_URL": self.origin}
        options: Options = {
            "timeout": timeout,
            "verify_signatures": not self.unverified,
            "rate_limits": rate_limits,
            "engine": transport.HttptoolsEngine(),
        }
        key = self.trusted_key()
        if key is not None:
            options["public_key"] = key
        if concurrency is not None:
            options["max_concurrency"] = concurrency
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `warn` below is for people
            client = LicenseSpring.from_env(environ, **options)
        self.warn()
        return client

    def files(self) -> dict[Path, str]:
        """Return the files that it reads, and what to call them."""
        return {} if self.public_key is None else {self.public_key: "the file of --public-key"}

    def refuse_beside_sandbox(self) -> None:
        """Refuse connection options beside `--sandbox`; a key file may still be named in the environment.

        Raises:
            typer.BadParameter: There are some.
        """
        if self.base_url is not None or self.unverified:
            raise typer.BadParameter("--sandbox has its own address and key; leave the connection options out")

    def trusted_key(self) -> bytes | None:
        """Return the PEM of the trusted key; None for the vendor's key, or without verification.

        Raises:
            ConfigurationError: The key is missing, is not allowed, or cannot be read.
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
                "--base-url (LICENSESPRING_BASE_URL): is not the vendor's service; pass the key that verifies its "
                "answers (--public-key FILE), or --no-verify-signatures"
            )
        return None

    def warn(self) -> None:
        """Warn when signatures are not verified."""
        if self.unverified:
            warn("--no-verify-signatures: anyone could have sent these answers.")


@attrs.frozen(kw_only=True)
class OneCall(Connection):
    """Connection options of a command that makes one call."""

    timeout: Annotated[
        float,
        typer.Option(help="Time-out of the call, including waiting and retries.", metavar="SECONDS", show_default=True),
    ] = 10.0

    def sandbox_or_client(self, *, is_sandbox: bool) -> AbstractAsyncContextManager[LicenseSpring]:
        """Return a client of the service, or of a sandbox.

        Raises:
            ConfigurationError, typer.BadParameter: A setting cannot be used, or options contradict each other.
        """
        if not is_sandbox:
            return self.client(timeout=self.timeout)
        self.refuse_beside_sandbox()
        return embedded(timeout=self.timeout, concurrency=1)


def embedded(
    *, timeout: float, concurrency: int, rate_limits: RateLimits | None = None
) -> AbstractAsyncContextManager[LicenseSpring]:
    """Return a client of a sandbox; the sandbox runs as long as the client is open.

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
            client = sandbox.client(
                timeout=timeout,
                max_concurrency=concurrency,
                rate_limits=rate_limits,
                engine=transport.HttptoolsEngine(),
            )
            yield await stack.enter_async_context(client)

    return run()


def read_key(path: Path) -> bytes:
    """Read the file that `--public-key` names.

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
