"""What only FastAPI has: dependencies, OpenAPI, routers of a class, WebSockets."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Request, WebSocket

from licensespring_async import ConfigurationError
from licensespring_async.services import Decision
from licensespring_async.services.web import Licensee
from licensespring_async.services.web.fastapi import RESPONSES, RequiresFeature

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
