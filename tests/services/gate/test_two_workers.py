"""Two workers that share a store: a refusal that one was told counts for the other, whatever becomes of its own yes."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import attrs
import pytest

from licensespring_async import ApiKey, ClientCredentials, ConnectionFailed, LicenseSpring
from licensespring_async.services import Decision, Grace, LicenseGate, SqliteStore, Store, StoreError

from ...fakes import ScriptedEngine, client
from ...unit.fakes import VirtualTime
from ...unit.keys import Signer
from .scenes import CHECK, DOWN, NO, OK, SECRET, Drawer

pytestmark = pytest.mark.anyio

Opened = Callable[[], Store]


@pytest.fixture(params=["a store of the caller's", "SQLite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens the one store that all workers share."""
    drawer = Drawer()
    return (lambda: SqliteStore(tmp_path / "answers.db")) if request.param == "SQLite" else lambda: drawer


@attrs.define
class Worker:
    """A gate in a process of its own; `hears` sets what its service answers."""

    store: Store
    time: VirtualTime
    engine: ScriptedEngine = attrs.field(factory=ScriptedEngine)
    client: LicenseSpring = attrs.field(init=False)
    gate: LicenseGate = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.client = client(self.engine, self.time.clock)
        self.restart()

    def restart(self) -> None:
        """Forget all that is in memory."""
        grace = Grace(hours=10, store=self.store, secret=SECRET)
        self.gate = LicenseGate(self.client, ttl=60, grace=grace, clock=self.time.clock, random=lambda: 0.0)

    async def hears(self, answer: object) -> Decision:
        """Ask a minute later than before, when nothing in memory stands, and have the answer stored."""
        self.time.now += 61
        self.engine.answers = [answer]  # type: ignore[list-item]
        async with self.gate as gate:
            return await gate.allows(CHECK)


@attrs.define
class Written:
    """A store that counts what was written, so that a test can wait for it."""

    store: Store
    writes: int = 0

    async def get(self, key: str) -> bytes | None:
        return await self.store.get(key)

    async def set(self, key: str, value: bytes) -> None:
        await self.store.set(key, value)
        self.writes += 1


@attrs.define
class Remembering(Worker):
    """A worker whose gate stays open, and has a memory; what it stores of a yes is stored when it has heard it."""

    written: Written = attrs.field(init=False)

    def restart(self) -> None:
        self.store = self.written = Written(self.store)
        super().restart()

    async def hears(self, answer: object) -> Decision:
        self.time.now += 61
        self.engine.answers = [answer]  # type: ignore[list-item]
        before = self.written.writes
        decision = await self.gate.allows(CHECK)
        with anyio.fail_after(5):
            while answer is OK and self.written.writes == before:  # noqa: ASYNC110  # the store is in a thread
                await anyio.sleep(0.001)
        return decision


@attrs.define
class Losing(Drawer):
    """A store that cannot be read any more."""

    is_lost: bool = False

    async def get(self, key: str) -> bytes | None:
        if self.is_lost:
            raise StoreError("gone")
        return await super().get(key)


async def test_a_refusal_counts_for_the_other(opened: Opened) -> None:
    """Gives no grace for an older yes in memory, and writes none back, once another worker was told no."""
    time = VirtualTime()
    here, there = Remembering(opened(), time), Worker(opened(), time)
    assert await there.hears(OK)
    async with here.gate:
        assert await here.hears(OK)
        there.restart()
        assert not await there.hears(NO)

        for _ in range(3):
            decision = await here.hears(DOWN)
            assert (bool(decision), decision.code, decision.source) == (False, "license_not_found", "grace")

    there.restart()
    assert not await there.hears(DOWN)


async def test_a_refusal_of_the_other_is_remembered() -> None:
    """Gives no grace for the older yes of its own memory once the refusal was read, though it can be read no more."""
    time, store = VirtualTime(), Losing()
    here, there = Remembering(store, time), Worker(store, time)
    assert await there.hears(OK)
    async with here.gate:
        assert await here.hears(OK)
        there.restart()
        assert not await there.hears(NO)
        assert not await here.hears(DOWN)
        store.is_lost = True
        assert not await here.hears(DOWN)


async def test_a_later_yes_counts_for_the_other(opened: Opened) -> None:
    """Gives grace again for a yes that is later than the refusal."""
    time = VirtualTime()
    here, there = Remembering(opened(), time), Worker(opened(), time)
    assert await there.hears(OK)
    async with here.gate:
        assert await here.hears(OK)
        for said in (NO, OK):
            there.restart()
            assert bool(await there.hears(said)) is (said is OK)

        assert (await here.hears(DOWN)).source == "grace"
    there.restart()
    assert await there.hears(DOWN)


async def test_an_older_yes_is_not_written_back() -> None:
    """Says no though each record of the yes was written back over the refusal, or a record of it was lost."""
    time, drawer = VirtualTime(), Drawer()
    worker = Worker(drawer, time)
    assert await worker.hears(OK)
    before = dict(drawer.values)
    worker.restart()
    assert not await worker.hears(NO)
    after = dict(drawer.values)

    for key in after:
        for damaged in (after | before, {name: value for name, value in after.items() if name != key}):
            drawer.values = dict(damaged)
            worker.restart()
            assert not await worker.hears(DOWN)


async def test_a_clock_that_is_a_little_behind() -> None:
    """Takes a refusal for the later one though the clock of the worker that was told is minutes behind."""
    time, drawer = VirtualTime(), Drawer()
    here = Worker(drawer, time)
    assert await here.hears(OK)

    there = Worker(drawer, VirtualTime(time.now - 200))
    assert not await there.hears(NO)

    here.restart()
    assert not await here.hears(DOWN)


STAGING = "https://staging.example.org"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": STAGING},
        {"auth": ApiKey(api_key="another-key", shared_key="shared-key-0002")},
        {"auth": ClientCredentials(client_id="client-0001", client_secret="s", token_url=f"{STAGING}/token")},
        {"verify_signatures": True, "public_key": Signer().public_key},
    ],
    ids=["address", "API key", "client id", "signatures"],
)
async def test_another_service_counts_for_nothing(options: dict[str, object]) -> None:
    """Gives no grace for what another service or account answered, or for what nobody verified."""
    time, drawer = VirtualTime(), Drawer()
    assert await Worker(drawer, time).hears(OK)
    other = Worker(drawer, time)
    other.client = client(other.engine, time.clock, **options)
    other.restart()

    with pytest.raises(ConnectionFailed):
        await other.hears(DOWN)


@attrs.define
class Full(Drawer):
    """A store that keeps one answer and takes no other."""

    async def set(self, key: str, value: bytes) -> None:
        if self.values:
            raise StoreError("the disk is full")
        await super().set(key, value)


@pytest.mark.parametrize(("said", "level"), [(NO, logging.ERROR), (OK, logging.WARNING)])
async def test_a_refusal_that_is_not_stored_is_an_error(
    said: object, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs an error for a refusal that could not be stored, with its reason; for a yes, a warning."""
    worker = Worker(Full(), VirtualTime())
    await worker.hears(OK)
    caplog.clear()
    worker.restart()

    await worker.hears(said)

    assert [(each.levelno, "the disk is full" in each.getMessage()) for each in caplog.records] == [(level, True)]


@attrs.define
class Torn(Drawer):
    """A store of which one of two records cannot be read."""

    unreadable: str = ""

    async def get(self, key: str) -> bytes | None:
        if key == self.unreadable:
            raise StoreError("locked")
        return await super().get(key)


async def test_half_of_a_store_is_none() -> None:
    """Gives no grace for a stored yes when the place of a refusal cannot be read."""
    time, drawer = VirtualTime(), Torn()
    worker = Worker(drawer, time)
    for said in (OK, NO, OK):
        worker.restart()
        await worker.hears(said)
    assert len(drawer.values) == 2

    for key in drawer.values:
        drawer.unreadable = key
        worker.restart()
        with pytest.raises(ConnectionFailed):
            await worker.hears(DOWN)


def test_records_show_neither_service_nor_account() -> None:
    """Keeps neither address nor API key in what is stored."""
    drawer = Drawer()
    anyio.run(Worker(drawer, VirtualTime()).hears, OK)

    assert "api-key-0001" not in repr(drawer)
    assert "licensespring" not in repr(drawer)
    assert set(json.loads(next(iter(drawer.values.values()))[32:])) == {
        *("allowed", "code", "floating", "at", "until", "seen"),
    }


def test_a_grace_is_not_pickled() -> None:
    """Refuses to write a secret anywhere."""
    grace = Grace(hours=1, store=Drawer(), secret=SECRET)

    with pytest.raises(TypeError, match="holds secrets and cannot be pickled"):
        pickle.dumps(grace)
    assert copy.deepcopy(grace) == copy.copy(grace) == grace


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Makes the file with mode 0600, and takes what others may do from one that is there."""
    path = tmp_path / "answers.db"
    await SqliteStore(path).set("a", b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o666)
    assert await SqliteStore(path).get("a") == b"1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["link", "dangling link", "directory", "pipe"])
async def test_only_a_file_of_its_own_is_opened(tmp_path: Path, kind: str) -> None:
    """Refuses a link, where it leads to a file and where it does not, and what is not a file."""
    path, target = tmp_path / "answers.db", tmp_path / "target"
    if kind == "link":
        with closing(sqlite3.connect(target)) as database, database:
            database.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
    content = target.read_bytes() if target.exists() else None
    if "link" in kind:
        path.symlink_to(target)
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)

    for asked in (SqliteStore(path).get("a"), SqliteStore(path).set("a", b"1")):
        with pytest.raises(StoreError, match=r"answers\.db"):
            await asked

    assert (target.read_bytes() if target.exists() else None) == content


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_file_of_another_account_is_refused(tmp_path: Path) -> None:
    """Refuses a file that another account laid: its owner could hold the lock, or read it."""
    path = tmp_path / "answers.db"
    path.touch(0o600)
    os.chown(path, 12345, -1)

    with pytest.raises(StoreError, match="another user"):
        await SqliteStore(path).set("a", b"1")


async def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    """Says why with an error of its own."""
    with pytest.raises(StoreError, match="cannot write"):
        await SqliteStore(tmp_path / "no" / "answers.db").set("a", b"1")


async def test_many_stores_of_one_file(tmp_path: Path) -> None:
    """Loses nothing when many stores make and write one file at the same time."""
    path = tmp_path / "answers.db"

    async def write(number: int) -> None:
        await SqliteStore(path).set(str(number), b"%d" % number)

    async with anyio.create_task_group() as group:
        for number in range(16):
            group.start_soon(write, number)

    assert [await SqliteStore(path).get(str(number)) for number in range(16)] == [b"%d" % n for n in range(16)]
