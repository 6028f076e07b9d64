"""What a fault does to an answer. Four effects need the connection itself; the protocol class provides it."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from email.utils import formatdate, parsedate_to_datetime
from functools import cache
from typing import cast

import anyio
import attrs
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ...signing import Signer
from ..wire.refusals import error_body
from .faults import Fault, Met

_TRANSPORT = "licensespring_async.sandbox.transport"
_BOMB_BYTES = 100_000_000
_DAY = 86_400
_LARGEST_HEAD = 64 * 1024  # bytes


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 that puts the connection into the scope's state and limits the size of a request's head."""

    _head = 0
    _held = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Store the connection for its requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}

    def data_received(self, data: bytes) -> None:
        """Read bytes; the parser holds back a header that has not ended, however long it is."""
        self._held += len(data)
        super().data_received(data)
        if self._held > _LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The address and the headers are too long.")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._held = 0
        super().on_message_complete()

    def on_message_begin(self) -> None:
        """Start counting the bytes of a request's address and headers."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a piece of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name + value)
        super().on_header(name, value)

    def _count(self, piece: bytes) -> None:
        self._held = 0
        self._head += len(piece)
        if self._head > _LARGEST_HEAD:
            raise ValueError("the address and the headers are too long")  # uvicorn answers it with 400


@attrs.define
class Answer:
    """An answer that is collected, so that a fault can change it before it is sent."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = attrs.field(factory=list[tuple[bytes, bytes]])
    body: bytes = b""

    async def collect(self, message: Message) -> None:
        """Collect one message of the application."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")

    def put(self, name: bytes, value: str | None) -> None:
        """Replace a header; None removes it."""
        self.headers = [header for header in self.headers if header[0].lower() != name]
        if value is not None:
            self.headers.append((name, value.encode()))

    def put_body(self, body: bytes) -> None:
        """Replace the body and its Content-Length."""
        self.body = body
        self.put(b"content-length", str(len(body)))

    async def send(self, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class Effects:
    """Carries faults out.

    Args:
        signer: Signs changed bodies as the sandbox does.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._stranger = cache(Signer)  # generating a key takes a good part of a second

    async def carry_out(self, met: Met, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a collected answer as the fault demands."""
        fault = met.fault
        match fault.effect:
            case "latency":
                await _pause(met.delay, receive)
            case "dribble":
                return await _in_pieces(answer, fault.size, fault.seconds, receive, send)
            case "slice":
                return await _in_pieces(answer, fault.size, 0.0, receive, send)
            case "cut" | "reset" | "empty" | "malformed-chunk":
                return await _break(fault, answer, scope, receive)
            case _:
                self._change(fault, answer)
        await answer.send(send)
        return None

    def _change(self, fault: Fault, answer: Answer) -> None:
        match fault.effect:
            case "error":
                answer.status = fault.status
                answer.put(b"content-type", "text/html" if fault.html else "application/json; charset=utf-8")
                answer.put(b"retry-after", fault.retry_after)
                answer.put_body(_error_body(fault))
            case "gzip-bomb":
                answer.put(b"content-encoding", "gzip")
                answer.put_body(_bomb())
            case "bad-json":
                answer.put_body(answer.body[:-1])
                answer.put(b"licensesignature", self._signer.sign(answer.body))
            case "redirect":
                answer.status = 302
                answer.put(b"location", fault.location)
            case "stale-age":
                date = dict(answer.headers)[b"date"].decode()
                answer.put(b"date", formatdate(parsedate_to_datetime(date).timestamp() - _DAY, usegmt=True))
                answer.put(b"age", str(_DAY))
            case "wrong-key":
                answer.put(b"licensesignature", self._stranger().sign(answer.body))
            case "missing-signature":
                answer.put(b"licensesignature", None)
            case _:  # stale-signature: the right key over another body
                answer.put(b"licensesignature", self._signer.sign(answer.body + b"\n"))


def _error_body(fault: Fault) -> bytes:
    if fault.html:
        return b"<html><body><h1>%d</h1></body></html>" % fault.status
    return error_body(fault.status, fault.sent_code, "A fault.")


async def _pause(seconds: float, receive: Receive) -> None:
    """Wait, but return at once if the client disconnects, so that a stopping sandbox need not cancel the wait."""
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _in_pieces(answer: Answer, size: int, seconds: float, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    for start in range(0, len(answer.body), size):
        await send({"type": "http.response.body", "body": answer.body[start : start + size], "more_body": True})
        await _pause(seconds, receive)
    await send({"type": "http.response.body", "body": b""})


async def _break(fault: Fault, answer: Answer, scope: Scope, receive: Receive) -> None:
    transport = cast("asyncio.Transport | None", scope.get("state", {}).get(_TRANSPORT))
    if transport is None:
        # Without a socket, the caller is in this process.
        raise ConnectionResetError(f"the sandbox's fault {fault.effect}")
    if fault.effect == "reset":
        # With a linger of zero seconds, the system sends RST instead of FIN.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.write(_broken(fault, answer))
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _broken(fault: Fault, answer: Answer) -> bytes:
    if fault.effect == "empty":
        return b""
    if fault.effect == "malformed-chunk":
        answer.put(b"content-length", None)
        answer.put(b"transfer-encoding", "chunked")
        content = b"zz\r\n" + answer.body
    else:
        content = answer.body[: len(answer.body) // 2]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in answer.headers)
    return b"HTTP/1.1 %d Sandbox\r\n%s\r\n%s" % (answer.status, lines, content)


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(_BOMB_BYTES), compresslevel=1)
