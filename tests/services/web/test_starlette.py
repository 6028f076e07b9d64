"""What only Starlette has: any ASGI application behind a requirement, WebSockets included."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, WebSocketRoute
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
