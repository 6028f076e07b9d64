"""One run of the sandbox's application, from binding the socket to the end of the thread."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, Self

import attrs
import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from ..errors import SandboxError
from ..steering.effects import Protocol

_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0
_LAST_ANSWERS_SECONDS: Final = 1.0
_BACKLOG: Final = 2048
# "All addresses" is none that a client can call.
_REACHED_BY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def address(host: str, port: int) -> str:
    """Return the address at which this machine's clients reach a server that listens on a host and a port."""
    host = _REACHED_BY.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket and listen at once, so that every client that knows the port can connect."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows the option would let two servers share the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        advice = "" if isinstance(error, socket.gaierror) else "; port 0 picks a free one"
        raise SandboxError(f"cannot listen on {host} port {port}: {reason}{advice}") from error
    return listener


class Serving:
    """A server on a listening socket, in its own thread (start, stop) or in the calling one (run).

    It uses only uvicorn's protocol: stopping uvicorn's server takes a quarter of a second, in every test.

    Args:
        application: The application to serve.
        listener: A listening socket; it is closed at the end.
        on_ready: Called once, in the serving thread, when the server is ready.
    """

    def __init__(self, application: ASGIApp, listener: socket.socket, on_ready: Callable[[], None]) -> None:
        self._listener = listener
        self._on_ready = on_ready
        self._settled = threading.Event()
        self._failure: Exception | None = None
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve_apart, name="licensespring-sandbox", daemon=True)
        self._config = uvicorn.Config(
            application,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            # Access control relies on the client's address, and anyone can send such a header.
            proxy_headers=False,
            # With the default of 5 s, connections would close under a client that sends less often.
            timeout_keep_alive=75,
        )

    def start(self) -> None:
        """Start the thread and wait until it serves, or raise SandboxError."""
        self._thread.start()
        if not self._settled.wait(_START_SECONDS) or self._failure is not None:
            self.stop()
            raise _not_started(self._failure) from self._failure

    def stop(self) -> None:
        """Ask the thread to end, and wait for at most five seconds."""
        self._ask_to_exit()
        self._thread.join(_STOP_SECONDS)

    def run(self) -> None:
        """Serve in the main thread until SIGINT or SIGTERM."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._interrupted) for number in signals}
        try:
            self._serve()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._failure is not None:
            raise _not_started(self._failure) from self._failure

    def _serve_apart(self) -> None:
        try:
            self._serve()
        finally:
            self._settled.set()

    def _serve(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._answer_until_stopped())
        finally:
            self._listener.close()

    async def _answer_until_stopped(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._config.load()
        state = ServerState()

        def protocol() -> Protocol:
            return Protocol(config=self._config, server_state=state, app_state={})

        server = await loop.create_server(protocol, sock=self._listener, backlog=_BACKLOG)
        try:
            if not self._is_ready():
                return
            await self._stopped.wait()
        finally:
            server.close()
            await _finish(state)

    def _is_ready(self) -> bool:
        try:
            self._on_ready()
        except Exception as error:  # noqa: BLE001  # start() or run() raises it
            self._failure = error
        self._settled.set()
        return self._failure is None

    def _interrupted(self, _: int, __: FrameType | None) -> None:
        self._ask_to_exit()

    def _ask_to_exit(self) -> None:
        if self._loop is None:
            self._stopped.set()
            return
        with suppress(RuntimeError):  # the loop has already ended
            self._loop.call_soon_threadsafe(self._stopped.set)


@attrs.frozen(kw_only=True)
class Run:
    """A running server and its address."""

    serving: Serving
    url: str

    @classmethod
    def of(cls, application: ASGIApp, host: str, port: int, on_ready: Callable[[], None]) -> Self:
        """Prepare a run; SandboxError if the port is taken."""
        listener = listen(host, port)
        url = address(host, listener.getsockname()[1])
        return cls(serving=Serving(application, listener, on_ready), url=url)


async def _finish(state: ServerState) -> None:
    """Give pending answers a second to finish, then abort their connections."""
    for connection in tuple(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(tuple(state.tasks), timeout=_LAST_ANSWERS_SECONDS)
    for connection in tuple(state.connections):
        connection.transport.abort()
    if state.tasks:  # their clients are now disconnected, which ends waits such as a delay
        await asyncio.wait(tuple(state.tasks), timeout=_LAST_ANSWERS_SECONDS)


def _not_started(failure: Exception | None) -> SandboxError:
    return SandboxError(f"the sandbox's server did not start: {failure or 'it took too long'}")
