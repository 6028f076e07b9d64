"""What happens on a connection before a request may go over it: a proxy's consent and TLS handshakes, on asyncio."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from typing import cast

from .sockets import hang_up

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_LONGEST = 16 * 1024  # bytes of a proxy's answer


class Doorway(asyncio.Protocol):
    """Holds a connection until it stands; nobody may speak there but a proxy that was asked.

    Args:
        raw: The connected socket.
    """

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._heard = b""
        self._ended = False
        self._answered: asyncio.Future[None] | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """What the bytes go through.

        Raises:
            OSError: The peer has closed it, or has spoken though nobody asked.
        """
        if self._heard or self._ended or self._transport is None:
            # What came in the clear would pass for what the server says inside TLS.
            raise OSError("the peer closed the connection, or spoke before it was asked")
        return self._transport

    async def start_tls(self, context: ssl.SSLContext, host: str, onward: asyncio.Protocol | None = None) -> None:
        """Go on in TLS, with the server or with a proxy.

        Args:
            context: TLS settings; they are set to HTTP/1.1.
            host: Whose certificate it has to be.
            onward: What bytes go to from now on; None is this doorway.

        Raises:
            OSError: The handshake failed (`ssl.SSLError` is one).
        """
        context.set_alpn_protocols(["http/1.1"])
        self._transport = await self._loop.start_tls(self.transport, onward or self, context, server_hostname=host)

    async def ask_proxy(self, head: bytes) -> int:
        """Send a CONNECT request and return the status of the answer.

        Raises:
            OSError: It is not a whole answer and nothing but that.
        """
        self._answered = self._loop.create_future()
        self.transport.write(head)
        await self._answered
        status = _STATUS.match(self._heard)
        if status is None or self._heard.find(b"\r\n\r\n") != len(self._heard) - 4:
            raise OSError("the proxy's answer is not one of HTTP")
        self._heard = b""
        return int(status[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass of it

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if b"\r\n\r\n" in self._heard or len(self._heard) > _LONGEST:
            self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            hang_up(self._transport, self._loop, self.raw)
