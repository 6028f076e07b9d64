"""Whatever a server does, a call ends in time with an error of ours, and never with what reads as licensed."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from licensespring_async import ApiKey, LicenseSpring, LicenseSpringError

from ..unit.fakes import FEATURE as FEATURE_CHECK
from .engines import Maker
from .hostile import BROKEN, FEATURE, GREEDY, ODD, answers_twice
from .loopback import Server, serving

pytestmark = pytest.mark.anyio

TIMEOUT = 0.2  # seconds
SLACK = 0.25  # seconds that an error may be late
MEMORY = 8 * 2**20  # bytes
TRIES = 20  # a machine that is busy is late now and then; what the client does, it does every time


@asynccontextmanager
async def asking(server: Server, engines: Maker, timeout: float = TIMEOUT) -> AsyncGenerator[LicenseSpring]:
    """Yield a client that believes whatever it can read, which is the weaker of the two."""
    auth = ApiKey(api_key="api-key", shared_key="shared-key")
    async with engines() as engine:
        with pytest.warns(UserWarning, match="verify_signatures=False"):
            client = LicenseSpring(
                auth=auth, base_url=server.origin, engine=engine, timeout=timeout, verify_signatures=False
            )
        yield client


@pytest.mark.parametrize("toxic", BROKEN)
async def test_a_hostile_server_is_an_error_in_time(leaving_engines: Maker, toxic: str) -> None:
    """Ends with a LicenseSpringError, and no later than the call's time."""
    took: list[float] = []
    async with serving(BROKEN[toxic]) as server, asking(server, leaving_engines) as client:
        while len(took) < TRIES and min(took, default=math.inf) > TIMEOUT + SLACK:
            began = time.monotonic()
            with anyio.fail_after(10), pytest.raises(LicenseSpringError) as caught:
                await client.check_license_feature(**FEATURE_CHECK)
            took.append(time.monotonic() - began)
            assert caught.value.endpoint == "check_license_feature"

    assert min(took) <= TIMEOUT + SLACK


@pytest.mark.parametrize("toxic", ODD)
async def test_an_odd_server_is_understood(engines: Maker, toxic: str) -> None:
    """Reads an honest answer though it comes in an unusual way."""
    async with serving(ODD[toxic]) as server, asking(server, engines, timeout=10) as client:
        feature = await client.check_license_feature(**FEATURE_CHECK)

    assert feature.code == "render"


async def test_an_answer_that_nobody_asked_for_is_never_taken(our_engines: Maker) -> None:
    """Gives each request its own answer, though another one was lying behind the last."""
    bodies = [FEATURE.replace(b'"id":7', b'"id":%d' % number) for number in range(5)]
    forged = FEATURE.replace(b'"id":7', b'"id":666')
    async with (
        serving(answers_twice(*bodies, forged=forged)) as server,
        asking(server, our_engines, timeout=10) as client,
    ):
        ids = [(await client.check_license_feature(**FEATURE_CHECK)).id for _ in bodies]

    assert ids == [0, 1, 2, 3, 4]


GREEDY_FOR_HTTPX = ("endless body", "endless header line", "1xx flood", "gzip bomb", "JSON of many objects in an error")
MEASURE = """
import sys, anyio, httpx, warnings
from licensespring_async import *
from licensespring_async.transport import *
warnings.simplefilter("ignore")
kind, *origins = sys.argv[1:]

def memory(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))

def engine():
    if kind == "own client":
        return HttpxEngine(client=httpx.AsyncClient(trust_env=False))
    return HttpxEngine() if kind == "httpx" else HttptoolsEngine()

async def check(origin):
    async with LicenseSpring(
        auth=ApiKey(api_key="a", shared_key="s"), base_url=origin, timeout=0.5, verify_signatures=False,
        retry=RetryPolicy(max_attempts=1), engine=engine(),
    ) as client:
        await client.check_license_feature(product="P", feature="render", hardware_id="H", license_key="K")

async def main():
    await check(origins[0])
    try:
        await check(origins[1])  # what a first failure loads is not the server's doing
    except LicenseSpringError:
        pass
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # forget the highest, so that nothing hides below it
    before = memory("VmRSS")
    for origin in origins[2:]:
        try:
            await check(origin)
        except LicenseSpringError:
            continue
        raise SystemExit("believed")
    print(memory("VmHWM") - before)

anyio.run(main)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the client's process has a loop of its own
@pytest.mark.parametrize(
    ("kind", "toxic"),
    [
        *((kind, toxic) for kind in ("httpx", "httptools") for toxic in GREEDY),
        *(("own client", toxic) for toxic in GREEDY_FOR_HTTPX),
    ],
)
async def test_a_greedy_server_gets_little_memory(kind: str, toxic: str) -> None:
    """Lets no answer take more than 8 MiB, measured in a process of its own."""
    behaviours = ODD["slicer"], BROKEN["limit_data"], BROKEN[toxic]
    async with serving(behaviours[0]) as honest, serving(behaviours[1]) as broken, serving(behaviours[2]) as greedy:
        origins = honest.origin, broken.origin, greedy.origin
        took: list[int] = []
        while len(took) < TRIES and min(took, default=math.inf) > MEMORY:
            done = await anyio.run_process([sys.executable, "-c", MEASURE, kind, *origins], stderr=None)
            took.append(int(done.stdout))

    assert min(took) <= MEMORY
