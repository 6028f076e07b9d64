"""One client and one gate for the life of an application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Generic, Literal, TypeVar, overload

from ...client import LicenseSpring
from ...endpoints.parameters import identifier
from ...errors import ConfigurationError
from ...transport import CircuitPolicy, Clock
from ...transport.clock import is_number
from ..gate.gate import LicenseGate
from ..gate.grace import Grace
from ..license_session import LicenseSession
from .licensee import Found, Licensee
from .making import gate_maker, with_circuit
from .sources import by_address
from .verifying import verify

A = TypeVar("A")
S = TypeVar("S")
C_contra = TypeVar("C_contra", contravariant=True)


class Licensing(Generic[C_contra]):
    """Open one client and one gate with an application, and close them with it.

    Pass `licensing.lifespan` to the application, or `licensing.around(yours)`, or open it in your own lifespan with
    `async with licensing:`. It can be opened again after it was closed, as tests do.

    `licensee` finds the licensee of each request. If the service itself is licensed, pass `session` instead: it makes
    the session of the service's own license. Routes then need features of that license. They are answered from memory,
    without a call.

    Args:
        client: Makes the client; called once each time the application starts.
        product: Short code of the product that the routes need.
        licensee: Returns the licensee of a request; may be async.
        session: Makes the session of the service's own license, instead of `product` and `licensee`:
            `lambda client: LicenseSession(client, product="TP", ...)`.
        source: Returns where a request comes from. A source that guesses keys is put off, other sources are not. The
            default is `by_address`, which explains what to do behind a proxy. All requests with None share one source.
        ttl: Seconds for which the gate caches a yes; None for its default.
        grace: Which answers stand while the service cannot be reached; None raises the error of the call.
        circuit: Makes calls fail at once while the service keeps failing. It is passed to `client` as the argument
            `circuit`, which `LicenseSpring.from_env` takes. With None nothing is passed.
        gate: Makes a gate with other options, instead of `ttl` and `grace`:
            `lambda client: LicenseGate(client, refused_ttl=30)`.
        full_pool: Status (403 or 429) of the answer "all seats are in use". It reveals that the license exists. With
            None, this is refused like anything else.
        refusal_seconds: Refusals are sent this many seconds after their request, or at a multiple of that, so that the
            time does not reveal the reason. 0 sends them at once.
        clock: Where time comes from; for tests.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    @overload
    def __init__(
        self,
        client: Callable[..., LicenseSpring],
        *,
        product: str,
        licensee: Callable[[C_contra], Found | Awaitable[Found]],
        source: Callable[[C_contra], str | None] = ...,
        ttl: float | None = ...,
        grace: Grace | None = ...,
        circuit: CircuitPolicy | None = ...,
        gate: Callable[[LicenseSpring], LicenseGate] | None = ...,
        full_pool: Literal[403, 429] | None = ...,
        refusal_seconds: float = ...,
        clock: Clock = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: Licensing[object],
        client: Callable[..., LicenseSpring],
        *,
        session: Callable[[LicenseSpring], LicenseSession],
        circuit: CircuitPolicy | None = ...,
        clock: Clock = ...,
    ) -> None: ...
    def __init__(
        self,
        client: Callable[..., LicenseSpring],
        *,
        product: str | None = None,
        licensee: Callable[[C_contra], Found | Awaitable[Found]] | None = None,
        session: Callable[[LicenseSpring], LicenseSession] | None = None,
        source: Callable[[C_contra], str | None] = by_address,
        ttl: float | None = None,
        grace: Grace | None = None,
        circuit: CircuitPolicy | None = None,
        gate: Callable[[LicenseSpring], LicenseGate] | None = None,
        full_pool: Literal[403, 429] | None = None,
        refusal_seconds: float = 0.5,
        clock: Clock = Clock(),  # noqa: B008  # frozen
    ) -> None:
        if session is not None and (product is not None or licensee is not None):
            raise ConfigurationError("session: already names the product and license; leave out product and licensee")
        needed = {"licensee": licensee} if session is None else {"session": session}
        for name, value in {"client": client, "source": source, **needed}.items():
            if not callable(value):
                raise ConfigurationError(f"{name}: must be callable, not {type(value).__name__}")
        if not is_number(refusal_seconds) or refusal_seconds < 0:
            raise ConfigurationError("refusal_seconds: must be a number of seconds, 0 or more")
        if full_pool not in (None, 403, 429):
            raise ConfigurationError(f"full_pool: must be 403, 429 or None, not {full_pool!r}")
        self.product = None if session is not None else identifier("product", product)
        self.licensee = licensee
        self.source = source
        self.full_pool = full_pool
        self.refusal_seconds = refusal_seconds
        self.clock = clock
        self._make_client = client if circuit is None else with_circuit(client, circuit)
        self._make_gate = gate_maker(gate, ttl=ttl, grace=grace, clock=clock)
        self._make_session = session
        self._needs = set[tuple[str, str | None]]()
        self._client: LicenseSpring | None = None
        self._gate: LicenseGate | None = None
        self._session: LicenseSession | None = None
        self._open: AsyncExitStack | None = None

    @property
    def is_of_service(self) -> bool:
        """Whether the license is the service's own."""
        return self._make_session is not None

    @property
    def client(self) -> LicenseSpring:
        """The client, for what a gate does not do, such as leases; ConfigurationError if it is not open."""
        if self._client is None:
            raise _not_open()
        return self._client

    @property
    def gate(self) -> LicenseGate:
        """The gate; ConfigurationError if it is not open."""
        if self._gate is None:
            raise _not_open()
        return self._gate

    @property
    def session(self) -> LicenseSession:
        """The session of the service's own license; its `state` is for readiness probes.

        Raises:
            ConfigurationError: It is not open, or there is no `session`.
        """
        if self._session is None:
            raise _not_open() if self.is_of_service else ConfigurationError("session: there is none; pass session=")
        return self._session

    def need(self, product: str, feature: str | None) -> None:
        """Record what `verify` has to ask about; each requirement calls this."""
        self._needs.add((product, feature))

    async def verify(self, licensee: Licensee | None = None) -> None:
        """Check that the service knows what the routes need. Call it when an application starts, once this is open.

        Without a licensee only products are checked: no endpoint lists the features of a product. A `session` has
        checked its license when it was opened.

        Args:
            licensee: A licensee with all features that the routes need, such as a tester.

        Raises:
            ConfigurationError: The service does not know a product or a feature, or the licensee has no license.
            LicenseSpringError: The service cannot be asked, or does not take the credentials.

        Cost: a call for each product, and with a licensee one for each feature, which takes a slot if it floats.
        """
        products = [] if self.product is None else [self.product]
        await verify(self.client, self.gate, products=products, needs=self._needs, licensee=licensee)

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        """Open while an application runs; use it as the `lifespan` of any framework."""
        async with self:
            yield

    def around(
        self, lifespan: Callable[[A], AbstractAsyncContextManager[S]]
    ) -> Callable[[A], AbstractAsyncContextManager[S]]:
        """Return a lifespan that opens this before another one, and closes it afterwards."""

        @asynccontextmanager
        async def both(app: A) -> AsyncGenerator[S]:
            async with self, lifespan(app) as state:
                yield state

        return both

    async def __aenter__(self) -> LicenseGate:
        if self._open is not None:
            raise ConfigurationError("licensing is already open; make one for each application")
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self._make_client())
            gate = await stack.enter_async_context(self._make_gate(client))
            if self._make_session is not None:
                self._session = await stack.enter_async_context(self._make_session(client))
            self._client, self._gate, self._open = client, gate, stack.pop_all()
        return gate

    async def __aexit__(self, *raised: object) -> None:
        stack, self._open = self._open, None
        self._client = self._gate = self._session = None
        assert stack is not None  # noqa: S101
        # The gate does not need to see the error of the application.
        await stack.aclose()


def _not_open() -> ConfigurationError:
    return ConfigurationError(
        "licensing is not open: pass `lifespan=licensing.lifespan` to the application, or use `async with licensing:`"
    )
