"""TCP connections, to the first of a host's addresses that answers."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import anyio

from .sockets import AnyioSocket, AsyncioSocket, Socket

_STAGGER = 0.25  # seconds before the next address is tried as well


async def connect(host: str, port: int) -> Socket:
    """Open a TCP connection, trying addresses as RFC 8305 says.

    Raises:
        OSError: No address answered.
    """
    try:
        return await _connect(host, port)
    except UnicodeError as e:  # what the idna codec says of a name that no resolver takes
        raise OSError("not a host name") from e


async def _connect(host: str, port: int) -> Socket:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # not asyncio, so trio
        stream = await anyio.connect_tcp(host, port, happy_eyeballs_delay=_STAGGER)
        return AnyioSocket(stream)
    if _is_address(host):
        return await _connect_to(host, port)
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    return await _race(addresses, port)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _connect_to(address: str, port: int) -> AsyncioSocket:
    _, protocol = await asyncio.get_running_loop().create_connection(AsyncioSocket, address, port)
    return protocol


async def _race(addresses: list[str], port: int) -> AsyncioSocket:
    # create_connection's own race can leak the socket of a winner that is cancelled; and uvloop's has none.
    winners: list[AsyncioSocket] = []
    errors: list[OSError] = []

    async def attempt(address: str, failed: anyio.Event) -> None:
        try:
            winners.append(await _connect_to(address, port))
        except OSError as e:
            errors.append(e)
            failed.set()
        else:
            group.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                failed = anyio.Event()
                group.start_soon(attempt, address, failed)
                with anyio.move_on_after(_STAGGER):
                    await failed.wait()
    except BaseException:
        for winner in winners:
            await winner.abort()
        raise
    for loser in winners[1:]:
        await loser.abort()
    if not winners:
        raise errors[0]
    return winners[0]
