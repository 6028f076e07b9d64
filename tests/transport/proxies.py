"""An authority of the tests' own, and a proxy."""

from __future__ import annotations

import ssl

import anyio
import trustme

from .loopback import Connection


class Pki:
    """A private authority, and a server certificate of it."""

    def __init__(self, *names: str) -> None:
        self.authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(self.server)  # pyright: ignore[reportUnknownMemberType]
        self.trusting = ssl.create_default_context()
        self.authority.configure_trust(self.trusting)  # pyright: ignore[reportUnknownMemberType]


async def tunnel(connection: Connection) -> None:
    """Do a proxy's work: CONNECT, then bytes both ways."""
    head = await connection.request()
    host, port = head.split(b" ")[1].split(b":")
    assert b"proxy-authorization: basic dXNlcjpwYXNz" in head.replace(b"Proxy-Auth", b"proxy-auth").replace(
        b"Basic", b"basic"
    )
    async with await anyio.connect_tcp(host.decode(), int(port)) as onward:
        await connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with anyio.create_task_group() as group:

            async def back() -> None:
                async for data in onward:
                    await connection.send(data)
                group.cancel_scope.cancel()

            group.start_soon(back)
            while True:
                await onward.send(await connection.raw())
