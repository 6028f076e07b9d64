"""State in a file: what was acknowledged is there again, after an orderly end and after a kill."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from licensespring_async.sandbox import Consumption, License, Sandbox, SandboxError, World
from licensespring_async.sandbox.state.store import Store

from .calling import FEATURE, Caller, VirtualClock, authorization, new_http

pytestmark = pytest.mark.anyio

SERVE = """
import json, sys
from licensespring_async.sandbox import Sandbox, World
world = World()
license = world.add_product("TP").add_license(key="K", max_activations=1_000_000)
license.add_feature("render", floating_users=10_000)
sandbox = Sandbox(world, db=sys.argv[1])
sandbox.serve_forever(lambda: print(json.dumps(sandbox.describe()), flush=True))
"""


def the_world() -> tuple[World, License]:
    world = World()
    license = world.add_product("TP").add_license(key="K", max_activations=1_000_000)
    license.add_feature("render", floating_users=10_000)
    license.add_feature("pages", consumption=Consumption(maximum=10, total=3))
    license.activate("built")
    return world, license


async def test_a_restart_finds_everything_again(tmp_path: Path, clock: VirtualClock) -> None:
    """Finds devices, slots and counts again that requests changed, and keeps keys and signatures valid."""
    db, ask = tmp_path / "sandbox.db", {"product": "TP", "license_key": "K", "hardware_id": "hw-1"}
    world, license = the_world()
    async with Sandbox(world, db=db, clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        assert (await caller.post("activate_license", ask)).status_code == 200
        await caller.json(FEATURE, {**ask, "feature": "render"})
        await caller.post("deactivate_license", {**ask, "hardware_id": "built"})
        pages = license.features["pages"].consumption
        assert pages is not None
        pages.total = 7
        told = sandbox.describe()

    world, license = the_world()
    async with Sandbox(world, db=db, clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        assert (await caller.json(FEATURE, {**ask, "feature": "render"}))["floating_in_use_devices"] == 1
        assert (await caller.json(FEATURE, {**ask, "feature": "pages"}))["total_consumptions"] == 7
        assert {**told, "url": sandbox.url} == sandbox.describe()
    assert [(device.hardware_id, device.active) for device in license.devices.values()] == [
        ("built", False),
        ("hw-1", True),
    ]
    assert len({device.id for device in license.devices.values()}) == 2


async def test_state_is_found_by_name(tmp_path: Path) -> None:
    """Finds a license's state again although the world was built in another order, with more in it."""
    db = tmp_path / "sandbox.db"
    world, license = the_world()
    Sandbox(world, db=db)
    license.activate("hw-1")

    world = World()
    other = world.add_product("OTHER").add_license(key="K")
    same = world.add_product("TP").add_license(key="K")
    Sandbox(world, db=db)

    assert same.device("hw-1") is not None
    assert other.device("hw-1") is None


async def test_tenants_keep_their_own_state(tmp_path: Path) -> None:
    """Finds each tenant's state by its API key, with the secrets that were made up for it."""
    db = tmp_path / "sandbox.db"
    sandbox = Sandbox(World(), db=db)
    world, license = the_world()
    first = sandbox.add_tenant(world, api_key="one")
    license.activate("hw-1")

    again = Sandbox(World(), db=db)
    (world_one, license_one), (world_two, license_two) = the_world(), the_world()
    assert again.add_tenant(world_one, api_key="one").shared_key == first.shared_key
    again.add_tenant(world_two)

    assert again.api_key == sandbox.api_key
    assert license_one.device("hw-1") is not None
    assert license_two.device("hw-1") is None


class Taker:
    """Activates devices and takes slots, one after the other, until the server is gone."""

    def __init__(self, url: str, sandbox: Sandbox, number: int) -> None:
        self.url, self.sandbox, self.number = url, sandbox, number
        self.acknowledged: list[str] = []

    def run(self) -> None:
        with httpx.Client(verify=False, trust_env=False, timeout=10) as http:  # noqa: S501
            for turn in range(1000):
                device = f"hw-{self.number}-{turn}"
                ask = {"product": "TP", "license_key": "K", "hardware_id": device}
                date = formatdate(usegmt=True)
                headers = {"Date": date, "Authorization": authorization(self.sandbox, date)}
                try:
                    answers = (
                        http.post(f"{self.url}/api/v4/activate_license", json=ask, headers=headers),
                        http.get(f"{self.url}{FEATURE}", params={**ask, "feature": "render"}, headers=headers),
                    )
                except httpx.TransportError:
                    return
                assert [answer.status_code for answer in answers] == [200, 200]
                self.acknowledged.append(device)


@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_a_kill_loses_nothing_acknowledged(tmp_path: Path, seconds: float) -> None:
    """Finds each activation and slot again whose answer had arrived when the process was killed."""
    db = tmp_path / "sandbox.db"
    with subprocess.Popen([sys.executable, "-c", SERVE, str(db)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        keys = Sandbox(World(), api_key=told["api_key"], shared_key=told["shared_key"])
        takers = [Taker(told["url"], keys, number) for number in range(8)]
        with ThreadPoolExecutor(len(takers)) as pool:
            running = [pool.submit(taker.run) for taker in takers]
            until = time.monotonic() + 20
            while not all(taker.acknowledged for taker in takers) and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            for taking in running:
                taking.result(30)

    acknowledged = [device for taker in takers for device in taker.acknowledged]
    world, license = the_world()
    again = Sandbox(world, db=db)
    slots = license.features["render"].slots
    assert slots is not None
    assert again.shared_key == told["shared_key"]
    assert len(acknowledged) >= len(takers)
    assert set(acknowledged) <= {device.hardware_id for device in license.devices.values() if device.active}
    assert all(slots.release(device, again.clock.moment()) for device in acknowledged)


def _notes(path: Path) -> None:
    path.write_text("notes\n" * 500)


def _directory(path: Path) -> None:
    path.mkdir()


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()


def _newer(path: Path) -> None:
    Sandbox(World(), db=path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_notes, "not a database"),
        (_foreign, "not a sandbox's"),
        (_newer, "schema 999"),
        (_directory, "directory|unable to open"),
    ],
)
def test_refuses_a_file_that_is_not_its_own(tmp_path: Path, make: Callable[[Path], None], told: str) -> None:
    """Leaves a file alone that it did not write, or that another version wrote, and names it."""
    path = tmp_path / "file.db"
    make(path)
    with pytest.raises(SandboxError, match=rf"file\.db.*({told})"):
        Sandbox(World(), db=path)


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Lets nobody else read the file, which holds the keys."""
    Sandbox(World(), db=tmp_path / "sandbox.db")
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_world_is_kept_in_one_file(tmp_path: Path) -> None:
    """Refuses to keep a world in a second file, since requests to both would go to one of them."""
    world, _ = the_world()
    Sandbox(world, db=tmp_path / "one.db")
    with pytest.raises(SandboxError, match="another file"):
        Sandbox(world, db=tmp_path / "two.db")


def test_a_full_disk_undoes_one_change_and_no_more() -> None:
    """Undoes what a full disk cut short, and serves on."""
    store = Store()
    keep = "INSERT INTO signing_key (number, pem) VALUES (1, :pem)"
    store.row("PRAGMA max_page_count = 40", {})
    with pytest.raises(sqlite3.OperationalError, match="full"), store.transaction():
        store.change(keep, {"pem": "x" * 10_000_000})
    with store.transaction():
        store.change(keep, {"pem": "short"})
    assert store.rows("SELECT pem FROM signing_key", {}) == [("short",)]
