"""The sandbox as a server: where it answers, and the keys to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, Unpack

import anyio
import anyio.to_thread
import attrs
from starlette.types import ASGIApp

from ..client import LicenseSpring
from ..configuration import Options
from .app import Api
from .authorization import Gate
from .clock import SandboxClock, as_sandbox_clock
from .control import Control, Controlled
from .demo import DEMO, Demo, demo_world, has_demo
from .errors import SandboxError
from .faults import Faults
from .limits import Limiter, Throttle
from .panel import Panel
from .serving import Serving, listen
from .signing import Signer
from .tenants import Tenant, Tenants, new_api_key, new_client_id, new_secret
from .tokens import TokenIssuer
from .world import World


def _or_demo(world: World | None) -> World:
    return demo_world() if world is None else world


@attrs.define(eq=False)
class Sandbox:
    """Serve the License API on a loopback socket, from memory, with keys of its own.

        async with Sandbox() as sandbox, sandbox.client() as client:
            await client.check_bundle(...)

    Works on asyncio and on trio: the server runs in a thread with a loop of its own. It is ready in less than
    a second, most of which makes the RSA key. A sandbox can be entered again after it was left: its world
    keeps its state, its RSA key is new.

    Args:
        world: What it serves; the demo world by default. Two sandboxes share one only if both are given it.
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

    world: World = attrs.field(default=None, converter=_or_demo)
    host: str = attrs.field(default="127.0.0.1", kw_only=True)
    port: int = attrs.field(default=0, kw_only=True)
    clock: SandboxClock = attrs.field(factory=SandboxClock, converter=as_sandbox_clock, kw_only=True, repr=False)
    rate_limits: Throttle | None = attrs.field(default=None, kw_only=True)
    control_token: str | None = attrs.field(default=None, kw_only=True, repr=False)
    token_lifetime: int = attrs.field(default=480, kw_only=True)
    api_key: str = attrs.field(factory=new_api_key, kw_only=True, repr=False)
    shared_key: str = attrs.field(factory=new_secret, kw_only=True, repr=False)
    client_id: str = attrs.field(factory=new_client_id, kw_only=True)
    client_secret: str = attrs.field(factory=new_secret, kw_only=True, repr=False)
    _own: Tenant = attrs.field(init=False, repr=False)
    _gate: Gate = attrs.field(init=False, repr=False)
    _control: Control = attrs.field(init=False, repr=False)
    _run: _Run | None = attrs.field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        clock = self.clock
        self._own = Tenant(
            world=self.world,
            api_key=self.api_key,
            shared_key=self.shared_key,
            client_id=self.client_id,
            client_secret=self.client_secret,
            sandbox=self,
        )
        tenants = Tenants(self._own)
        self._gate = gate = Gate(tenants=tenants, tokens=TokenIssuer(tenants=tenants, lifetime=self.token_lifetime))
        limiter = Limiter(clock, self.rate_limits, lambda header: gate.company_of(header, clock.moment()))
        self._control = Control(clock=clock, faults=Faults(clock), limiter=limiter)

    @property
    def url(self) -> str:
        """Give the origin that a client uses as base_url, such as http://127.0.0.1:43121."""
        return self._current.url

    @property
    def public_key(self) -> str:
        """Give the PEM of the key that answers are signed with."""
        return self._current.public_key

    @property
    def faults(self) -> Faults:
        """Give the faults, to add to and to clear."""
        return self._control.faults

    @property
    def demo(self) -> Demo:
        """Name things of the demo world to try; SandboxError when the sandbox serves another world."""
        if not has_demo(self.world):
            raise SandboxError("this sandbox serves a world of your own; only the demo world has a demo")
        return DEMO

    def client(self, **options: Unpack[Options]) -> LicenseSpring:
        """Make a client that checks against this sandbox with its API key and trusts its signatures.

        Args:
            options: Arguments of `LicenseSpring`, such as `timeout` or `engine`.
        """
        return self._own.client(**options)

    def add_tenant(
        self,
        world: World | None = None,
        *,
        api_key: str | None = None,
        shared_key: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> Tenant:
        """Add a company with a world, keys and rate counters of its own, running or not; tests that run in
        parallel in one sandbox do not meet in it. The clock and the faults are the sandbox's, for all tenants.

        Args:
            world: What it serves; a demo world of its own by default.
            api_key: API key that names it; made up by default, like the three below.
            shared_key: Secret of the API key.
            client_id: OAuth client that names it.
            client_secret: Secret of the OAuth client.

        Raises:
            ValueError: The api_key or client_id is another tenant's.
        """
        tenant = Tenant(
            world=demo_world() if world is None else world,
            api_key=api_key or new_api_key(),
            shared_key=shared_key or new_secret(),
            client_id=client_id or new_client_id(),
            client_secret=client_secret or new_secret(),
            sandbox=self,
        )
        self._gate.tenants.add(tenant)
        return tenant

    @property
    def tenants(self) -> Sequence[Tenant]:
        """List the tenants; the sandbox's own world and keys are the first."""
        return tuple(self._gate.tenants)

    def describe(self) -> dict[str, object]:
        """Describe the running sandbox as JSON, secrets included; `demo` is null in a world of your own."""
        return {**self._own.describe(), "demo": attrs.asdict(DEMO) if has_demo(self.world) else None}

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

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._start)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        run, self._run = self._current, None
        # A cancelled test has to wait too: a server that lives on would meet the next test.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(run.serving.stop)

    @property
    def _current(self) -> _Run:
        if self._run is None:
            raise SandboxError("the sandbox is not running; enter it with `async with`")
        return self._run

    def _start(self) -> None:
        run = self._prepare(lambda: None)
        run.serving.start()
        self._run = run

    def _prepare(self, on_ready: Callable[[], None]) -> _Run:
        if self._run is not None:
            raise SandboxError("the sandbox is running already; make a second one")
        signer = Signer()
        api = Api(gate=self._gate, signer=signer, clock=self.clock)
        panel = Panel(control=self._control, world=self.world, token=self.control_token).application()

        def around(application: ASGIApp) -> ASGIApp:
            return Controlled(application, panel, self._control, signer)

        listener = listen(self.host, self.port)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return _Run(
            serving=Serving(api, listener, on_ready, around),
            url=f"http://{host}:{listener.getsockname()[1]}",
            public_key=signer.public_key,
        )


@attrs.frozen(kw_only=True)
class _Run:
    """What exists from start to stop."""

    serving: Serving
    url: str
    public_key: str
