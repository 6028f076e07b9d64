"""What Windows lacks is not missed: the package works where the system's POSIX part is hidden."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .processes import python

# Other packages look for what there is when they are imported, and may find it here.
HIDE = """
import asyncio, os, select, signal, sys
import anyio.from_thread, anyio.to_thread, anyio._backends._asyncio, httpx, trio
import cryptography, distributed, jinja2, matplotlib.figure, pyarrow.parquet, rich.progress, typer, uvicorn

for module in "fcntl grp pwd resource termios tty pty syslog readline uvloop".split():
    sys.modules[module] = None
absent = {
    os: "fork forkpty register_at_fork sync fdatasync fchown chown lchown getuid geteuid getgid getegid uname"
    " fchmod killpg setsid getpgid getpgrp mkfifo mknod openpty sched_getaffinity pread pwrite sendfile statvfs nice"
    " posix_spawn posix_spawnp pipe2 fchdir getloadavg sysconf confstr pathconf lockf memfd_create getxattr setxattr"
    " O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_NONBLOCK O_SYNC O_DSYNC",
    select: "poll epoll devpoll kqueue",
    signal: "pthread_kill pthread_sigmask sigwait sigpending sigtimedwait alarm setitimer pause siginterrupt",
}
for module, names in absent.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
there = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN"}
for name in [name for name in dir(signal) if name.startswith("SIG") and name not in there]:
    delattr(signal, name)

def not_on_windows(*_):
    raise NotImplementedError

asyncio.SelectorEventLoop.add_signal_handler = not_on_windows
asyncio.SelectorEventLoop.remove_signal_handler = not_on_windows
"""

PROGRAM = """
room = __import__("pathlib").Path(ROOM)
import csv
from licensespring_async.checks import FeatureCheck
from licensespring_async.sandbox import DEMO, Sandbox, demo_fleet, demo_world
from licensespring_async import BlockingLicenseSpring
from licensespring_async.services import Grace, LicenseGate, SqliteStore

fleet = list(demo_fleet())[:40]
ask = dict(product=DEMO.product, feature=DEMO.feature, hardware_id=DEMO.hardware_id, license_key=DEMO.license_key)

async def checks():
    async with Sandbox(demo_world(), db=room / "state.db") as sandbox, sandbox.client() as client:
        keys = {"LICENSESPRING_API_KEY": sandbox.api_key, "LICENSESPRING_SHARED_KEY": sandbox.shared_key}
        environ = keys | {"LICENSESPRING_BASE_URL": sandbox.url}
        grace = Grace(hours=1, store=SqliteStore(room / "gate.db"), secret=b"kept somewhere else")
        async with LicenseGate(client, grace=grace) as gate:
            print((await gate.allows(FeatureCheck(**ask))).code)

        def blocking():
            with BlockingLicenseSpring.from_env(environ, public_key=sandbox.public_key) as other:
                with other.feature_lease(**ask | {"feature": DEMO.floating_feature}) as lease:
                    return lease.feature.code

        print(await anyio.to_thread.run_sync(blocking))

anyio.run(checks)

sys.platform = "win32"
from licensespring_async.cli import app

def run(*words):
    try:
        app(list(words), prog_name="licensespring-async")
    except SystemExit as end:
        print(words[1], end.code)

with (room / "fleet.csv").open("w", newline="") as file:
    names = ["product", "hardware_id", "license_key", "username", "feature"]
    table = csv.DictWriter(file, names, extrasaction="ignore")
    table.writeheader()
    table.writerows(fleet)
for output in ("r.jsonl", "r.csv", "r.parquet"):
    run("fleet", "check", str(room / "fleet.csv"), "--sandbox", "--output", str(room / output))
    run("fleet", "check", str(room / "fleet.csv"), "--sandbox", "--output", str(room / output), "--force")
run("fleet", "report", str(room / output), "--output", str(room / "page.html"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="everything is hidden there already")
def test_nothing_of_posix_is_missed(tmp_path: Path) -> None:
    """Serves a sandbox, checks, leases, gates, keeps answers, and runs and reports fleets, without it."""
    done = python(f"ROOM = {str(tmp_path)!r}\n{HIDE}\n{PROGRAM}")

    assert done.returncode == 0, done.stderr
    said = [
        line for line in done.stdout.splitlines() if line.split(" ")[0] in ("ok", "batch-export", "check", "report")
    ]
    assert said == ["ok", "batch-export", *["check 0"] * 6, "report 0"]
