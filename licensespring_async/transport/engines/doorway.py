"""A connection before its first request: a proxy's CONNECT and TLS handshakes, on asyncio."""

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
    """Holds a connection until it is ready. Only a proxy that was asked may send anything on it.

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
        """The transport below.

        Raises:
            OSError: The peer has closed it, or has sent something unasked.
        """
        if self._heard or self._ended or self._transport is None:
            # Plaintext from before the handshake would pass for what the server says inside TLS.
            raise OSError("the peer closed the connection, or sent data before it was asked")
        return self._transport

    async def start_tls(self, context: ssl.SSLContext, host: str, onward: asyncio.Protocol | None = None) -> None:
        """Start TLS with the server or with a proxy.

        Args:
            context: TLS settings.
            host: The host that the certificate must be for.
            onward: The protocol that receives bytes from now on; None for this one.

        Raises:
            OSError: The handshake failed (`ssl.SSLError` is one).
        """
        self._transport = await self._loop.start_tls(self.transport, onward or self, context, server_hostname=host)

    async def ask_proxy(self, head: bytes) -> int:
        """Send a CONNECT request and return the status of the answer.

        Raises:
            OSError: It is not HTTP; or it consents, but is not complete, or bytes follow it.
        """
        self._answered = self._loop.create_future()
        self.transport.write(head)
        await self._answered
        status = _STATUS.match(self._heard)
        # A refusal may come with a page.
        if status is None or (status[1][:1] == b"2" and self._heard.find(b"\r\n\r\n") != len(self._heard) - 4):
            raise OSError("the proxy's answer is not valid HTTP")
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
