"""What only Litestar has: guards of every layer."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Controller, Litestar, Router, asgi, get, websocket
from litestar.connection import WebSocket
from litestar.types import Receive, Scope, Send
from starlette.responses import PlainTextResponse

from licensespring_async.services.web.litestar import ANSWERS, RequiresFeature

from ...transport import virtual
from . import asgi as servers
from .apps import Service, found_later, licensing_of

GOOD = {"x-device": "device-1", "x-key": "good"}


@get("/page")
async def page() -> str:
    return "a page"


@asgi("/mounted", is_mount=True, copy_scope=True)
async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("a page")(scope, receive, send)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@websocket("/ws")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()


class Pages(Controller):
    path = "/controller"

    @get("/page")
    async def page(self) -> str:
        return "a page"


@pytest.mark.parametrize("layer", ["application", "router"])
def test_all_that_is_inside_of_a_guarded_layer_is_guarded(backend: str, layer: str) -> None:
    """Handlers, controllers, routers, mounted applications and WebSockets of a guarded layer ask for a license."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_later)
        guard = RequiresFeature("render", licensing)
        inside: list[Any] = [page, mounted, socket, Pages, Router("/router", route_handlers=[Pages])]
        handlers: list[Any] = inside if layer == "application" else [Router("/", route_handlers=inside, guards=[guard])]
        app = Litestar(
            handlers,
            guards=[guard] if layer == "application" else [],
            lifespan=[licensing.lifespan],
            exception_handlers=ANSWERS,
            logging_config=None,
        )
        async with servers.running(app) as server:
            for path in ("/page", "/mounted", "/mounted/more", "/controller/page", "/router/controller/page"):
                assert (await server.get(path)).status == 403
                assert (await server.get(path, headers=GOOD)).status == 200
            async with servers.websocket(app, "/ws", {}) as message:
                assert message["type"] == "websocket.close"
            async with servers.websocket(app, "/ws", GOOD) as message:
                assert message["type"] == "websocket.accept"

    virtual.run(backend, main)
