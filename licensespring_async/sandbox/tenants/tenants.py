"""Tenants: companies in one sandbox, each with its own world, keys and rate counters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, Unpack

import attrs

from ...auth import ApiKey
from ...client import LicenseSpring
from ...configuration import Options
from ...transport import Clock
from ..errors import SandboxError
from ..world.world import World
from . import blocking

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Reachable(Protocol):
    """A sandbox that clients can reach."""

    @property
    def url(self) -> str:
        """The origin to use as base_url."""
        ...

    @property
    def public_key(self) -> str:
        """The PEM of the key that verifies the answers."""
        ...

    def application(self) -> ASGIApp:
        """Return the ASGI application."""
        ...


@attrs.define(kw_only=True, eq=False)
class Tenant:
    """A company of a sandbox; `Sandbox.add_tenant` makes it."""

    world: World
    api_key: str = attrs.field(repr=False)
    shared_key: str = attrs.field(repr=False)
    client_id: str
    client_secret: str = attrs.field(repr=False)
    _sandbox: Reachable = attrs.field(alias="sandbox", repr=False)
    _time: Callable[[], float] = attrs.field(alias="time", repr=False)

    def client(self, **options: Unpack[Options]) -> LicenseSpring:
        """Make a client that calls this tenant with its API key and trusts the sandbox's signatures.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout` or `engine`.
        """
        return self._client(self._sandbox.url, options)

    def in_process_client(self, **options: Unpack[Options]) -> LicenseSpring:
        """Make a client that calls this tenant without a socket; the sandbox need not run.

        It has no connections, so it works in any event loop and need not be closed.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout`; not `engine`.
        """
        from .in_process import IN_PROCESS_URL, in_process_engine  # noqa: PLC0415  # httpx would slow every start

        options["engine"] = in_process_engine(self._sandbox.application())
        return self._client(IN_PROCESS_URL, options)

    def blocking_client(self, **options: Unpack[Options]) -> blocking.BlockingLicenseSpring:
        """Make a blocking client like that of `client`; enter the sandbox in a plain `with`.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout` or `engine`.
        """
        auth = ApiKey(api_key=self.api_key, shared_key=self.shared_key)
        return blocking.BlockingLicenseSpring(auth=auth, base_url=self._sandbox.url, **self._with_trust(options))

    def describe(self) -> dict[str, str]:
        """Describe this tenant of the running sandbox as JSON: address and keys, secrets included."""
        return {"url": self._sandbox.url, **self.keys()}

    def keys(self) -> dict[str, str]:
        """Return this tenant's credentials and the public key, secrets included."""
        return {
            "api_key": self.api_key,
            "shared_key": self.shared_key,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "public_key": self._sandbox.public_key,
        }

    def _client(self, url: str, options: Options) -> LicenseSpring:
        auth = ApiKey(api_key=self.api_key, shared_key=self.shared_key)
        return LicenseSpring(auth=auth, base_url=url, **self._with_trust(options))

    def _with_trust(self, options: Options) -> Options:
        options.setdefault("public_key", self._sandbox.public_key)
        # If only the sandbox's clock were advanced, the client would reject the answers as too old.
        options.setdefault("clock", Clock(time=self._time))
        return options


class Tenants:
    """Tenants by API key and by OAuth client."""

    def __init__(self, *tenants: Tenant) -> None:
        self._by_api_key: dict[str, Tenant] = {}
        self._by_client_id: dict[str, Tenant] = {}
        for tenant in tenants:
            self.add(tenant)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(tuple(self._by_api_key.values()))

    def require_new(self, api_key: str | None, client_id: str | None) -> None:
        """Refuse credentials that another tenant has.

        Raises:
            SandboxError: Another tenant has the API key or the client id.
        """
        if api_key in self._by_api_key or client_id in self._by_client_id:
            raise SandboxError("another tenant has this api_key or client_id; both must be unique in a sandbox")

    def add(self, tenant: Tenant) -> None:
        """Add a tenant."""
        self._by_api_key[tenant.api_key] = tenant
        self._by_client_id[tenant.client_id] = tenant

    def of_api_key(self, api_key: str) -> Tenant | None:
        """Return the tenant of an API key."""
        return self._by_api_key.get(api_key)

    def of_client_id(self, client_id: str) -> Tenant | None:
        """Return the tenant of an OAuth client."""
        return self._by_client_id.get(client_id)
