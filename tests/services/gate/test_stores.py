"""Stores that are slow, stuck, broken, or real."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import attrs
import pytest

from licensespring_async import ConnectionFailed
from licensespring_async.services import Grace, SqliteStore

from .scenes import CHECK, DOWN, NO, OK, SECRET, Drawer, Player, Scene, restarted, stored


def test_a_slow_store_keeps_nobody_waiting(play: Player) -> None:
    """Answers while a store is still writing, and has written before the gate is closed."""

    async def scenario(scene: Scene) -> None:
        class Slow(Drawer):
            async def set(self, key: str, value: bytes) -> None:
                await anyio.sleep(3)
                await super().set(key, value)

        store = Slow()
        began = anyio.current_time()
        async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
            await gate.allows(CHECK)
            assert anyio.current_time() - began < 2
        assert len(store.values) == 1

    play(scenario)


def test_a_store_that_hangs_does_not_keep_the_gate_open(play: Player) -> None:
    """Closes within seconds though the store never answers."""

    async def scenario(scene: Scene) -> None:
        class Stuck(Drawer):
            async def set(self, key: str, value: bytes) -> None:
                await anyio.sleep(3600)

        began = anyio.current_time()
        async with scene.gate(grace=Grace(hours=1, store=Stuck(), secret=SECRET)) as gate:
            await gate.allows(CHECK)
        assert anyio.current_time() - began < 10

    play(scenario)


class LostConnection(Exception):
    """What a database's client raises, which knows nothing of stores."""


@attrs.define
class Unwell(Drawer):
    """A store whose reads or writes fail with an error of its own."""

    failing: str = "set"

    async def get(self, key: str) -> bytes | None:
        if self.failing == "get":
            raise LostConnection("redis://user:password@host")
        return await super().get(key)

    async def set(self, key: str, value: bytes) -> None:
        if self.failing == "set":
            raise LostConnection("redis://user:password@host")
        await super().set(key, value)


@pytest.mark.parametrize("failing", ["get", "set"])
def test_a_store_that_fails_as_it_likes_is_done_without(
    play: Player, failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers on when a store raises an error of its own, and logs the error's class but not its text."""

    async def scenario(scene: Scene) -> None:
        grace = Grace(hours=1, store=Unwell(failing=failing), secret=SECRET)
        async with scene.gate(ttl=60, grace=grace) as gate:
            scene.service.answers = [DOWN]
            with pytest.raises(ConnectionFailed):
                await gate.allows(CHECK)
            for said in (OK, NO, OK):
                scene.service.answers = [said]
                assert bool(await gate.allows(CHECK)) is (said is OK)
                await anyio.sleep(60)
            scene.service.answers = [DOWN]
            assert (await gate.allows(CHECK)).source == "grace"

    play(scenario)
    assert "LostConnection" in caplog.text
    assert "password" not in caplog.text


def test_a_store_that_returns_text_is_done_without(play: Player) -> None:
    """Takes a record that is not bytes, as of a database client that decodes, for none."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)

        class Decoding(Drawer):
            async def get(self, key: str) -> bytes | None:
                return store.values[key].decode("latin-1")  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

        with pytest.raises(ConnectionFailed):
            await restarted(scene, Decoding())

    play(scenario)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_sqlite_works_in_a_forked_process(tmp_path: Path) -> None:
    """A process forked while another thread uses the file does not wait for that thread, which it does not have."""
    source = """
    import os, signal, sys, threading
    import anyio
    from licensespring_async.services import SqliteStore
    store = SqliteStore(sys.argv[1])
    begun = threading.Event()
    async def use():
        while True:
            await store.set("a", b"1")
            begun.set()
    threading.Thread(target=anyio.run, args=[use], daemon=True).start()
    begun.wait()
    for _ in range(20):
        if not (child := os.fork()):
            signal.alarm(20)
            print(anyio.run(store.get, "a"), flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    os._exit(0)
    """
    command = [sys.executable, "-c", textwrap.dedent(source), str(tmp_path / "answers.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (["b'1'"] * 20, "")


@pytest.mark.anyio
async def test_sqlite_keeps_values(tmp_path: Path) -> None:
    """A SQLite store gives back what was last set, to another store of the same file."""
    store = SqliteStore(tmp_path / "answers.db")
    assert await store.get("a") is None
    await store.set("a", b"1")
    await store.set("a", b"2")
    assert await SqliteStore(tmp_path / "answers.db").get("a") == b"2"
