"""Which of a host's addresses is connected to, on event loops whose time jumps."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import weakref

import anyio
import attrs
import pytest

from licensespring_async.transport.engines.connecting import Address, connect, connected, dial, race

from . import loopback, virtual
from .loopback import swallowing

on_both = pytest.mark.parametrize("backend", virtual.BACKENDS)


@attrs.define(eq=False)
class Connection:
    """One to an address."""

    host: str
    is_open: bool = True

    def close(self) -> None:
        self.is_open = False


class Network:
    """Hosts that answer, or refuse, after some seconds.

    Attributes:
        tried: When each host was tried.
        made: The connections that came about.
    """

    def __init__(self, **hosts: tuple[float, bool]) -> None:
        self.hosts = hosts
        self.tried: dict[str, float] = {}
        self.made: list[Connection] = []

    @property
    def addresses(self) -> list[Address]:
        return [(socket.AF_INET, (host, 80)) for host in self.hosts]

    async def connect(self, address: Address) -> Connection:
        host = str(address[1][0])
        self.tried[host] = anyio.current_time()
        seconds, answers = self.hosts[host]
        await anyio.sleep(seconds)
        if not answers:
            raise OSError(host)
        self.made.append(Connection(host))
        return self.made[-1]


@on_both
def test_the_first_address_is_enough(backend: str) -> None:
    """Tries no other address while the first one may still answer soon."""

    async def check() -> None:
        network = Network(first=(0.2, True), second=(0, True))
        assert (await race(network.addresses, network.connect)).host == "first"
        assert list(network.tried) == ["first"]

    virtual.run(backend, check)


@on_both
def test_a_slow_address_gets_company(backend: str) -> None:
    """Tries the next one beside it after 250 ms, and takes whichever answers first."""

    async def check() -> None:
        network, began = Network(slow=(60, True), quick=(1, True)), anyio.current_time()
        assert (await race(network.addresses, network.connect)).host == "quick"
        assert anyio.current_time() - began == pytest.approx(1.25)
        assert [each.host for each in network.made] == ["quick"]

    virtual.run(backend, check)


@on_both
def test_an_address_that_refuses_is_left_at_once(backend: str) -> None:
    """Goes on to the next one without waiting."""

    async def check() -> None:
        network, began = Network(dead=(0, False), alive=(0, True)), anyio.current_time()
        assert (await race(network.addresses, network.connect)).host == "alive"
        assert anyio.current_time() == began

    virtual.run(backend, check)


@on_both
def test_the_first_refusal_is_told(backend: str) -> None:
    """Raises what went wrong first when none answers."""

    async def check() -> None:
        network = Network(first=(1, False), second=(0, False))
        with pytest.raises(OSError, match="second"):
            await race(network.addresses, network.connect)
        assert set(network.tried) == {"first", "second"}

    virtual.run(backend, check)


@on_both
def test_of_two_winners_one_is_closed(backend: str) -> None:
    """Leaves one connection open when two addresses answer at the same moment."""

    async def check() -> None:
        network = Network(first=(1.25, True), second=(1, True))
        winner = await race(network.addresses, network.connect)
        assert [each for each in network.made if each.is_open] == [winner]

    virtual.run(backend, check)


@on_both
@pytest.mark.parametrize("moment", [0, 0.25, 0.5, 1, 1.25])
def test_a_cancelled_race_leaves_nothing_open(backend: str, moment: float) -> None:
    """Closes whatever has come about, whenever it is cancelled."""

    async def check() -> None:
        network = Network(first=(1.25, True), second=(1, True))
        winner = None
        with anyio.move_on_after(moment):
            winner = await race(network.addresses, network.connect)
        assert [each for each in network.made if each.is_open] == ([winner] if winner else [])

    virtual.run(backend, check)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
@pytest.mark.anyio
async def test_what_is_not_a_host_name(host: str) -> None:
    """Raises an OSError for a name that no resolver takes."""
    network = Network()
    with pytest.raises(OSError, match="not a host name"):
        await dial(host, 80, network.connect)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue of connections refuses")
@pytest.mark.parametrize("library", ["asyncio", "uvloop"])
def test_a_loop_that_is_closed_meanwhile_keeps_nothing(library: str) -> None:
    """Lets go of the task, and so of its socket, when its loop is closed while a connection is opened."""
    loop = pytest.importorskip(library).new_event_loop()
    with swallowing() as port:
        task = loop.create_task(connected((socket.AF_INET, ("127.0.0.1", port))))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        kept = weakref.ref(task)
        del loop, task
        gc.collect()

    assert kept() is None


@pytest.mark.anyio
async def test_what_comes_before_the_request_is_no_answer() -> None:
    """Sends no request to a server that has already said something: the next answer would be that."""

    async def handle(connection: loopback.Connection) -> None:
        await connection.send(loopback.ok(b"forged"))
        await connection.until_gone()

    async with loopback.serving(handle) as server:
        stream = await connect("127.0.0.1", server.port)
        stream.begin()
        with anyio.fail_after(5):
            while stream.is_quiet():  # noqa: ASYNC110  # the kernel sets no event
                await anyio.sleep(0.001)
        with pytest.raises(OSError, match="before it was asked"):
            await stream.send(b"GET / HTTP/1.1\r\n\r\n")
        assert not stream.wrote
        stream.close()
