"""One run of the sandbox's application: from a bound socket to a thread that has ended."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from .app import Api
from .effects import Protocol
from .errors import SandboxError

_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0
_BACKLOG: Final = 2048
_NOT_STARTED: Final = "the sandbox's server did not start; the log of uvicorn.error says why"


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket and listen on it at once, so that nobody who knows the port is refused a connection."""
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
        raise SandboxError(f"cannot listen on {host} port {port}: {error}; port 0 picks a free one") from error
    return listener


class Serving:
    """Answer on a listening socket, in a thread of its own (start, stop) or in the calling one (run).

    Args:
        api: What answers.
        listener: A socket that listens; it is closed at the end.
        on_ready: Called once, in the serving thread, when the first request can be answered.
        around: Wraps the application.
    """

    def __init__(
        self,
        api: Api,
        listener: socket.socket,
        on_ready: Callable[[], None],
        around: Callable[[ASGIApp], ASGIApp] = lambda application: application,
    ) -> None:
        self._listener = listener
        self._on_ready = on_ready
        self._settled = threading.Event()
        self._answers = False
        self._thread = threading.Thread(target=self._serve_apart, name="licensespring-sandbox", daemon=True)
        self._server = uvicorn.Server(
            uvicorn.Config(
                around(api.application(self._lifespan)),
                loop="asyncio",
                http=Protocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                backlog=_BACKLOG,
                # A client that paces itself below the default of 5 s would meet connections closing under it.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )

    def start(self) -> None:
        """Start the thread and wait until it answers, or raise SandboxError."""
        self._thread.start()
        self._settled.wait(_START_SECONDS)
        if not self._answers:
            self.stop()
            raise SandboxError(_NOT_STARTED)

    def stop(self) -> None:
        """Ask the thread to end and wait for it, for a bounded time."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)

    def run(self) -> None:
        """Answer in the calling thread, the main one, until SIGINT or SIGTERM."""
        # uvicorn restores the handlers that it found and raises the signal again: these take that second one.
        before = {number: signal.signal(number, self._ask_to_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._serve()
        except SystemExit as error:
            raise SandboxError(_NOT_STARTED) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _serve_apart(self) -> None:
        # uvicorn exits when the start fails, which would end a process and only litters a thread: start() reports it.
        with suppress(SystemExit):
            self._serve()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._listener.close()
            self._settled.set()

    def _ask_to_exit(self, _: int, __: FrameType | None) -> None:
        self._server.should_exit = True

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        self._on_ready()
        self._answers = True
        self._settled.set()
        yield
