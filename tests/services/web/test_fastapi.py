"""What only FastAPI has: dependencies, OpenAPI, routers of a class, WebSockets."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Annotated, Any

import attrs
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Request, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from licensespring_async import ConfigurationError
from licensespring_async.services import Decision
from licensespring_async.services.web import Licensee, Licensing
from licensespring_async.services.web.fastapi import RESPONSES, RequiresFeature
from licensespring_async.services.web.starlette import RequiresFeature as StarletteRequiresFeature

from ...transport import virtual
from .apps import Service, found_at_once, licensing_of
from .asgi import running, websocket

GOOD = {"x-device": "device-1", "x-key": "good"}


async def from_parameters(x_device: Annotated[str, Header()], x_key: Annotated[str, Header()]) -> Licensee:
    return Licensee(hardware_id=x_device, license_key=x_key)


def responses(app: FastAPI, path: str) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()["paths"][path]["get"]["responses"]
    return found


def test_the_answers_are_documented(backend: str) -> None:
    """OpenAPI shows 403 and 503 with its Retry-After, for routes with RESPONSES and for those of a route class."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        render = RequiresFeature("render", licensing)
        app, router = FastAPI(), APIRouter(route_class=render.route_class)

        @app.get("/one", dependencies=[Depends(render)], responses=RESPONSES)
        async def _() -> None: ...

        @router.get("/two", responses={404: {"description": "No such picture"}})
        async def _() -> None: ...

        app.include_router(router, prefix="/sub")
        for path in ("/one", "/sub/two"):
            assert {"200", "403", "503"} <= responses(app, path).keys()
            assert "Retry-After" in responses(app, path)["503"]["headers"]
        assert "404" in responses(app, "/sub/two")

    virtual.run(backend, main)


def test_a_dependency_says_whose_request_it_is(backend: str) -> None:
    """Takes the licensee from a FastAPI dependency, whose parameters FastAPI documents, and misses with 422."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        render = RequiresFeature("render", licensing, licensee=from_parameters)
        app = FastAPI(lifespan=licensing.lifespan)

        @app.get("/render")
        async def answer(decision: Decision = Depends(render)) -> dict[str, str]:  # noqa: B008
            return {"code": decision.code}

        async with running(app) as server:
            assert (await server.get(headers=GOOD)).body == b'{"code":"ok"}'
            assert (await server.get(headers={**GOOD, "x-key": "license_not_found"})).status == 403
            assert (await server.get(headers={"x-device": "device-1"})).status == 422
        assert answer is not None
        names = {each["name"] for each in app.openapi()["paths"]["/render"]["get"]["parameters"]}
        assert names == {"x-device", "x-key"}
        with pytest.raises(ConfigurationError, match="Depends"):
            _ = render.route_class

    virtual.run(backend, main)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_route_class_guards_wherever_its_router_is(backend: str, depth: int) -> None:
    """A router's routes stay guarded however deep it is included, and ask before their body and dependencies."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        seen: list[str] = []

        async def later() -> None:
            seen.append("later")

        router = APIRouter(route_class=RequiresFeature("render", licensing).route_class)

        @router.get("/render", dependencies=[Depends(later)])
        async def answer(request: Request) -> str:
            return str(request.state.license.source)

        for _ in range(depth):
            outer = APIRouter()
            outer.include_router(router)
            router = outer
        assert answer is not None
        app = FastAPI(lifespan=licensing.lifespan)
        app.include_router(router)
        async with running(app) as server:
            assert (await server.get(headers={"x-device": "d", "x-key": "wrong"})).status == 403
            assert seen == []
            assert (await server.get(headers=GOOD)).status == 200
            assert seen == ["later"]

    virtual.run(backend, main)


def test_a_route_class_guards_a_single_route(backend: str) -> None:
    """One route of an application is made of the class, and those beside it are not."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        app = FastAPI(lifespan=licensing.lifespan)

        async def answer() -> str:
            return "answer"

        render = RequiresFeature("render", licensing)
        app.router.add_api_route("/guarded", answer, route_class_override=render.route_class)
        app.get("/open")(answer)
        async with running(app) as server:
            assert (await server.get("/guarded", headers={"x-device": "d", "x-key": "wrong"})).status == 403
            assert (await server.get("/guarded", headers=GOOD)).status == 200
            assert (await server.get("/open")).status == 200

    virtual.run(backend, main)


def test_features_are_told_apart(backend: str) -> None:
    """Each route asks for its own feature and product."""

    async def main() -> None:
        service = Service()
        licensing = licensing_of(service, found_at_once)
        app = FastAPI(lifespan=licensing.lifespan)

        @app.get("/a", dependencies=[Depends(RequiresFeature("a", licensing))])
        @app.get("/b", dependencies=[Depends(RequiresFeature("b", licensing, product="OTHER"))])
        async def _() -> None: ...

        async with running(app) as server:
            for path in ("/a", "/b", "/a", "/b"):
                assert (await server.get(path, headers=GOOD)).status == 200
        assert len(service.keys) == 2

    virtual.run(backend, main)


@pytest.mark.parametrize(("key", "first"), [("good", "websocket.accept"), ("wrong", "websocket.http.response.start")])
def test_websockets_are_guarded(backend: str, key: str, first: str) -> None:
    """A dependency guards WebSockets too."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        app = FastAPI(lifespan=licensing.lifespan)

        @app.websocket("/ws", dependencies=[Depends(RequiresFeature("render", licensing))])
        async def _(socket: WebSocket) -> None:
            await socket.accept()

        headers = {"x-device": "d", "x-key": key}
        async with running(app), websocket(app, "/ws", headers, extensions={"websocket.http.response": {}}) as message:
            assert message["type"] == first

    virtual.run(backend, main)


@attrs.frozen
class Outer:
    """An application, and a router of it whose routes need a license."""

    app: FastAPI
    router: APIRouter


Guard = Callable[[Licensing[HTTPConnection]], Outer]


def by_route_class(licensing: Licensing[HTTPConnection]) -> Outer:
    render = RequiresFeature("render", licensing)
    return Outer(FastAPI(lifespan=licensing.lifespan), APIRouter(prefix="/in", route_class=render.route_class))


def by_dependency(licensing: Licensing[HTTPConnection]) -> Outer:
    render = RequiresFeature("render", licensing)
    return Outer(FastAPI(lifespan=licensing.lifespan), APIRouter(prefix="/in", dependencies=[Depends(render)]))


def by_route_class_of_the_application(licensing: Licensing[HTTPConnection]) -> Outer:
    app = FastAPI(lifespan=licensing.lifespan)
    app.router.route_class = RequiresFeature("render", licensing).route_class
    return Outer(app, app.router)


def by_dependency_of_the_application(licensing: Licensing[HTTPConnection]) -> Outer:
    app = FastAPI(lifespan=licensing.lifespan, dependencies=[Depends(RequiresFeature("render", licensing))])
    return Outer(app, app.router)


async def plain(request: Request) -> PlainTextResponse:
    return PlainTextResponse("open")


async def socket_of(socket: WebSocket) -> None:
    await socket.accept()


def a_router(**options: Any) -> APIRouter:
    router = APIRouter(**options)
    router.add_api_route("/render", plain)
    return router


def a_nested_router() -> APIRouter:
    outer = APIRouter(prefix="/deeper")
    outer.include_router(a_router())
    return outer


def a_router_with_a_mount() -> APIRouter:
    router = APIRouter()
    router.mount("/render", Starlette(routes=[Route("/", plain)]))
    return router


def a_router_with_a_plain_route() -> APIRouter:
    router = APIRouter()
    router.add_route("/render", plain)
    return router


ADDITIONS: dict[str, Callable[[Outer], None]] = {
    "a router": lambda outer: outer.router.include_router(a_router()),
    "a router below a prefix": lambda outer: outer.router.include_router(a_router(), prefix="/more"),
    "a router in a router": lambda outer: outer.router.include_router(a_nested_router()),
    "a router with a mount": lambda outer: outer.router.include_router(a_router_with_a_mount()),
    "a router with a plain route": lambda outer: outer.router.include_router(a_router_with_a_plain_route()),
    "a mount": lambda outer: outer.router.mount("/render", Starlette(routes=[Route("/", plain)])),
    "another application": lambda outer: outer.router.mount("/render", FastAPI()),
    "a host": lambda outer: outer.router.host("app", app=Starlette(routes=[Route("/in/render", plain)])),
    "a plain route": lambda outer: outer.router.add_route("/render", plain),
    "a WebSocket": lambda outer: outer.router.add_api_websocket_route("/render", socket_of),
    "a plain WebSocket": lambda outer: outer.router.add_websocket_route("/render", socket_of),
}
GUARDS = [by_route_class, by_dependency, by_route_class_of_the_application, by_dependency_of_the_application]
each_guard = pytest.mark.parametrize("guard", GUARDS, ids=[each.__name__ for each in GUARDS])


@each_guard
@pytest.mark.parametrize("add", ADDITIONS.values(), ids=ADDITIONS)
def test_nothing_open_gets_into_a_guarded_router(guard: Guard, add: Callable[[Outer], None]) -> None:
    """Whatever is added to a guarded router asks for a license, or is refused when it is added."""

    async def main() -> None:
        outer = guard(licensing_of(Service(), found_at_once))
        try:
            add(outer)
        except ConfigurationError:
            return
        if outer.router is not outer.app.router:
            outer.app.include_router(outer.router)
        places = product(("", "/in"), ("", "/more", "/deeper"), ("/render", "/render/"))
        paths = ["".join(each) for each in places]
        async with running(outer.app) as server:
            statuses = {(await server.get(path)).status for path in paths}
            for path in paths:
                async with websocket(outer.app, path, {}) as message:
                    assert message["type"] in ("websocket.close", "websocket.http.response.start")
        assert statuses <= {403, 404, 307, 405}

    virtual.run("asyncio", main)


OPEN: dict[str, dict[str, Any]] = {
    "a plain route": {"routes": [Route("/", plain)]},
    "a mount": {"routes": [Mount("/", Starlette())]},
    "a path operation": {"routes": [APIRoute("/", plain)]},
    "what is left": {"default": Starlette()},
}


@pytest.mark.parametrize("made_with", OPEN.values(), ids=OPEN)
def test_a_guarded_router_is_made_with_nothing_open(made_with: dict[str, Any]) -> None:
    """Refuses routes and a default that would be open, when the router or the application is made."""
    licensing = Licensing(Service().client, product="TP", licensee=found_at_once)
    render = RequiresFeature("render", licensing)
    guards: list[dict[str, Any]] = [{"route_class": render.route_class}, {"dependencies": [Depends(render)]}]
    for guard in guards:
        APIRouter(**guard, routes=[Mount("/", StarletteRequiresFeature("render", licensing)(Starlette()))])
        with pytest.raises(ConfigurationError, match="routes / default"):
            APIRouter(**guard, **made_with)
    if "routes" in made_with:
        with pytest.raises(ConfigurationError, match="routes / default"):
            FastAPI(**guards[1], **made_with)
    APIRouter(**made_with)


@pytest.mark.parametrize("router", [a_router_with_a_mount, a_router_with_a_plain_route])
def test_a_guard_of_an_inclusion_leaves_nothing_open(router: Callable[[], APIRouter]) -> None:
    """Refuses what would be open in a router that has its guard from where it is included alone."""
    licensing = Licensing(Service().client, product="TP", licensee=found_at_once)
    guard = Depends(RequiresFeature("render", licensing))
    app = FastAPI()
    app.include_router(a_router(), dependencies=[guard])
    with pytest.raises(ConfigurationError, match="include_router"):
        app.include_router(router(), dependencies=[guard])


@pytest.mark.parametrize("depth", [0, 1])
def test_a_router_that_was_included_stays_guarded(backend: str, depth: int) -> None:
    """Guards the path operations and WebSockets that are added after the inclusion, and refuses what would be open."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        app = FastAPI(lifespan=licensing.lifespan, dependencies=[Depends(RequiresFeature("render", licensing))])
        inner = outer = APIRouter()
        for _ in range(depth):
            outer = APIRouter()
            outer.include_router(inner)
        app.include_router(outer)
        inner.add_api_route("/render", plain)
        inner.add_api_websocket_route("/ws", socket_of)
        with pytest.raises(ConfigurationError, match=r"add_route: .* would be open"):
            inner.add_route("/open", plain)
        with pytest.raises(ConfigurationError, match=r"mount: .* would be open"):
            inner.mount("/open", Starlette())
        with pytest.raises(ConfigurationError, match="include_router"):
            inner.include_router(a_router_with_a_mount())
        async with running(app) as server:
            # Older versions of FastAPI serve nothing that comes later.
            assert (await server.get("/render")).status in (403, 404)
            async with websocket(app, "/ws", {}) as message:
                assert message["type"] in ("websocket.close", "websocket.http.response.start")

    virtual.run(backend, main)


def test_a_guarded_router_takes_what_is_guarded(backend: str) -> None:
    """Guarded routers, WebSockets and applications may be inside of a guarded router, and answer the licensed."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        render, asgi = RequiresFeature("render", licensing), StarletteRequiresFeature("render", licensing)
        outer = by_route_class(licensing)
        outer.router.include_router(a_router(route_class=render.route_class), prefix="/classed")
        outer.router.include_router(a_router(dependencies=[Depends(render)]), prefix="/depending")
        outer.router.mount("/mounted", asgi(Starlette(routes=[Route("/render", plain)])))
        outer.router.add_api_websocket_route("/socket", socket_of, dependencies=[Depends(render)])
        outer.app.include_router(outer.router)
        async with running(outer.app) as server:
            for path in ("/in/classed/render", "/in/depending/render", "/mounted/render"):
                assert (await server.get(path)).status == 403
                assert (await server.get(path, headers=GOOD)).status == 200
            async with websocket(outer.app, "/in/socket", GOOD) as message:
                assert message["type"] == "websocket.accept"

    virtual.run(backend, main)


def test_a_guard_inside_a_router_lasts(backend: str) -> None:
    """What is added to an included router later is guarded, or refused, as well."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        render = RequiresFeature("render", licensing)
        outer, inner = by_route_class(licensing), a_router(route_class=render.route_class)
        outer.router.include_router(inner)
        with pytest.raises(ConfigurationError, match="include_router"):
            inner.include_router(a_router(), prefix="/late")
        with pytest.raises(ConfigurationError, match="mount"):
            inner.mount("/late", Starlette())

    virtual.run(backend, main)


def test_other_routers_take_anything() -> None:
    """A router without a guard is as FastAPI made it."""
    app = FastAPI()
    outer = Outer(app, app.router)
    for add in ADDITIONS.values():
        add(outer)
