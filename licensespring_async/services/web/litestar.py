"""Litestar (extra: `litestar`)."""

from __future__ import annotations

from typing import TypeAlias

from ...extras import needs_extra
from .requirement import Denial, Requirement

with needs_extra("litestar"):
    from litestar.connection import ASGIConnection
    from litestar.datastructures import State
    from litestar.exceptions import HTTPException, PermissionDeniedException, ServiceUnavailableException
    from litestar.handlers import BaseRouteHandler

Connection: TypeAlias = "ASGIConnection[BaseRouteHandler, object, object, State]"


class RequiresFeature(Requirement[Connection]):
    """Guard handlers, controllers, routers or an application with a licensed feature.

        @get("/render", guards=[RequiresFeature("render", licensing)], raises=RAISES)

    The decision is in `request.state.license`. A refusal is a `PermissionDeniedException` (403, "not licensed");
    undecided is a `ServiceUnavailableException` (503) with Retry-After.

    Args:
        feature: Feature code.
        licensing: Says whose request it is, and asks.
        product: Product short code, when it is not the licensing's own.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Return when the feature may be used; anything else is raised as an HTTPException."""
        decided = await self.decide(connection)
        if isinstance(decided, Denial):
            kind = PermissionDeniedException if decided.status == 403 else ServiceUnavailableException
            raise kind(detail=decided.detail, headers=dict(decided.headers))
        connection.state.license = decided


RAISES: tuple[type[HTTPException], ...] = (PermissionDeniedException, ServiceUnavailableException)
"""What a guarded handler may raise, for its `raises`, from which Litestar documents it."""
