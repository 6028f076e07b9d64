"""The license of this device for programs that do not await: a `LicenseSession` in the loop of a blocking client."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from ...client import LicenseSpring
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
    """`LicenseSession` for code that does not await, for any number of threads; `blocking_license_session` opens it.

    Everything but what it knows happens in the loop of its client, so each call costs two switches of threads.
    """

    def __init__(self, client: BlockingLicenseSpring, session: LicenseSession) -> None:
        self._client, self._session = client, session

    allows = _inside(LicenseSession.allows)
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
        """How the license stands now."""
        return self.inside(lambda session: session.state)

    @property
    def lost(self) -> Change | None:
        """The change by which the license can no longer be used, with its reason; None while it can."""
        return self.inside(lambda session: session.lost)

    def wait_for(self, function: Callable[[LicenseSession], Coroutine[Any, Any, T]]) -> T:
        """Return what a coroutine of the session returns, run in the loop's own thread."""
        return self._client.wait_for(lambda _: function(self._session))

    def inside(self, function: Callable[[LicenseSession], T]) -> T:
        """Return what a function makes of the session, called in the loop's own thread."""
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

        return client.hold(opened)

    return open


blocking_license_session = _held(LicenseSession)
"""Open the license of this device for the length of a `with`; the arguments are those of `LicenseSession`.

`on_change` is called in the thread of the loop.
"""
