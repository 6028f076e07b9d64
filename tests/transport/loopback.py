"""A server of raw bytes on a loopback socket, in the test's own event loop."""

from __future__ import annotations

import gc
import os
import socket
import ssl
import struct
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

import anyio
import attrs
import pytest
from anyio.abc import AnyByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener

BODY = b'{"a": 1}'
UVLOOP = ("asyncio", {"use_uvloop": True})
LOOPS = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(
        UVLOOP,
        id="uvloop",
        marks=pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows"),
    ),
    pytest.param("trio", id="trio"),
]


def ok(body: bytes = BODY, *headers: str) -> bytes:
    """Return a whole answer."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """The server's side of one connection."""

    def __init__(self, stream: AnyByteStream) -> None:
        self._stream = stream
        self._buffered = BufferedByteReceiveStream(stream)

    async def request(self) -> bytes:
        """Return the next request, head and body."""
        head = await self._buffered.receive_until(b"\r\n\r\n", 65536) + b"\r\n\r\n"
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + (await self._buffered.receive_exactly(int(length[0].split(b":")[1])) if length else b"")

    async def raw(self) -> bytes:
        """Return the next bytes, whatever they are."""
        return await self._buffered.receive()

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._stream.send(data)

    async def close(self) -> None:
        """Close in good order."""
        await self._stream.aclose()

    def finish(self, data: bytes) -> None:
        """Send the last bytes and the end in one go, without a turn of the event loop in between."""
        raw = self._stream.extra(SocketAttribute.raw_socket)
        with socket.socket(fileno=os.dup(raw.fileno())) as same:
            same.sendall(data)
            same.shutdown(socket.SHUT_WR)

    async def reset(self) -> None:
        """Close without a farewell: the client's next read fails with "connection reset"."""
        raw = self._stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        await self._stream.aclose()

    async def until_gone(self) -> None:
        """Wait until the client closes."""
        with anyio.move_on_after(5) as scope:
            try:
                while True:
                    await self._buffered.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
        assert not scope.cancelled_caught, "the client did not close its connection"


Handler = Callable[[Connection], Awaitable[None]]


@attrs.define
class Server:
    """Where it listens, and what has come.

    Attributes:
        connections: How many were accepted.
        open: How many are open now.
        requests: Every request, in order.
    """

    port: int
    scheme: str = "http"
    connections: int = 0
    open: int = 0
    requests: list[bytes] = attrs.field(factory=list[bytes])

    @property
    def origin(self) -> str:
        """What a client takes as its base_url."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """An address to ask."""
        return f"{self.origin}/api/v4/x?a=%20b"

    async def until_closed(self) -> None:
        """Wait until no connection is open."""
        with anyio.fail_after(5):
            while self.open:  # noqa: ASYNC110  # nobody sets an event when the other side of a socket is gone
                await anyio.sleep(0.001)


def answering(*answers: bytes) -> Handler:
    """Return a handler that gives these answers on each connection, the last one for ever."""

    async def handle(connection: Connection) -> None:
        left = list(answers)
        while True:
            await connection.request()
            await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return handle


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    """Serve each connection with `handler` while the context is entered."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=1024)
    port = listener.extra(SocketAttribute.local_port)
    server = Server(port, "http" if context is None else "https")

    async def accept(stream: AnyByteStream) -> None:
        server.connections += 1
        server.open += 1
        connection = _Recording(stream, server)
        try:
            async with stream:
                await handler(connection)
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        finally:
            server.open -= 1

    served = listener if context is None else _Listener(listener, context, standard_compatible=False)
    async with served, anyio.create_task_group() as group:
        group.start_soon(served.serve, accept)
        try:
            yield server
        finally:
            group.cancel_scope.cancel()


class _Recording(Connection):
    def __init__(self, stream: AnyByteStream, server: Server) -> None:
        super().__init__(stream)
        self._server = server

    async def request(self) -> bytes:
        request = await super().request()
        self._server.requests.append(request)
        return request


class _Listener(TLSListener):
    @staticmethod
    async def handle_handshake_error(exc: BaseException, stream: AnyByteStream) -> None:  # noqa: ARG004
        """Close quietly: a handshake that the client breaks off is what some tests want to see."""
        await anyio.aclose_forcefully(stream)


@contextmanager
def serving_in_threads(answer: bytes) -> Generator[int]:
    """Yield a port where threads give every request this answer: connections stay open whatever loop ends."""

    def handle(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                connection.sendall(answer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=handle, args=[connection], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def swallowing() -> Generator[int]:
    """A port whose connections neither stand nor fail."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers: list[socket.socket] = []
        try:
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(address)
                fillers.append(filler)
            yield address[1]
        finally:
            for filler in fillers:
                filler.close()


def open_sockets() -> int:
    """Count the sockets of this process, where Linux lists them."""
    gc.collect()
    return sum(_link(each).startswith("socket:") for each in Path("/proc/self/fd").iterdir())


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
