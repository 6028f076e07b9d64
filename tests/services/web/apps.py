"""The same application in every framework, and a service behind it that answers as the license key says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import attrs
import fastapi
import litestar
import starlette.applications
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from licensespring_async import LicenseSpring, RetryPolicy
from licensespring_async.services import Decision, LicenseGate
from licensespring_async.services.web import Licensee, Licensing
from licensespring_async.services.web import fastapi as for_fastapi
from licensespring_async.services.web import litestar as for_litestar
from licensespring_async.services.web import starlette as for_starlette
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import FEATURE, ScriptedEngine, answer, client, parameter, refusal
from ...transport import virtual

C = TypeVar("C")


@attrs.define
class Service(ScriptedEngine):
    """Says yes to keys that begin with "good", no to "wrong", and what other keys name, each after its own time."""

    plays: dict[str, Callable[[], HttpResponse]] = attrs.field(factory=dict[str, Callable[[], HttpResponse]])

    def __attrs_post_init__(self) -> None:
        self.answers = [self.respond]

    async def wait(self, request: HttpRequest, timeout: float) -> None:
        # No two answers take the same time.
        await anyio.sleep(0.01 + 0.01 * len(parameter(request, "license_key")))

    def respond(self, request: HttpRequest) -> HttpResponse:
        key = parameter(request, "license_key")
        if key.startswith("good"):
            return answer(body={**FEATURE, "code": parameter(request, "feature")})
        if key.startswith("wrong"):
            return refusal("license_not_found")
        return self.plays[key]() if key in self.plays else refusal(key)

    @property
    def keys(self) -> list[str]:
        """License keys in the order they were asked for."""
        return self.asked("license_key")

    def client(self) -> LicenseSpring:
        return client(self, virtual.clock(), retry=RetryPolicy(max_attempts=1))


def device(headers: Mapping[str, str]) -> Licensee | None:
    """Whose license a request is made with."""
    if "x-device" not in headers:
        return None
    return Licensee(hardware_id=headers["x-device"], license_key=headers.get("x-key"))


def found_at_once(connection: HTTPConnection) -> Licensee | None:
    return device(connection.headers)


async def found_later(connection: for_litestar.Connection) -> Licensee | None:
    await anyio.lowlevel.checkpoint()
    return device(connection.headers)


def licensing_of(
    service: Service, licensee: Callable[[C], Licensee | Awaitable[Licensee | None] | None]
) -> Licensing[C]:
    """A licensing in virtual time."""
    clock = virtual.clock()

    def gate(client: LicenseSpring) -> LicenseGate:
        return LicenseGate(client, clock=clock)

    return Licensing(service.client, product="TP", licensee=licensee, gate=gate, clock=clock)


@attrs.define
class Story:
    """What an application's own lifespan did."""

    lines: list[str] = attrs.field(factory=list[str])

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        self.lines.append("started")
        yield
        self.lines.append("stopped")


def a_starlette_app(service: Service, story: Story) -> Any:
    licensing = licensing_of(service, found_at_once)

    async def render(request: Request) -> JSONResponse:
        return JSONResponse({"source": request.state.license.source})

    guarded = Route("/render", render, middleware=[Middleware(for_starlette.RequiresFeature("render", licensing))])
    return starlette.applications.Starlette(routes=[guarded], lifespan=licensing.around(story.lifespan))


def a_fastapi_app(service: Service, story: Story) -> Any:
    licensing = licensing_of(service, found_at_once)
    render = for_fastapi.RequiresFeature("render", licensing)
    app = fastapi.FastAPI(lifespan=licensing.around(story.lifespan))

    @app.get("/render", responses=for_fastapi.RESPONSES)
    async def _(decision: Decision = fastapi.Depends(render)) -> dict[str, str]:  # noqa: B008
        return {"source": decision.source}

    return app


def a_fastapi_router(service: Service, story: Story) -> Any:
    licensing = licensing_of(service, found_at_once)
    render = for_fastapi.RequiresFeature("render", licensing)
    router = fastapi.APIRouter(route_class=render.route_class)

    @router.get("/render")
    async def _(request: fastapi.Request) -> dict[str, str]:
        return {"source": request.state.license.source}

    app = fastapi.FastAPI(lifespan=licensing.around(story.lifespan))
    app.include_router(router)
    return app


def a_litestar_app(service: Service, story: Story) -> Any:
    licensing = licensing_of(service, found_later)
    render = for_litestar.RequiresFeature("render", licensing)

    @litestar.get("/render", guards=[render], responses=for_litestar.RESPONSES, media_type=litestar.MediaType.TEXT)
    async def handler(request: litestar.Request[Any, Any, Any]) -> str:
        return str(request.state.license.source)

    return litestar.Litestar(
        [handler],
        lifespan=[licensing.lifespan, story.lifespan],
        exception_handlers=for_litestar.ANSWERS,
        logging_config=None,
    )


APPS = [a_starlette_app, a_fastapi_app, a_fastapi_router, a_litestar_app]
