"""What a process can still do when Python ends, and what it lacks on some systems."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .engines import OURS
from .loopback import ok, serving_in_threads

ASK = """
import atexit, sys, threading, time, warnings
import anyio
from licensespring_async.transport import *

kind, loop, when, port = sys.argv[1:]
request = HttpRequest("GET", f"http://localhost:{port}/x", {})

async def ask():
    engine = HttpxEngine() if kind == "httpx" else HttptoolsEngine()
    print((await engine.send(request, 10)).status, (await engine.send(request, 10)).status, flush=True)
    await engine.aclose()

def run():
    anyio.run(ask, backend=loop)

def later():
    threading.main_thread().join()
    run()

if when == "at the end":
    threading.Thread(target=later).start()
    atexit.register(run)
elif when == "without poll":
    import select
    del select.poll
    run()
"""


@pytest.mark.parametrize(("when", "times"), [("at the end", 2), ("without poll", 1)])
@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", OURS)
def test_a_host_name_is_reached(kind: str, loop: str, when: str, times: int) -> None:
    """Reaches a host by its name where Python starts no more threads, and keeps the connection without select.poll."""
    with serving_in_threads(ok()) as port:
        command = [sys.executable, "-W", "error", "-c", ASK, kind, loop, when, str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == ("200 200\n" * times, "")
