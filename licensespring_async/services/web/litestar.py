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
    """The service says no, or the request names no licensee: 403."""


class Undecided(ServiceUnavailableException):
    """The license could not be checked right now: 503 with Retry-After."""


class AllInUse(TooManyRequestsException):
    """All floating slots are in use: 429, if `full_pool` is 429."""


_KINDS: Final[dict[int, type[HTTPException]]] = {403: NotLicensed, 429: AllInUse, 503: Undecided}


class _Guard(Requirement[Connection]):
    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Return if the request may go on; raise an HTTPException otherwise."""
        decided = await self.decided(connection)
        if isinstance(decided, Denial):
            raise _KINDS[decided.status](detail=decided.detail, headers=dict(decided.headers))
        connection.state.license = decided


class RequiresFeature(_Guard):
    """Guard handlers, controllers, routers or an application with a licensed feature.

        @get("/render", guards=[RequiresFeature("render", licensing)], responses=RESPONSES)

    The decision is in `request.state.license`. A refusal raises `NotLicensed`, and an undecided check `Undecided`. With
    `exception_handlers=ANSWERS`, the application answers them as the other frameworks do.

    Args:
        feature: Feature code.
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, feature: str, licensing: Licensing[Connection], *, product: str | None = None) -> None:
        super().__init__(identifier("feature", feature), licensing, product=product)


class RequiresLicense(_Guard):
    """Guard with the license of a product without features; like `RequiresFeature`.

    Args:
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, licensing: Licensing[Connection], *, product: str | None = None) -> None:
        super().__init__(None, licensing, product=product)


class _Body(TypedDict):
    detail: str


def _answer(_: Request[Any, Any, Any], error: HTTPException) -> Response[_Body]:
    # Litestar itself would add the status to the body, and use the media type of the handler.
    return Response(
        _Body(detail=error.detail), status_code=error.status_code, headers=error.headers, media_type=MediaType.JSON
    )


ANSWERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    NotLicensed: _answer,
    AllInUse: _answer,
    Undecided: _answer,
}
"""The answers to refused and undecided requests, for the `exception_handlers` of an application."""

RESPONSES: dict[int, ResponseSpec] = {
    403: ResponseSpec(_Body, generate_examples=False, description="Not licensed; never says why"),
    503: ResponseSpec(
        _Body, generate_examples=False, description="The license could not be checked right now; see Retry-After"
    ),
}
"""The answers of a guarded handler, for its `responses`; Litestar documents them."""
