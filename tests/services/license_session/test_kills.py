"""A program that is killed at any moment starts again from what it left, with or without the network."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from licensespring_async.offline import LicenseStore
from licensespring_async.sandbox import Consumption, Sandbox, World

KEY = "AAAA-BBBB-CCCC-DDDD"
# Says its state, and then a letter after each use that was counted.
PROGRAM = """
import sys
from pathlib import Path
from licensespring_async import ApiKey, BlockingLicenseSpring, RetryPolicy
from licensespring_async.offline import LicenseStore
from licensespring_async.services import Grace, blocking_license_session
url, key, shared, public_key, path, license_key = sys.argv[1:]
with (
    BlockingLicenseSpring(
        auth=ApiKey(api_key=key, shared_key=shared), base_url=url, public_key=public_key,
        retry=RetryPolicy(max_attempts=1),
    ) as client,
    blocking_license_session(
        client, product="CAD", hardware_id="device-1", license_key=license_key, activate=True,
        store=LicenseStore(Path(path)), grace=Grace(hours=1),
    ) as license,
):
    print(license.state, flush=True)
    while True:
        license.consume()
        print("u", end="", flush=True)
"""


@pytest.mark.slow
def test_a_killed_program_loses_no_use(tmp_path: Path) -> None:
    """Counts each use once over twenty kills, leaves a doubt for each at most, and starts in grace afterwards."""
    world, path, chance = World(), tmp_path / "license", random.Random(14)
    license = world.add_product("CAD").add_license(key=KEY, consumption=Consumption(maximum=10**6))
    counted, kills = 0, 20
    with Sandbox(world) as sandbox:
        told = (sandbox.url, sandbox.api_key, sandbox.shared_key, sandbox.public_key, str(path), KEY)
        for _ in range(kills):
            with _started(*told) as program:
                assert program.stdout is not None
                assert program.stdout.readline() == b"online\n"
                counted += len(program.stdout.read(chance.randint(1, 30)))
                # When it is at work is read off its output; the pause only moves the place of the kill.
                threading.Event().wait(chance.random() * 0.01)
                program.kill()
                counted += len(program.stdout.read())
    uses = LicenseStore(path).uses.read()
    assert uses.kept == {}
    assert all(each.consumptions == 1 for each in uses.doubts)
    assert license.consumption is not None
    # A program may be killed after a use was counted, and before it says so.
    assert counted <= license.consumption.total <= counted + kills
    assert len(uses.doubts) <= kills

    with _started(*told) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"grace\n"
        kept = len(program.stdout.read(5))
        program.kill()
        kept += len(program.stdout.read())
    assert kept <= LicenseStore(path).uses.read().kept[""] <= kept + 1


def _started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE)
