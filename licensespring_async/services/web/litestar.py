"""Litestar (extra: `litestar`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypedDict

from ...endpoints.parameters import identifier
from ...extras import needs_extra
from .licensing import Licensing
from .requirement import Denial, Requirement

with needs_extra("litestar"):
    from litestar import MediaType, Request, Response
    from litestar.connection import ASGIConnection
    from litestar.datastructures import State
    from litestar.exceptions import (
        HTTPException,
        PermissionDeniedException,
        ServiceUnavailableException,
        TooManyRequestsException,
    )
    from litestar.handlers import BaseRouteHandler
    from litestar.openapi import ResponseSpec

Connection: TypeAlias = "ASGIConnection[BaseRouteHandler, object, object, State]"


class NotLicensed(PermissionDeniedException):
    """The service says no, or the request names nobody: 403."""


class Undecided(ServiceUnavailableException):
    """The license could not be checked right now: 503 with Retry-After."""


class AllInUse(TooManyRequestsException):
    """All floating slots are in use: 429, where `full_pool` says so."""


_KINDS: Final[dict[int, type[HTTPException]]] = {403: NotLicensed, 429: AllInUse, 503: Undecided}


class _Guard(Requirement[Connection]):
    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Return when it may go on; anything else is raised as an HTTPException."""
        decided = await self.decide(connection)
        if isinstance(decided, Denial):
            raise _KINDS[decided.status](detail=decided.detail, headers=dict(decided.headers))
        connection.state.license = decided


class RequiresFeature(_Guard):
    """Guard handlers, controllers, routers or an application with a licensed feature.

        @get("/render", guards=[RequiresFeature("render", licensing)], responses=RESPONSES)

    The decision is in `request.state.license`. A refusal is raised as `NotLicensed`, undecided as `Undecided`; the
    application's `exception_handlers=ANSWERS` makes them the answers that the other frameworks give.

    Args:
        feature: Feature code.
        licensing: Says whose license it is, and asks.
        product: Product short code, when it is not the licensing's own.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, feature: str, licensing: Licensing[Connection], *, product: str | None = None) -> None:
        super().__init__(identifier("feature", feature), licensing, product=product)


class RequiresLicense(_Guard):
    """Guard with the license of a product without features; like `RequiresFeature`.

    Args:
        licensing: Says whose license it is, and asks.
        product: Product short code, when it is not the licensing's own.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, licensing: Licensing[Connection], *, product: str | None = None) -> None:
        super().__init__(None, licensing, product=product)


class _Body(TypedDict):
    detail: str


def _answer(_: Request[Any, Any, Any], error: HTTPException) -> Response[_Body]:
    # Without this Litestar adds the status to the body, and sends it as the type that the handler would have sent.
    return Response(
        _Body(detail=error.detail), status_code=error.status_code, headers=error.headers, media_type=MediaType.JSON
    )


ANSWERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    NotLicensed: _answer,
    AllInUse: _answer,
    Undecided: _answer,
}
"""How a refusal and an undecided request are answered, for the `exception_handlers` of an application."""

RESPONSES: dict[int, ResponseSpec] = {
    403: ResponseSpec(_Body, generate_examples=False, description="Not licensed; never says why"),
    503: ResponseSpec(
        _Body, generate_examples=False, description="The license could not be checked right now; see Retry-After"
    ),
}
"""What a guarded handler may answer, for its `responses`, from which Litestar documents it."""
