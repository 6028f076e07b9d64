"""FastAPI (extra: `fastapi`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from inspect import Parameter, Signature
from typing import Any, TypeAlias

from ...endpoints.parameters import identifier
from ...errors import ConfigurationError
from ...extras import needs_extra
from ..gate.decisions import Decision
from .licensee import Found
from .licensing import Licensing
from .requirement import Denial, Requirement

with needs_extra("fastapi"):
    from fastapi import Depends, HTTPException, Request, Response
    from fastapi.requests import HTTPConnection
    from fastapi.routing import APIRoute

    from .routers import Guarding, watch_routers

watch_routers()

Responses: TypeAlias = "dict[int | str, dict[str, Any]]"

_BODY: dict[str, Any] = {
    "application/json": {
        "schema": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
    }
}
_RETRY_AFTER: dict[str, Any] = {"description": "Seconds to wait before trying again", "schema": {"type": "integer"}}
RESPONSES: Responses = {
    403: {"description": "Not licensed; never says why", "content": _BODY},
    503: {
        "description": "The license could not be checked right now",
        "content": _BODY,
        "headers": {"Retry-After": _RETRY_AFTER},
    },
}
"""The answers of a guarded route, for the `responses` of a route, a router or an application."""


class _Guard(Requirement[HTTPConnection]):
    def __init__(
        self,
        feature: str | None,
        licensing: Licensing[HTTPConnection],
        *,
        product: str | None,
        licensee: Callable[..., Found | Awaitable[Found]] | None,
    ) -> None:
        super().__init__(feature, licensing, product=product)
        if licensee is not None and licensing.is_of_service:
            raise ConfigurationError("licensee: the session already names the license; leave it out")
        self._from_dependency = licensee is not None
        # FastAPI reads from the signature which arguments to pass.
        parameters = [Parameter("connection", Parameter.POSITIONAL_OR_KEYWORD, annotation=HTTPConnection)]
        if licensee is not None:
            parameters.append(Parameter("licensee", Parameter.POSITIONAL_OR_KEYWORD, default=Depends(licensee)))
        self.__signature__ = Signature(parameters)

    async def __call__(self, connection: HTTPConnection, licensee: Found = None) -> Decision:
        """Return a positive decision; raise anything else as an HTTPException."""
        if self._from_dependency:
            return _raised(await self.decide_for(licensee, source=self._licensing.source(connection)))
        return _raised(await self.decided(connection))

    @property
    def route_class(self) -> type[APIRoute]:
        """The route class that guards all routes of an `APIRouter`, or a single route:

            app.router.add_api_route("/render", rendering, route_class_override=render.route_class)

        The license is checked first, even before the body is read. The routes document their 403 and 503. FastAPI uses
        the class for path operations only. So a router with this class refuses routers, WebSockets, mounts and plain
        routes that have no guard. `dependencies=[Depends(render)]` guards the first two, `services.web.starlette` the
        others.

        Cost: a few microseconds for each request, ten microseconds less than a FastAPI dependency.

        Raises:
            ConfigurationError: The licensee comes from a dependency, which only `Depends` resolves; or later, when
                something without a guard is added to a router of the class.
        """
        if self._from_dependency:
            raise ConfigurationError("licensee: a route class checks before dependencies are resolved; use Depends")
        requires, may_answer = self, {**RESPONSES, **_full(self._licensing.full_pool)}

        class LicensedRoute(Guarding):
            def __init__(
                self, path: str, endpoint: Callable[..., Any], *, responses: Responses | None = None, **options: Any
            ) -> None:
                super().__init__(path, endpoint, responses={**may_answer, **(responses or {})}, **options)

            def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
                handle = super().get_route_handler()

                async def licensed(request: Request) -> Response:
                    decided = requires.known(request)
                    if not isinstance(decided, Decision):
                        decided = _raised(await decided)
                    request.scope.setdefault("state", {})["license"] = decided
                    return await handle(request)

                return licensed

        return LicensedRoute


class RequiresFeature(_Guard):
    """Depend on a licensed feature; gives the `Decision`.

        render = RequiresFeature("render", licensing)

        @app.get("/render", dependencies=[Depends(render)], responses=RESPONSES)

    A refusal is an `HTTPException` with status 403 and the detail "not licensed". If the check is undecided, it has
    status 503 and a `Retry-After`.

    Args:
        feature: Feature code.
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.
        licensee: A FastAPI dependency that finds the licensee instead. FastAPI validates and documents its parameters,
            and answers 422 if one is missing.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        feature: str,
        licensing: Licensing[HTTPConnection],
        *,
        product: str | None = None,
        licensee: Callable[..., Found | Awaitable[Found]] | None = None,
    ) -> None:
        super().__init__(identifier("feature", feature), licensing, product=product, licensee=licensee)


class RequiresLicense(_Guard):
    """Depend on a license of a product without features; gives the `Decision`, like `RequiresFeature`.

    Args:
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.
        licensee: A FastAPI dependency that finds the licensee instead.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        licensing: Licensing[HTTPConnection],
        *,
        product: str | None = None,
        licensee: Callable[..., Found | Awaitable[Found]] | None = None,
    ) -> None:
        super().__init__(None, licensing, product=product, licensee=licensee)


def _full(status: int | None) -> Responses:
    return {429: {"description": "All seats are in use", "content": _BODY}} if status == 429 else {}


def _raised(decided: Decision | Denial) -> Decision:
    if isinstance(decided, Denial):
        raise HTTPException(decided.status, decided.detail, dict(decided.headers))
    return decided
