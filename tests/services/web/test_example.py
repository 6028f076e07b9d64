"""The README's example service under uvicorn, with the sandbox behind it."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
import uvicorn

from licensespring_async.sandbox import Sandbox, World
from licensespring_async.sandbox.server.serving import listen

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
SANDBOX = (ROOT / "licensespring_async/sandbox/README.md").read_text()
KEY = "9F2C-77AA-0B1E-C0DE"
DEVICES = [f"device-{number}" for number in range(20)]


def example() -> dict[str, Any]:
    [source] = [each for each in re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S) if "app = make_app" in each]
    scope: dict[str, Any] = {}
    exec(source, scope)  # noqa: S102  # our own README
    return scope


def world() -> World:
    made = World()
    license = made.add_product("TP").add_license(key=KEY, max_activations=len(DEVICES))
    license.add_feature("render")
    license.add_feature("export", floating_users=1)
    for device in DEVICES:
        license.activate(device)
    return made


@asynccontextmanager
async def serving(app: Any) -> AsyncGenerator[str]:
    """Run uvicorn in a thread, on a port of its own."""
    listener: socket.socket = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, lambda: server.run(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True


def who(device: str, key: str = KEY) -> dict[str, str]:
    return {"x-device-id": device, "x-license-key": key}


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the service and the sandbox have loops of their own
async def test_two_hundred_requests_at_once() -> None:
    """Lets every licensed device through, asks the service once for each, and denies the others uniformly."""
    make_app = example()["make_app"]
    async with Sandbox(world()) as sandbox, serving(make_app(sandbox.client)) as url:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits, trust_env=False) as caller:
            answers: list[httpx.Response] = []
            nobody: dict[str, str] = {}

            async def ask(path: str, headers: dict[str, str]) -> None:
                answers.append(await caller.get(path, headers=headers))

            async with anyio.create_task_group() as callers:
                for device in DEVICES * 9:
                    callers.start_soon(ask, "/render", who(device))
                for number in range(10):
                    callers.start_soon(ask, "/render", who("device-0", key=f"WRONG-{number}"))
                    callers.start_soon(ask, "/render", nobody)
        assert Counter(each.status_code for each in answers) == {200: 180, 403: 20}
        refused = [each for each in answers if each.status_code == 403]
        assert {each.content for each in refused} == {b'{"detail":"not licensed"}'}
        assert counted(sandbox) == len(DEVICES) + 10


@pytest.mark.anyio
async def test_a_router_of_licensed_routes() -> None:
    """Guards the example's exports, of which one device at a time may make some, and documents what they answer."""
    make_app = example()["make_app"]
    async with Sandbox(world()) as sandbox, serving(make_app(sandbox.client)) as url:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as caller:
            first = await caller.get("/exports/picture", headers=who("device-1"))
            second = await caller.get("/exports/picture", headers=who("device-2"))
            schema = (await caller.get("/openapi.json")).json()
        assert (first.status_code, first.json()) == (200, {"exported": "picture"})
        assert (second.status_code, second.json()) == (403, {"detail": "not licensed"})
        for path in ("/render", "/exports/{name}"):
            assert {"403", "503"} <= schema["paths"][path]["get"]["responses"].keys()


@pytest.mark.anyio
async def test_it_can_be_tried_without_an_account() -> None:
    """The last line that the sandbox's README suggests serves the world there, whose device and key are licensed."""
    [line] = re.findall(r"`(app = make_app\(Sandbox[^`]*)`", SANDBOX)
    [made] = re.findall(r"^## Worlds\n\n```python\n.*?(^world = .*?\n)\n", SANDBOX, re.M | re.S)
    scope = example() | {"Sandbox": Sandbox, "World": World}
    exec(f"{made}{line}", scope)  # noqa: S102  # our own README
    headers = dict(re.findall(r'-H "([\w-]+): ([^"]+)"', SANDBOX))
    async with serving(scope["app"]) as url, httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as caller:
        assert (await caller.get("/render", headers=headers)).json() == {"licensed": "ok"}


def counted(sandbox: Sandbox) -> int:
    """How many requests the sandbox has had."""
    response = httpx.get(f"{sandbox.url}/_sandbox/counters", trust_env=False)
    return int(response.json()["requests"])
