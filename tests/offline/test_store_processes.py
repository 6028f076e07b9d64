"""A stored license outlives its writers: whoever is killed, and however many there are."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from licensespring_async.offline import LicenseStore, Uses

from ..unit.keys import Signer
from .making import AUTH, DEVICE, license_file

SIGNER = Signer()
FILES = [license_file(SIGNER, times_activated=count) for count in (1, 2)]
# Saves two files in turn for ever, and says so with a letter each.
WRITER = """
import sys
from licensespring_async.offline import LicenseStore
path, *files = sys.argv[1:]
store = LicenseStore(path)
while True:
    for each in files:
        store.save(each)
        print("s", end="", flush=True)
"""
# Saves a file some times, and loads after each.
USER = """
import sys
from licensespring_async import ApiKey
from licensespring_async.offline import LicenseStore
path, key, shared, device, public_key, *files = sys.argv[1:]
store = LicenseStore(path)
for each in files * 10:
    store.save(each)
    store.load(hardware_id=device, product="APP", auth=ApiKey(api_key=key, shared_key=shared), public_key=public_key)
"""


# Notes a use as sent and then as kept, a hundred times.
COUNTER = """
import sys
from licensespring_async.offline import LicenseStore
uses = LicenseStore(sys.argv[1]).uses
for _ in range(50):
    uses.end(uses.begin(1, None).id, counted=False, keep=True)
    uses.end(uses.begin(2, "scan").id, counted=False, keep=True)
"""


def started(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def times_activated(path: Path) -> int | None:
    store = LicenseStore(path)
    return store.load(hardware_id=DEVICE, product="APP", auth=AUTH, public_key=SIGNER.public_key).times_activated


@pytest.mark.slow
def test_a_killed_writer_leaves_a_license(tmp_path: Path) -> None:
    """Leaves the old license or the new one, whenever its writer is killed, and the next writer cleans up."""
    path = tmp_path / "license"
    LicenseStore(path).save(FILES[0])
    chance = random.Random(14)
    for _ in range(200):
        with started(WRITER, str(path), *FILES) as writer:
            assert writer.stdout is not None
            # When it is at work is read off its output, and not guessed; the pause only moves the place of the kill.
            writer.stdout.read(chance.randint(1, 4))
            threading.Event().wait(chance.random() * 0.004)
            writer.kill()
        assert times_activated(path) in (1, 2)

    LicenseStore(path).save(FILES[1])

    assert times_activated(path) == 2
    assert sorted(each.name for each in tmp_path.iterdir() if each.name != "license.lock") == ["license"]


def test_two_processes_take_turns(tmp_path: Path) -> None:
    """Lets two processes save and load at once; each finds a whole license every time."""
    path = tmp_path / "license"
    arguments = (str(path), AUTH.api_key, AUTH.shared_key, DEVICE, SIGNER.public_key, *FILES)
    users = [started(USER, *arguments) for _ in range(2)]

    outputs = [user.communicate(timeout=60) for user in users]

    assert [(user.returncode, errors) for user, (_, errors) in zip(users, outputs, strict=True)] == [(0, b"")] * 2
    assert times_activated(path) in (1, 2)


def test_two_processes_lose_no_use(tmp_path: Path) -> None:
    """Keeps every use of two processes that count at once, beside the license that is there."""
    path = tmp_path / "license"
    LicenseStore(path).save(FILES[0])
    counters = [started(COUNTER, str(path)) for _ in range(2)]

    outputs = [counter.communicate(timeout=60) for counter in counters]

    assert [errors for _, errors in outputs] == [b"", b""]
    assert LicenseStore(path).uses.read() == Uses(kept={"": 100, "scan": 200})
    assert times_activated(path) == 1


def test_threads_take_turns(tmp_path: Path) -> None:
    """Lets threads share one store."""
    store, failed = LicenseStore(tmp_path / "license"), list[BaseException]()

    def use() -> None:
        try:
            for each in FILES * 5:
                store.save(each)
        except Exception as error:  # noqa: BLE001  # shown by the test
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert failed == []
    assert times_activated(tmp_path / "license") in (1, 2)


def test_a_missing_lock_is_named() -> None:
    """Says which extra to install; the rest of the room works without it."""
    code = """
import sys
sys.modules["filelock"] = None
from licensespring_async import ConfigurationError
from licensespring_async.offline import LicenseStore
try:
    LicenseStore("license")
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert re.search(r"pip install .*\[offline\]", done.stdout)
