"""Rows from a stream."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import anyio
import pytest

from licensespring_async import ConfigurationError
from licensespring_async.cli.fleet.feed import feed
from licensespring_async.fleet import InvalidRow


def numbered(count: int) -> Iterator[InvalidRow]:
    return (InvalidRow(row=number, reason="") for number in range(1, count + 1))


def test_every_row_arrives_in_order() -> None:
    """More rows than are read ahead come through unchanged."""

    async def collect() -> list[int]:
        async with feed(numbered(2500)) as rows:
            return [row.row async for row in rows]

    assert anyio.run(collect) == list(range(1, 2501))


def test_a_stream_that_pauses_does_not_pause_the_loop() -> None:
    """Other tasks run while the thread waits for its next row."""
    more = threading.Event()

    def pausing() -> Iterator[InvalidRow]:
        yield InvalidRow(row=1, reason="")
        assert more.wait(10)
        yield InvalidRow(row=2, reason="")

    arrived: list[int] = []

    async def collect() -> None:
        async with feed(pausing()) as rows, anyio.create_task_group() as group:
            arrived.append((await anext(rows)).row)
            group.start_soon(anyio.to_thread.run_sync, more.set)
            arrived.append((await anext(rows)).row)

    anyio.run(collect)
    assert arrived == [1, 2]


@pytest.mark.parametrize("error", [ConfigurationError("no columns"), ZeroDivisionError("no columns")])
def test_an_error_of_the_stream_is_raised_where_it_is_read(error: Exception) -> None:
    """A stream that cannot be read ends the run with its reason, whatever that is: it never hangs."""

    def broken() -> Iterator[InvalidRow]:
        yield InvalidRow(row=1, reason="")
        raise error

    async def collect() -> None:
        async with feed(broken()) as rows:
            await anext(rows)
            with pytest.raises(type(error), match="no columns"):
                await anext(rows)

    anyio.run(collect)


def test_the_thread_ends_when_nobody_listens_any_more() -> None:
    """A run that is over does not leave a thread reading for ever."""
    more = threading.Event()
    threads: list[threading.Thread] = []

    def pausing() -> Iterator[InvalidRow]:
        threads.append(threading.current_thread())
        yield InvalidRow(row=1, reason="")
        assert more.wait(10)
        yield InvalidRow(row=2, reason="")
        pytest.fail("read on")

    async def leave() -> None:
        async with feed(pausing()) as rows:
            await anext(rows)

    anyio.run(leave)
    more.set()
    threads[0].join(10)
    assert not threads[0].is_alive()
