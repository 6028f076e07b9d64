"""An ASGI server without sockets: an application's lifespan, and requests to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import attrs
import httpx

App = Any


@attrs.frozen
class Answer:
    """What came back, and after how many seconds."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@attrs.frozen
class Running:
    """An application that has started."""

    app: App

    async def get(
        self, path: str = "/render", headers: Mapping[str, str] | None = None, client: str = "127.0.0.1"
    ) -> Answer:
        transport = httpx.ASGITransport(self.app, client=(client, 123))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as caller:
            started = anyio.current_time()
            answer = await caller.get(path, headers=headers)
        return Answer(answer.status_code, dict(answer.headers), answer.content, anyio.current_time() - started)


@asynccontextmanager
async def running(app: App) -> AsyncGenerator[Running]:
    """Start an application as a server does, and stop it."""
    to_app, from_server = anyio.create_memory_object_stream[dict[str, str]](1)
    to_server, from_app = anyio.create_memory_object_stream[dict[str, str]](1)
    with to_app, from_server, to_server, from_app:
        async with anyio.create_task_group() as group:
            scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
            group.start_soon(app, scope, from_server.receive, to_server.send)
            await to_app.send({"type": "lifespan.startup"})
            assert await from_app.receive() == {"type": "lifespan.startup.complete"}
            yield Running(app)
            await to_app.send({"type": "lifespan.shutdown"})
            assert await from_app.receive() == {"type": "lifespan.shutdown.complete"}


@asynccontextmanager
async def websocket(app: App, path: str, headers: Mapping[str, str], **scope: Any) -> AsyncGenerator[dict[str, Any]]:
    """Ask for a WebSocket, and give the first message that comes back."""
    to_app, from_server = anyio.create_memory_object_stream[dict[str, Any]](9)
    to_server, from_app = anyio.create_memory_object_stream[dict[str, Any]](9)
    asked = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
        **scope,
    }
    with to_app, from_server, to_server, from_app:
        async with anyio.create_task_group() as group:
            group.start_soon(app, asked, from_server.receive, to_server.send)
            await to_app.send({"type": "websocket.connect"})
            yield await from_app.receive()
            await to_app.send({"type": "websocket.disconnect", "code": 1000})
