"""One client and one gate for the life of an application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Generic, TypeAlias, TypeVar

import attrs

from ...checks import FeatureCheck
from ...client import LicenseSpring
from ...endpoints.parameters import identifier
from ...errors import ConfigurationError
from ...redaction import Unpickled
from ...transport import Clock
from ...transport.clock import is_number
from ..gate.gate import LicenseGate
from .sources import by_address

A = TypeVar("A")
S = TypeVar("S")
C_contra = TypeVar("C_contra", contravariant=True)


@attrs.frozen(kw_only=True)
class Licensee(Unpickled):
    """Say whose license a request is made with.

    Args:
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license when the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.
    """

    hardware_id: str = attrs.field(repr=False)
    license_key: str | None = attrs.field(default=None, repr=False)
    username: str | None = attrs.field(default=None, repr=False)
    license_id: int | None = None
    bundle_code: str | None = None

    def of(self, product: str, feature: str) -> FeatureCheck:
        """Return the check of a feature; InvalidParameter when it cannot be asked."""
        return FeatureCheck(product=product, feature=feature, **attrs.asdict(self))


Found: TypeAlias = Licensee | None
"""A licensee, or None when the request names none: it is refused like any other."""


class Licensing(Generic[C_contra]):
    """Open one client and one gate with an application, and close them with it.

    Pass `licensing.lifespan` to the application, or `licensing.around(yours)`, or open it in your own lifespan with
    `async with licensing:`. It can be opened again after it was closed, as tests do.

    Args:
        client: Makes the client; called once each time the application starts.
        product: Short code of the product whose features the routes need.
        licensee: Says whose license a request is made with; may be async.
        source: Says where a request comes from: a visitor who tries keys out is put off, and those of other sources are
            not. Read what `by_address`, the default, says about proxies. All requests with None are of one source.
        gate: Makes the gate, for one with other options: `lambda client: LicenseGate(client, ttl=60)`.
        refusal_seconds: Every refusal is answered this many seconds after its request, or at a multiple of them: how
            long a no takes says nothing about why. 0 answers at once.
        clock: Where time comes from; for tests.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        client: Callable[[], LicenseSpring],
        *,
        product: str,
        licensee: Callable[[C_contra], Found | Awaitable[Found]],
        source: Callable[[C_contra], str | None] = by_address,
        gate: Callable[[LicenseSpring], LicenseGate] = LicenseGate,
        refusal_seconds: float = 0.5,
        clock: Clock = Clock(),  # noqa: B008  # frozen
    ) -> None:
        for name, value in {"client": client, "licensee": licensee, "source": source, "gate": gate}.items():
            if not callable(value):
                raise ConfigurationError(f"{name}: must be callable, not {type(value).__name__}")
        if not is_number(refusal_seconds) or refusal_seconds < 0:
            raise ConfigurationError("refusal_seconds: must be a number of seconds, 0 or more")
        self.product = identifier("product", product)
        self.licensee = licensee
        self.source = source
        self.refusal_seconds = refusal_seconds
        self.clock = clock
        self._make_client, self._make_gate = client, gate
        self._client: LicenseSpring | None = None
        self._gate: LicenseGate | None = None
        self._open: AsyncExitStack | None = None

    @property
    def client(self) -> LicenseSpring:
        """The client, for what no gate does, such as leases; ConfigurationError unless the application runs."""
        if self._client is None:
            raise _not_running()
        return self._client

    @property
    def gate(self) -> LicenseGate:
        """The gate; ConfigurationError unless the application runs."""
        if self._gate is None:
            raise _not_running()
        return self._gate

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        """Open for as long as an application runs; any framework's `lifespan`."""
        async with self:
            yield

    def around(
        self, lifespan: Callable[[A], AbstractAsyncContextManager[S]]
    ) -> Callable[[A], AbstractAsyncContextManager[S]]:
        """Return a lifespan that opens this first, then another, and closes them the other way round."""

        @asynccontextmanager
        async def both(app: A) -> AsyncGenerator[S]:
            async with self, lifespan(app) as state:
                yield state

        return both

    async def __aenter__(self) -> LicenseGate:
        if self._open is not None:
            raise ConfigurationError("this licensing is open already; one application opens it, once")
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self._make_client())
            gate = await stack.enter_async_context(self._make_gate(client))
            self._client, self._gate, self._open = client, gate, stack.pop_all()
        return gate

    async def __aexit__(self, *raised: object) -> None:
        stack, self._open = self._open, None
        self._client = self._gate = None
        assert stack is not None  # noqa: S101
        # The application's own error is not for the gate to see.
        await stack.aclose()


def _not_running() -> ConfigurationError:
    return ConfigurationError("the application does not run: give it `licensing.lifespan`, or `async with licensing:`")
