"""Whether a connection is silent, which decides whether it carries another request."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

import pytest

from licensespring_async.transport.engines.sockets import is_silent

Pair = tuple[socket.socket, socket.socket]


def pair() -> Pair:
    """Both ends of a TCP connection; the first does not block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    ours.setblocking(False)
    return ours, theirs


def test_an_open_connection_is_silent() -> None:
    """Says yes while the peer says nothing."""
    ours, theirs = pair()
    with ours, theirs:
        assert is_silent(ours)


def say(theirs: socket.socket) -> None:
    theirs.send(b"x")


def end(theirs: socket.socket) -> None:
    theirs.close()


def reset(theirs: socket.socket) -> None:
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()


@pytest.mark.parametrize("act", [say, end, reset])
def test_whatever_the_peer_does_is_noticed(act: Callable[[socket.socket], None]) -> None:
    """Says no after data, an end or a reset that nobody has read."""
    ours, theirs = pair()
    with ours, theirs:
        act(theirs)
        until = time.monotonic() + 5
        while is_silent(ours):
            assert time.monotonic() < until


def test_a_closed_socket_is_not_silent() -> None:
    """Says no about a socket that was closed on this side."""
    ours, theirs = pair()
    with theirs:
        ours.close()
        assert not is_silent(ours)
