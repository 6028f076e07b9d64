"""A FastAPI application with one route three times: open, guarded by a dependency, and by a route class."""

from __future__ import annotations

import multiprocessing
import resource
import socket
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from peers import CHECK, KEY
from server import BODY

from licensespring_async import LicenseSpring
from licensespring_async.services.web import Licensing, by_headers
from licensespring_async.services.web.fastapi import RequiresFeature
from licensespring_async.transport import HttpRequest, HttpResponse

HEADERS = {"x-device-id": CHECK["hardware_id"], "x-license-key": CHECK["license_key"]}


class Yes:
    """Answers at once."""

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        return HttpResponse(200, {}, BODY.encode())

    async def aclose(self) -> None:
        pass


def client() -> LicenseSpring:
    warnings.simplefilter("ignore")
    return LicenseSpring(auth=KEY, engine=Yes(), verify_signatures=False)


def make_app() -> FastAPI:
    licensee = by_headers(hardware_id="x-device-id", license_key="x-license-key")
    licensing = Licensing(client, product=CHECK["product"], licensee=licensee)
    render = RequiresFeature("render", licensing)
    app = FastAPI(lifespan=licensing.lifespan)

    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    app.get("/open")(hello)
    app.get("/dependency", dependencies=[Depends(render)])(hello)
    # Not on a router of its own: included routers cost more, and it is the guard's cost that is asked for.
    app.router.route_class = render.route_class
    app.get("/route_class")(hello)
    app.router.route_class = APIRoute

    @app.get("/cpu")
    async def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    return app


def _serve(listener: socket.socket, http: str, loop: str) -> None:
    config = uvicorn.Config(make_app(), http=http, loop=loop, log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def serving(http: str, loop: str) -> Generator[int]:
    """Run the application under uvicorn in a process of its own; give its port."""
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
