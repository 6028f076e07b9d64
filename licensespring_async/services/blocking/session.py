"""A blocking `LicenseSession`, which runs in the loop of a blocking client."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from ...client import LicenseSpring
from ...errors import ConfigurationError
from ...models import License
from ...redaction import Unpickled
from ..license_session import Change, LicenseSession, State
from .client import BlockingLicenseSpring, returning

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[LicenseSession, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingLicenseSession, P], T]:
    @returning(str(inspect.signature(method).return_annotation), method)
    def call(self: BlockingLicenseSession, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.wait_for(lambda session: method(session, *args, **kwargs))

    return call


def _inside(
    method: Callable[Concatenate[LicenseSession, P], T],
) -> Callable[Concatenate[BlockingLicenseSession, P], T]:
    @returning(str(inspect.signature(method).return_annotation), method)
    def call(self: BlockingLicenseSession, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.inside(lambda session: method(session, *args, **kwargs))

    return call


class BlockingLicenseSession(Unpickled):
    """Use a `LicenseSession` without `await`, from any number of threads; `blocking_license_session` opens it.

    Every call runs in the loop of the client, so it costs two thread switches.
    """

    def __init__(self, client: BlockingLicenseSpring, session: LicenseSession) -> None:
        self._client, self._session = client, session

    allows = _inside(LicenseSession.allows)
    is_undecided = _inside(LicenseSession.is_undecided)
    check = _awaited(LicenseSession.check)
    consume = _awaited(LicenseSession.consume)
    uses = _awaited(LicenseSession.uses)
    resolve = _awaited(LicenseSession.resolve)
    borrow = _awaited(LicenseSession.borrow)
    give_back = _awaited(LicenseSession.give_back)
    deactivate = _awaited(LicenseSession.deactivate)
    refresh = _awaited(LicenseSession.refresh)

    @property
    def license(self) -> License:
        """The license as the service last gave it."""
        return self.inside(lambda session: session.license)

    @property
    def state(self) -> State:
        """The state of the license now."""
        return self.inside(lambda session: session.state)

    @property
    def lost(self) -> Change | None:
        """The change that made the license unusable, with its reason; None while it is usable."""
        return self.inside(lambda session: session.lost)

    def wait_for(self, function: Callable[[LicenseSession], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function with the session in the loop's thread, and return its result."""
        return self._client.wait_for(lambda _: function(self._session))

    def inside(self, function: Callable[[LicenseSession], T]) -> T:
        """Call a function with the session in the loop's thread, and return its result."""
        return self._client.inside(lambda _: function(self._session))


def _held(
    opening: Callable[Concatenate[LicenseSpring, P], LicenseSession],
) -> Callable[Concatenate[BlockingLicenseSpring, P], AbstractContextManager[BlockingLicenseSession, None]]:
    def open(
        client: BlockingLicenseSpring, /, *args: P.args, **kwargs: P.kwargs
    ) -> AbstractContextManager[BlockingLicenseSession, None]:
        @asynccontextmanager
        async def opened(inner: LicenseSpring) -> AsyncGenerator[BlockingLicenseSession]:
            async with opening(inner, *args, **kwargs) as session:
                yield BlockingLicenseSession(client, session)

        if not isinstance(client, BlockingLicenseSpring):
            raise ConfigurationError(
                "client: must be a BlockingLicenseSpring object; with a LicenseSpring, use LicenseSession"
            )
        return client.hold(opened)

    return open


blocking_license_session = _held(LicenseSession)
"""Hold the license of this device for the length of a `with`; takes the arguments of `LicenseSession`.

`on_change` is called in the loop's thread.
"""
