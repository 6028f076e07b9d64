"""Starlette, and any other ASGI application (extra: `starlette`)."""

from __future__ import annotations

from ...endpoints.parameters import identifier
from ...extras import needs_extra
from .licensing import Licensing
from .requirement import Denial, Requirement

with needs_extra("starlette"):
    from starlette.requests import HTTPConnection
    from starlette.responses import JSONResponse
    from starlette.types import ASGIApp, Receive, Scope, Send


class _Guard(Requirement[HTTPConnection]):
    def __call__(self, app: ASGIApp) -> Licensed:
        """Return the application behind this guard."""
        return Licensed(self, app)


class RequiresFeature(_Guard):
    """Let only requests of licensed devices through to an ASGI application.

        Route("/render", render, middleware=[Middleware(RequiresFeature("render", licensing))])

    The decision is in `request.state.license`. A refusal is `{"detail": "not licensed"}` with 403. An undecided check
    is 503 with `Retry-After`. A WebSocket is denied before it is accepted, with the same answer if the server can send
    it.

    Args:
        feature: Feature code.
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, feature: str, licensing: Licensing[HTTPConnection], *, product: str | None = None) -> None:
        super().__init__(identifier("feature", feature), licensing, product=product)


class RequiresLicense(_Guard):
    """Let only requests of licensed devices through, for a product without features; like `RequiresFeature`.

    Args:
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, licensing: Licensing[HTTPConnection], *, product: str | None = None) -> None:
        super().__init__(None, licensing, product=product)


class Licensed:
    """An application behind a requirement, with everything that is mounted in it."""

    def __init__(self, requires: Requirement[HTTPConnection], app: ASGIApp) -> None:
        self._requires = requires
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application does."""
        if scope["type"] == "lifespan":  # everything else is a request
            await self._app(scope, receive, send)
            return
        decided = await self._requires.decided(HTTPConnection(scope))
        if not isinstance(decided, Denial):
            scope.setdefault("state", {})["license"] = decided
            await self._app(scope, receive, send)
        elif scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            answer = JSONResponse({"detail": decided.detail}, decided.status, dict(decided.headers))
            await answer(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": decided.detail})
