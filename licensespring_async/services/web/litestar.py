"""Litestar (extra: `litestar`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypedDict

from ...extras import needs_extra
from .requirement import REFUSED, Denial, Requirement

with needs_extra("litestar"):
    from litestar import MediaType, Request, Response
    from litestar.connection import ASGIConnection
    from litestar.datastructures import State
    from litestar.exceptions import HTTPException, PermissionDeniedException, ServiceUnavailableException
    from litestar.handlers import BaseRouteHandler
    from litestar.openapi import ResponseSpec

Connection: TypeAlias = "ASGIConnection[BaseRouteHandler, object, object, State]"


class NotLicensed(PermissionDeniedException):
    """The service says no, or the request names nobody: 403."""


class Undecided(ServiceUnavailableException):
    """It cannot be told now: 503 with Retry-After."""


class RequiresFeature(Requirement[Connection]):
    """Guard handlers, controllers, routers or an application with a licensed feature.

        @get("/render", guards=[RequiresFeature("render", licensing)], responses=RESPONSES)

    The decision is in `request.state.license`. A refusal is raised as `NotLicensed`, undecided as `Undecided`; the
    application's `exception_handlers=ANSWERS` makes them the answers that the other frameworks give.

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
            kind = NotLicensed if decided.status == REFUSED.status else Undecided
            raise kind(detail=decided.detail, headers=dict(decided.headers))
        connection.state.license = decided


class _Body(TypedDict):
    detail: str


def _answer(_: Request[Any, Any, Any], error: HTTPException) -> Response[_Body]:
    # Without this Litestar adds the status to the body, and sends it as the type that the handler would have sent.
    return Response(
        _Body(detail=error.detail), status_code=error.status_code, headers=error.headers, media_type=MediaType.JSON
    )


ANSWERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    NotLicensed: _answer,
    Undecided: _answer,
}
"""How a refusal and an undecided request are answered, for the `exception_handlers` of an application."""

RESPONSES: dict[int, ResponseSpec] = {
    403: ResponseSpec(_Body, generate_examples=False, description="Not licensed; never says why"),
    503: ResponseSpec(
        _Body, generate_examples=False, description="It cannot be told now whether this is licensed; see Retry-After"
    ),
}
"""What a guarded handler may answer, for its `responses`, from which Litestar documents it."""
