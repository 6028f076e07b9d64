"""A server that refuses every license, and records when each device was checked."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Generator
from typing import Any

import attrs

REFUSAL = b'{"status":400,"code":"license_not_found","message":"no"}'
ANSWER = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(REFUSAL), REFUSAL)
DEVICE = re.compile(rb"[?&]hardware_id=([^& ]*)")


@attrs.define
class Arrivals:
    """The server's address, and its requests: monotonic seconds and device."""

    url: str = ""
    log: list[tuple[float, bytes]] = attrs.field(factory=list)


class Refusing(asyncio.Protocol):
    """Refuses and records every request."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals, self.buffer = arrivals, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            found = DEVICE.search(head)
            self.arrivals.log.append((time.monotonic(), found[1] if found else b""))
            self.transport.write(ANSWER)


@contextlib.contextmanager
def listening() -> Generator[Arrivals]:
    """Run the server in a thread."""
    arrivals, ready = Arrivals(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = await loop.create_server(lambda: Refusing(arrivals), "127.0.0.1", 0, backlog=4096)
        arrivals.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield arrivals
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
