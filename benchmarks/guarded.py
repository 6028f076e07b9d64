"""A FastAPI route: open, guarded in each way, and with hooks that do nothing, which show FastAPI's own cost."""

from __future__ import annotations

import multiprocessing
import resource
import socket
import time
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from peers import CHECK, KEY, Immediate
from starlette.types import ASGIApp, Receive, Scope, Send

from licensespring_async import LicenseSpring
from licensespring_async.services.web import Licensing, by_headers
from licensespring_async.services.web.fastapi import RequiresFeature

HEADERS = {"x-device-id": CHECK["hardware_id"], "x-license-key": CHECK["license_key"]}


def client() -> LicenseSpring:
    warnings.simplefilter("ignore")
    # The one answer grows old while the benchmark runs.
    return LicenseSpring(auth=KEY, engine=Immediate(), verify_signatures=False, rate_limits=None, max_answer_age=None)


WAYS = ("open", "empty dependency", "dependency", "empty route class", "route class")


async def _nothing() -> None:
    pass


class _EmptyRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def passed_on(request: Request) -> Response:
            return await handle(request)

        return passed_on


def licensing() -> Licensing[HTTPConnection]:
    licensee = by_headers(hardware_id="x-device-id", license_key="x-license-key")
    return Licensing(client, product=CHECK["product"], licensee=licensee)


def make_app(licensing: Licensing[HTTPConnection]) -> ASGIApp:
    """Return one application per way, behind a dispatcher: in one application, earlier routes would cost time."""
    render = RequiresFeature("render", licensing)
    options: tuple[dict[str, Any], ...] = (
        {},
        {"dependencies": [Depends(_nothing)]},
        {"dependencies": [Depends(render)]},
        {"route_class_override": _EmptyRoute},
        {"route_class_override": render.route_class},
    )
    apps = {path(way): FastAPI(lifespan=licensing.lifespan) for way in (*WAYS, "cpu")}

    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    async def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    for way, given in zip(WAYS, options, strict=True):
        apps[path(way)].router.add_api_route(path(way), hello, **given)
    apps["/cpu"].get("/cpu")(cpu)

    async def pick(scope: Scope, receive: Receive, send: Send) -> None:
        # The lifespan has no path. One application opens the licensing for all.
        await apps[scope.get("path", "/open")](scope, receive, send)

    return pick


def path(way: str) -> str:
    return "/" + way.replace(" ", "-")


def _serve(listener: socket.socket, http: str, loop: str) -> None:
    config = uvicorn.Config(make_app(licensing()), http=http, loop=loop, log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def serving(http: str, loop: str) -> Generator[int]:
    """Run the application under uvicorn in its own process; yield its port."""
    # Without the protocol asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(listener, http, loop), daemon=True)
    process.start()
    try:
        time.sleep(0.1)
        yield listener.getsockname()[1]
    finally:
        process.terminate()
        process.join()
        listener.close()
