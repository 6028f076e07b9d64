"""An application of each framework with one guarded route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi
import litestar
import starlette.applications
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from licensespring_async.services.web import Licensing
from licensespring_async.services.web import fastapi as for_fastapi
from licensespring_async.services.web import litestar as for_litestar
from licensespring_async.services.web import starlette as for_starlette

Need = Callable[[Any, Licensing[Any]], Any]


def a_feature(framework: Any, licensing: Licensing[Any]) -> Any:
    return framework.RequiresFeature("render", licensing)


def a_license(framework: Any, licensing: Licensing[Any]) -> Any:
    return framework.RequiresLicense(licensing)


def by_starlette(licensing: Licensing[Any], need: Need) -> Any:
    async def render(request: Request) -> JSONResponse:
        return JSONResponse({"source": request.state.license.source})

    route = Route("/render", render, middleware=[Middleware(need(for_starlette, licensing))])
    return starlette.applications.Starlette(routes=[route], lifespan=licensing.lifespan)


def by_fastapi(licensing: Licensing[Any], need: Need) -> Any:
    app = fastapi.FastAPI(lifespan=licensing.lifespan)
    guard = need(for_fastapi, licensing)

    @app.get("/render", dependencies=[fastapi.Depends(guard)])
    async def _() -> dict[str, str]:
        return {}

    return app


def by_route_class(licensing: Licensing[Any], need: Need) -> Any:
    app = fastapi.FastAPI(lifespan=licensing.lifespan)
    app.router.route_class = need(for_fastapi, licensing).route_class

    @app.get("/render")
    async def _() -> dict[str, str]:
        return {}

    return app


def by_litestar(licensing: Licensing[Any], need: Need) -> Any:
    @litestar.get("/render", guards=[need(for_litestar, licensing)])
    async def handler() -> dict[str, str]:
        return {}

    # Its own logging would take pytest's handlers away, for all tests after this one.
    return litestar.Litestar(
        [handler], lifespan=[licensing.lifespan], exception_handlers=for_litestar.ANSWERS, logging_config=None
    )


FRAMEWORKS = [by_starlette, by_fastapi, by_route_class, by_litestar]
