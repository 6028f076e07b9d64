"""TCP connections to the first of a host's addresses that answers."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

import anyio

from .sockets import AnyioSocket, AsyncioSocket, Socket

_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)  # the latter on Windows
_STAGGER = 0.25  # seconds before the next address is tried as well

Address = tuple[socket.AddressFamily, tuple[object, ...]]


class _Closable(Protocol):
    def close(self) -> None: ...


S = TypeVar("S", bound=_Closable)
P = TypeVar("P", bound=asyncio.BaseProtocol)


async def connect(host: str, port: int) -> Socket:
    """Open a TCP connection, as `dial` does, on asyncio or trio."""

    async def to(address: Address) -> Socket:
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # not asyncio, so trio
            return AnyioSocket(await anyio.connect_tcp(str(address[1][0]), port))
        return await on_asyncio(address, AsyncioSocket)

    return await dial(host, port, to)


async def connected(address: Address) -> socket.socket:
    """Return a socket that is connected to an address, on asyncio.

    Raises:
        OSError: The address does not answer.
    """
    raw = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        raw.setblocking(False)
        # Not `sock_connect`: on uvloop it takes as long as all the rest.
        problem = raw.connect_ex(address[1])
        if problem in _UNDER_WAY:
            await _writable(raw)
            problem = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except BaseException:
        raw.close()
        raise
    if problem:
        raw.close()
        raise OSError(problem, os.strerror(problem))
    return raw


async def _writable(raw: socket.socket) -> None:
    """Wait until a connection stands or has failed, on asyncio."""
    loop, descriptor = asyncio.get_running_loop(), raw.fileno()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_writer(descriptor, _wake, ready)
    except NotImplementedError:  # on Windows
        # Elsewhere not this: it keeps the socket, the task and the loop for good if the loop is closed meanwhile.
        await anyio.wait_writable(raw)
        return
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def on_asyncio(address: Address, make: Callable[[socket.socket], P]) -> P:
    """Connect to one address, on asyncio, and return the protocol that `make` makes for the connected socket.

    Raises:
        OSError: The address does not answer.
    """
    raw = await connected(address)
    _, protocol = await asyncio.get_running_loop().create_connection(lambda: make(raw), sock=raw)
    return protocol


async def dial(host: str, port: int, to: Callable[[Address], Awaitable[S]]) -> S:
    """Open a connection, trying a host's addresses as RFC 8305 says.

    Args:
        host: A name or an address.
        port: The port.
        to: Connects to one address.

    Raises:
        OSError: The name has no address, or none answers.
    """
    try:
        addresses = await _look_up(host, port)
    except UnicodeError as e:  # what the idna codec says of a name that no resolver takes
        raise OSError("not a host name") from e
    return await (to(addresses[0]) if len(addresses) == 1 else race(addresses, to))


async def _look_up(host: str, port: int) -> tuple[Address, ...]:
    if addresses := _numeric(host, port):
        return addresses
    try:
        return _distinct(await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except RuntimeError:
        # In an exit handler, or in a thread that outlives the main one, Python cannot start a thread for this.
        return _distinct(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


@lru_cache(maxsize=64)
def _numeric(host: str, port: int) -> tuple[Address, ...]:
    """Return the address that a host is written as; nothing for a name."""
    try:
        return _distinct(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        return ()


def _distinct(
    found: Iterable[tuple[socket.AddressFamily, object, object, object, tuple[object, ...]]],
) -> tuple[Address, ...]:
    return tuple(dict.fromkeys((each[0], each[4]) for each in found))


async def race(addresses: Sequence[Address], to: Callable[[Address], Awaitable[S]]) -> S:
    """Connect to one of several addresses. The next is tried too when one fails or takes 250 ms.

    Raises:
        OSError: None answers; the first failure is raised.
    """
    # create_connection's own race can leak the socket of a cancelled winner; uvloop has no race.
    winners: list[S] = []
    errors: list[OSError] = []

    async def attempt(address: Address, failed: anyio.Event) -> None:
        try:
            winners.append(await to(address))
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
            winner.close()
        raise
    for loser in winners[1:]:
        loser.close()
    if not winners:
        raise errors[0]
    return winners[0]


def why(error: OSError) -> str:
    """Return the reason of a failure to connect, without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate was refused: {error.verify_message}"
    if isinstance(error.__cause__, OSError):
        return why(error.__cause__)  # anyio's own says only that every attempt failed
    if isinstance(error, ConnectionError) and error.errno is not None:
        return os.strerror(error.errno)  # asyncio's own text has the address in place of the reason
    if isinstance(error, ConnectionError) and not error.args:  # asyncio says no more than this
        return "the connection broke during the TLS handshake"
    return error.strerror or str(error) or type(error).__name__
