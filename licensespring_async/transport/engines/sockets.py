"""Byte streams that report three things that those of httpcore do not.

Whether anything was written (if not, a failed request was never sent); what was read (so that surplus bytes after an
answer are found); and whether anything arrived unasked (so that such a connection is not reused).
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections import deque
from typing import Protocol, cast

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

_SLICE = 8 * 1024  # bytes handed on at once: parsing them must not block the event loop
_AHEAD = 128 * 1024  # bytes that may wait to be received before the peer has to wait itself
_REMEMBERED = 2**20  # bytes of an exchange that are kept; a longer answer ends its connection


class Socket(Protocol):
    """A connected byte stream; errors are OSError (ssl.SSLError included)."""

    wrote: bool
    received: bytearray

    async def receive(self) -> bytes:
        """Return the next bytes, or b"" at the end."""
        ...

    async def send(self, data: bytes) -> None:
        """Write all of `data`."""
        ...

    async def start_tls(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        """Start TLS."""
        ...

    def is_quiet(self) -> bool:
        """Return whether the peer has not closed, and has sent nothing that was not received."""
        ...

    def begin(self) -> None:
        """Forget what was written and received; a new exchange starts."""
        ...

    def rest(self) -> None:
        """Expect no bytes until the next `begin`."""
        ...

    def close(self) -> None:
        """Close at once, without a TLS goodbye; works on any event loop."""
        ...


def is_silent(raw: socket.socket) -> bool:
    """Return whether a non-blocking socket has nothing to read, not even its end."""
    if hasattr(select, "poll"):  # half as dear as an exception; Windows has none
        poll = select.poll()
        try:
            poll.register(raw, select.POLLIN)
        except ValueError:  # it is closed
            return False
        return not poll.poll(0)
    try:
        raw.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def hang_up(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, raw: socket.socket) -> None:
    """Close a transport of `loop` at once, whatever event loop runs now."""
    try:
        is_at_home = asyncio.get_running_loop() is loop
    except RuntimeError:
        is_at_home = False
    if is_at_home:
        transport.abort()
        return
    try:
        loop.call_soon_threadsafe(transport.abort)
    except RuntimeError:  # it is closed, and closes nothing any more
        raw.close()


async def hear_the_handshake() -> None:
    """Let a protocol of asyncio hear what came with the end of a TLS handshake: uvloop hands it on one turn later."""
    await asyncio.sleep(0)


class AsyncioSocket(asyncio.Protocol):
    """A stream on a bare asyncio transport, which tells at once when the peer closes or sends something unasked."""

    def __init__(self, raw: socket.socket) -> None:
        self.wrote = False
        self.received = bytearray()
        self._raw = raw
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._waiting = 0  # bytes in `_chunks`
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self._ended = False
        self._error: Exception | None = None
        self._idle = False
        self._wakeup: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._waiting += len(data)
        if self._transport is not None:
            if self._idle:
                # Unasked; buffering it would let a peer fill the memory of an idle client.
                self._transport.abort()
            elif self._waiting > _AHEAD and not self._paused:
                # A peer that sends faster than we read would fill the memory of a busy one.
                self._paused = True
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    async def receive(self) -> bytes:
        if self._chunks and self.received:
            await asyncio.sleep(0)  # a fast peer never makes us wait, and the deadline must get a chance
        while not self._chunks:
            if self._error is not None:
                raise OSError(str(self._error)) from self._error
            if self._ended:
                return b""
            self._wakeup = self._loop.create_future()
            await self._wakeup
        data = self._chunks.popleft()
        if len(data) > _SLICE:
            self._chunks.appendleft(data[_SLICE:])
            data = data[:_SLICE]
        self._waiting -= len(data)
        if self._paused and self._waiting <= _AHEAD and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        if len(self.received) < _REMEMBERED:
            self.received += data
        return data

    async def send(self, data: bytes) -> None:
        if self._transport is None or self._ended or self._transport.is_closing():
            raise ConnectionResetError("the peer has closed the connection")
        if self._chunks and not self.wrote:
            raise ConnectionResetError("the peer sent data before it was asked")
        self.wrote = True
        self._transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()

    async def start_tls(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        assert self._transport is not None  # noqa: S101
        if self._chunks or self._ended:
            # Plaintext from before the handshake would pass for what the server says inside TLS.
            raise OSError("the peer sent data before the TLS handshake")
        self._transport = await self._loop.start_tls(self._transport, self, context, server_hostname=server_hostname)
        await hear_the_handshake()

    def is_quiet(self) -> bool:
        # A busy event loop may not have noticed yet.
        return not self._chunks and not self._ended and is_silent(self._raw)

    def begin(self) -> None:
        self._idle = False
        self.wrote = False
        self.received = bytearray()

    def rest(self) -> None:
        self._idle = True

    def close(self) -> None:
        self._ended = True
        if self._transport is not None:
            hang_up(self._transport, self._loop, self._raw)


class AnyioSocket:
    """A stream on anyio's streams, for trio."""

    def __init__(self, stream: ByteStream) -> None:
        self.wrote = False
        self.received = bytearray()
        self._stream = stream
        self._raw = stream.extra(SocketAttribute.raw_socket)

    async def receive(self) -> bytes:
        try:
            data = await self._stream.receive(_SLICE)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as e:
            raise OSError("the connection broke") from e
        if len(self.received) < _REMEMBERED:
            self.received += data
        return data

    async def send(self, data: bytes) -> None:
        # Inside TLS, what waits in the socket may be the handshake's; `start_tls` has looked for the rest.
        if not self.wrote and self._tls is None and not is_silent(self._raw):
            raise ConnectionResetError("the peer closed the connection, or sent data before it was asked")
        self.wrote = True
        try:
            await self._stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as e:
            raise OSError("the connection broke") from e

    async def start_tls(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        try:
            self._stream = await TLSStream.wrap(
                self._stream, hostname=server_hostname, ssl_context=context, standard_compatible=False
            )
        except (anyio.BrokenResourceError, anyio.EndOfStream) as e:
            raise OSError("the connection broke during the TLS handshake") from e
        if self._holds_data():
            raise OSError("the peer sent data before it was asked")

    @property
    def _tls(self) -> ssl.SSLObject | None:
        return self._stream.extra(TLSAttribute.ssl_object, None)

    def is_quiet(self) -> bool:
        return not self._holds_data() and is_silent(self._raw)

    def _holds_data(self) -> bool:
        """Return whether decrypted or undecrypted bytes wait inside the TLS object, where no poll sees them."""
        if self._tls is None:
            return False
        try:
            self._tls.read(1)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            pass
        return True

    def begin(self) -> None:
        self.wrote = False
        self.received = bytearray()

    def rest(self) -> None:
        """Do nothing: the next `is_quiet` looks at the socket itself."""

    def close(self) -> None:
        self._raw.close()  # not in the stream's way, which is for its own event loop; nothing waits for it
