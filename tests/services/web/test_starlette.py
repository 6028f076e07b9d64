"""What only Starlette has: any ASGI application behind a requirement, WebSockets included."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from licensespring_async.services.web.starlette import RequiresFeature

from ...transport import virtual
from .apps import Service, found_at_once, licensing_of
from .asgi import running, websocket


def test_a_mounted_application_is_guarded(backend: str) -> None:
    """Guards a whole application, and leaves the routes beside it alone."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        licensed = RequiresFeature("render", licensing)
        page = PlainTextResponse("a page")
        app = Starlette(routes=[Mount("/pro", licensed(page)), Mount("/", page)], lifespan=licensing.lifespan)
        async with running(app) as server:
            assert (await server.get("/pro/any", headers={"x-device": "d", "x-key": "good"})).body == b"a page"
            assert (await server.get("/pro/any")).status == 403

    virtual.run(backend, main)


@pytest.mark.parametrize("place", ["application", "mount", "router", "route"])
def test_all_that_is_inside_of_a_guarded_place_is_guarded(backend: str, place: str) -> None:
    """As middleware of an application, a mount or a route, lets nobody through to what is inside of it."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        guard = [Middleware(RequiresFeature("render", licensing))]

        async def endpoint(socket: WebSocket) -> None:
            await socket.accept()

        page = PlainTextResponse("a page")
        inside = [Mount("/sub", Starlette(routes=[Mount("/page", page)])), WebSocketRoute("/ws", endpoint)]
        apps = {
            "application": lambda: Starlette(routes=inside, middleware=guard, lifespan=licensing.lifespan),
            "mount": lambda: Starlette(
                routes=[Mount("/", routes=inside, middleware=guard)], lifespan=licensing.lifespan
            ),
            "router": lambda: Starlette(
                routes=[Mount("/", Router(inside, middleware=guard))], lifespan=licensing.lifespan
            ),
            "route": lambda: Starlette(
                routes=[
                    Mount("/sub/page", page, middleware=guard),
                    WebSocketRoute("/ws", endpoint, middleware=guard),
                ],
                lifespan=licensing.lifespan,
            ),
        }
        app = apps[place]()
        async with running(app) as server:
            for path in ("/sub/page", "/sub/page/", "/sub/page/more"):
                assert (await server.get(path)).status in (403, 307)
                assert (await server.get(path, headers={"x-device": "d", "x-key": "good"})).status in (200, 307)
            async with websocket(app, "/ws", {}) as message:
                assert message["type"] == "websocket.close"

    virtual.run(backend, main)


def test_what_is_no_request_known_today_is_guarded(backend: str) -> None:
    """Lets through without a license nothing but the start and the end of the application."""

    async def main() -> None:
        seen: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

        async def nothing(*_: object) -> Any:
            return {"type": "nothing"}

        licensing = licensing_of(Service(), found_at_once)
        async with licensing:
            guarded = RequiresFeature("render", licensing)(app)
            await guarded({"type": "lifespan"}, nothing, nothing)
            with suppress(Exception):
                await guarded({"type": "webtransport", "headers": []}, nothing, nothing)
        assert seen == ["lifespan"]

    virtual.run(backend, main)


@pytest.mark.parametrize(
    ("key", "extensions", "first"),
    [
        ("good", [], "websocket.accept"),
        ("wrong", [], "websocket.close"),
        ("wrong", ["websocket.http.response"], "websocket.http.response.start"),
    ],
)
def test_a_websocket_is_denied_before_it_is_accepted(backend: str, key: str, extensions: list[str], first: str) -> None:
    """Accepts the licensed; the others get the uniform answer where the server can send one, and a closed door else."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)

        async def endpoint(socket: WebSocket) -> None:
            await socket.accept()

        guarded = RequiresFeature("render", licensing)(Starlette(routes=[WebSocketRoute("/", endpoint)]))
        app = Starlette(routes=[Mount("/ws", guarded)], lifespan=licensing.lifespan)
        headers = {"x-device": "d", "x-key": key}
        extended: dict[str, object] = {each: {} for each in extensions}
        async with running(app), websocket(app, "/ws/", headers, extensions=extended) as message:
            assert message["type"] == first
            assert message.get("status", 403) == 403

    virtual.run(backend, main)
