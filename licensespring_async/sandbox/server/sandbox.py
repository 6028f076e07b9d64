"""The sandbox as a server: where it answers, and the keys to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from os import PathLike
from types import TracebackType
from typing import Self, Unpack

import anyio
import anyio.to_thread
import attrs
from starlette.types import ASGIApp

from ...client import LicenseSpring
from ...configuration import Options
from ...signing import Signer
from ..demo.fleet import DEMO, Demo, has_demo
from ..errors import SandboxError
from ..portal.pages import portal_routes
from ..portal.portal import Portal
from ..spelling import at_least, strict
from ..state.store import Store
from ..steering.clock import SandboxClock, as_sandbox_clock
from ..steering.control import CONTROL_PATH, Control, Controlled
from ..steering.faults import Faults
from ..steering.limits import Limiter, Throttle
from ..steering.panel import Panel
from ..tenants import blocking
from ..tenants.authorization import Authorizer
from ..tenants.register import Register
from ..tenants.tenants import Tenant, Tenants
from ..tenants.tokens import TokenIssuer
from ..world.world import World
from ..worldfile import Company
from .api import Api
from .companies import CREDENTIALS, Opening, a_world, companies
from .serving import Run


@strict
@attrs.define(eq=False)
class Sandbox:
    """A License API on a loopback socket, from memory, with its own keys.

        async with Sandbox() as sandbox, sandbox.client() as client:
            await client.check_bundle(...)

    Works on asyncio and on trio, and in a plain `with`: the server runs in its own thread and loop. It is
    ready in less than a second. A sandbox can be entered again after it was left: it keeps its state and its RSA key.

    With `db="file"` the state outlives the process, killed or not: whatever a request was answered that it changed
    (devices, slots, borrowings, consumption) is there again when the same world is served from the same file,
    and so are the made-up keys. The world itself is not: its products and licenses come from `world`.

    Args:
        world: What it serves, or the path of a world file that describes it and may name the keys below and more
            tenants; the demo world by default. Two sandboxes share one only if both are given it.
        db: SQLite file that keeps the state, and the keys in the clear; in memory by default.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        clock: Seconds since the epoch: decides expiry, floating time-outs and the window of the Date header.
            Afterwards `sandbox.clock` can be advanced, frozen and set off.
        rate_limits: Answers 429 beyond a plan's windows; None does not.
        control_token: Bearer token that the endpoints under /_sandbox/ ask for; without one, they answer loopback only.
        token_lifetime: Seconds that an OAuth token is good for.
        api_key: API key that it accepts; made up by default, like the three below.
        shared_key: Secret of the API key.
        client_id: OAuth client that it accepts.
        client_secret: Secret of the OAuth client.
    """

    _companies: Sequence[Company] = attrs.field(default=None, converter=companies, alias="world", repr=False)
    host: str = attrs.field(default="127.0.0.1", kw_only=True)
    port: int = attrs.field(default=0, kw_only=True)
    clock: SandboxClock = attrs.field(factory=SandboxClock, converter=as_sandbox_clock, kw_only=True, repr=False)
    rate_limits: Throttle | None = attrs.field(default=None, kw_only=True)
    control_token: str | None = attrs.field(default=None, kw_only=True, repr=False)
    token_lifetime: int = attrs.field(default=480, validator=at_least(1), kw_only=True)
    api_key: str = attrs.field(default="", kw_only=True, repr=False)
    shared_key: str = attrs.field(default="", kw_only=True, repr=False)
    client_id: str = attrs.field(default="", kw_only=True)
    client_secret: str = attrs.field(default="", kw_only=True, repr=False)
    db: str | PathLike[str] = attrs.field(default=":memory:", kw_only=True)
    _opening: Opening = attrs.field(init=False, repr=False)
    _own: Tenant = attrs.field(init=False, repr=False)
    _authorizer: Authorizer = attrs.field(init=False, repr=False)
    _control: Control = attrs.field(init=False, repr=False)
    _run: Run | None = attrs.field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        clock = self.clock
        own, *others = self._companies
        self._opening = Opening(Register(Store(self.db)), clock)
        given = {**own.keys, **{name: value for name in CREDENTIALS if (value := getattr(self, name))}}
        self._own = self._opening.tenant(self, self.world, given, position=0)
        for name in CREDENTIALS:
            setattr(self, name, getattr(self._own, name))
        tenants = Tenants(self._own)
        self._authorizer = authorizer = Authorizer(
            tenants=tenants, tokens=TokenIssuer(tenants=tenants, lifetime=self.token_lifetime)
        )
        limiter = Limiter(clock, self.rate_limits, lambda header: authorizer.company_of(header, clock.moment()))
        self._control = Control(clock=clock, start=clock.setting, faults=Faults(clock), limiter=limiter)
        for position, other in enumerate(others, 1):
            tenants.require_new(other.keys.get("api_key"), other.keys.get("client_id"))
            tenants.add(self._opening.tenant(self, other.world, other.keys, position=position))

    @property
    def world(self) -> World:
        """What it serves to its own API key."""
        return self._companies[0].world

    @property
    def url(self) -> str:
        """The origin that a client uses as base_url, such as http://127.0.0.1:43121."""
        return self._current.url

    @property
    def public_key(self) -> str:
        """The PEM of the key that answers are signed with."""
        return self._signer.public_key

    @property
    def faults(self) -> Faults:
        """The faults, to add to and to clear."""
        return self._control.faults

    @property
    def demo(self) -> Demo:
        """Things of the demo world to try; SandboxError when the sandbox serves another world."""
        if not has_demo(self.world):
            raise SandboxError("this sandbox serves a world of your own; only the demo world has a demo")
        return DEMO

    def client(self, **options: Unpack[Options]) -> LicenseSpring:
        """Make a client that checks against this sandbox with its API key and trusts its signatures.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout` or `engine`.
        """
        return self._own.client(**options)

    def blocking_client(self, **options: Unpack[Options]) -> blocking.BlockingLicenseSpring:
        """Make a client as `client` does, for code that does not await; with a sandbox that runs in a plain `with`.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout` or `engine`.
        """
        return self._own.blocking_client(**options)

    def in_process_client(self, **options: Unpack[Options]) -> LicenseSpring:
        """Make a client that asks this sandbox in this process, without a socket; the sandbox need not run.

        It has no connections: it works in any event loop, and need not be closed.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout`; not `engine`.
        """
        return self._own.in_process_client(**options)

    def application(self) -> ASGIApp:
        """Return the ASGI application, for `httpx.ASGITransport` and other ways to ask it without a socket.

        Faults that need a connection, such as `reset`, raise ConnectionResetError there.
        """
        return self._application

    def add_tenant(
        self,
        world: World | None = None,
        *,
        api_key: str | None = None,
        shared_key: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> Tenant:
        """Add a company with its own world, keys and rate counters, running or not; tests that run in
        parallel in one sandbox do not meet in it. The clock and the faults are the sandbox's, for all tenants.

        Args:
            world: What it serves; its own demo world by default.
            api_key: API key that names it, in a file of `db` too; made up by default, like the three below.
            shared_key: Secret of the API key.
            client_id: OAuth client that names it.
            client_secret: Secret of the OAuth client.

        Raises:
            SandboxError: The api_key or client_id is another tenant's.
        """
        self._authorizer.tenants.require_new(api_key, client_id)
        keys = zip(CREDENTIALS, (api_key, shared_key, client_id, client_secret), strict=True)
        given = {name: value for name, value in keys if value}
        tenant = self._opening.tenant(self, a_world(world), given, position=None)
        self._authorizer.tenants.add(tenant)
        return tenant

    @property
    def tenants(self) -> Sequence[Tenant]:
        """List the tenants; the sandbox's own world and keys are the first."""
        return tuple(self._authorizer.tenants)

    def reset(self) -> None:
        """Go back to the start: take back what requests changed since, end all faults, set the clock as it was, and
        forget the requests. With a file in `db` the start is what `world` describes, not what the file knew before.
        """
        self._opening.go_back(self.tenants)
        self._control.reset()

    def describe(self) -> dict[str, object]:
        """Describe the running sandbox as JSON, secrets included; `demo` is null in a world of your own."""
        return {"url": self.url, **self.keys()}

    def keys(self) -> dict[str, object]:
        """Return what it accepts, the key that it signs with, and the demo: `describe()` without the address."""
        return {**self._own.keys(), "demo": attrs.asdict(DEMO) if has_demo(self.world) else None}

    def serve_forever(self, on_ready: Callable[[], None]) -> None:
        """Serve from the main thread until SIGINT or SIGTERM, then return.

        Args:
            on_ready: Called once, when the first request can be answered; `describe()` works from then on.

        Raises:
            SandboxError: The port is taken, or the server did not start.
        """
        self._run = self._prepare(on_ready)
        try:
            self._run.serving.run()
        finally:
            self._run = None

    def __enter__(self) -> Self:
        run = self._prepare(lambda: None)
        run.serving.start()
        self._run = run
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        run, self._run = self._current, None
        run.serving.stop()

    async def __aenter__(self) -> Self:
        return await anyio.to_thread.run_sync(self.__enter__)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A cancelled test has to wait too: a server that lives on would meet the next test.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.__exit__, exc_type, exc_value, traceback)

    @property
    def _current(self) -> Run:
        if self._run is None:
            raise SandboxError("the sandbox is not running; enter it with `async with`")
        return self._run

    def _prepare(self, on_ready: Callable[[], None]) -> Run:
        if self._run is not None:
            raise SandboxError("the sandbox is running already; make a second one")
        self._control.start = self.clock.setting
        self._opening.begin()
        return Run.of(self._application, self.host, self.port, on_ready)

    @cached_property
    def portal(self) -> Portal:
        """What the vendor's portals make for devices without a network: license and refresh files, air-gap codes."""
        return Portal(self._authorizer.tenants, self._signer, self.clock)

    @cached_property
    def _signer(self) -> Signer:
        return self._opening.register.signer()

    @cached_property
    def _application(self) -> ASGIApp:
        api = Api(authorizer=self._authorizer, signer=self._signer, clock=self.clock)
        panel = Panel(
            control=self._control,
            tenants=self._authorizer.tenants,
            reset=self.reset,
            keys=self.keys,
            token=self.control_token,
            portal=partial(portal_routes, f"{CONTROL_PATH}/portal", self.portal),
        ).application()
        return Controlled(api.application(), panel, self._control, self._signer)
