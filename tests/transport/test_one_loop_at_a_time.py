"""One client in several event loops: one after the other it works, at once it is refused; a dead loop keeps nothing."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest

from licensespring_async import CircuitPolicy, ClientCredentials, Clock, ConfigurationError, LicenseSpring, RateLimits
from licensespring_async.checks import FeatureCheck
from licensespring_async.services import LicenseGate
from licensespring_async.transport import HttpRequest, HttpResponse

from ..fakes import CHECK, FEATURE, answer, client

TOKEN = {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}


@attrs.define
class Service:
    """Answers, but never to those who come while it hangs."""

    hangs: bool = False
    asked: int = 0
    reached: threading.Event = attrs.field(factory=threading.Event)

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        self.asked += 1
        self.reached.set()
        if self.hangs:
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        if "/token" in request.url:
            return answer(body=TOKEN)
        return answer(body={**FEATURE, "is_floating_cloud": True}) if request.method == "GET" else answer(body="")

    async def aclose(self) -> None:
        """Nothing to close."""


def its_client(service: Service, **options: Any) -> LicenseSpring:
    return client(service, Clock(), **options)


@pytest.fixture(autouse=True)
def _leftovers() -> Generator[None]:
    """Collect what a killed loop has left, here and not in another test."""
    with warnings.catch_warnings(action="ignore"):
        yield
        gc.collect()


async def check(client: LicenseSpring) -> str:
    return (await client.check_license_feature(**CHECK)).code


def killed(*begun: Coroutine[Any, Any, object], until: Callable[[], bool]) -> tuple[object, ...]:
    """Close a loop over running calls, as a signal's exception does, and return what nobody has collected yet."""
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(each) for each in begun]

    async def wait() -> None:
        while not until():  # noqa: ASYNC110  # the loop is to be closed over it
            await asyncio.sleep(0)

    loop.run_until_complete(wait())
    loop.close()
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant
    return (loop, *tasks)


ONE = {"max_concurrency": 1}
KEEPING: dict[str, dict[str, Any]] = {
    "permits": ONE,
    "a rate window": {"rate_limits": RateLimits((1, 0.05))},
    "two rate windows": {"rate_limits": RateLimits((1, 0.05), (3, 0.1)), **ONE},
    "a token": {
        "auth": ClientCredentials(client_id="id", client_secret="secret", token_url="https://id.example/token")
    },
    "probes": {"circuit": CircuitPolicy(min_attempts=1, open_for=0.01), **ONE},
}


@pytest.mark.parametrize("options", KEEPING.values(), ids=KEEPING)
@pytest.mark.parametrize("calls", [1, 3])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_a_dead_loop_held_comes_back(options: dict[str, Any], calls: int, backend: str) -> None:
    """Answers in the next loop after one was closed over calls that were under way and calls that waited."""
    service = Service(hangs=True)
    used = its_client(service, timeout=20, **options)
    left = killed(*(check(used) for _ in range(calls)), until=lambda: service.asked > 0)
    service.hangs = False

    async def several() -> list[str]:
        codes = list[str]()

        async def one() -> None:
            codes.append(await check(used))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(one)
        return codes

    assert anyio.run(several, backend=backend) == ["render"] * 3
    assert anyio.run(several, backend=backend) == ["render"] * 3
    # What ends now, because it is collected, gives nothing back a second time.
    del left
    gc.collect()
    assert anyio.run(several, backend=backend) == ["render"] * 3


def test_a_probe_of_a_dead_loop_does_not_keep_the_circuit_open() -> None:
    """Lets another probe through when the loop of the one that was under way is gone."""
    service = Service()
    used = its_client(service, circuit=CircuitPolicy(min_attempts=1, open_for=0.001), timeout=5)
    circuit = used.circuit
    assert circuit is not None
    circuit.end(circuit.begin(), failed=True, how="a test")

    async def probe() -> None:
        await asyncio.sleep(0.01)
        service.hangs = True
        await check(used)

    left = killed(probe(), until=lambda: service.asked > 0)
    service.hangs = False

    assert asyncio.run(check(used)) == "render"
    assert circuit.retry_after == 0
    del left


def test_a_lease_of_a_dead_loop_keeps_no_other_from_being_renewed() -> None:
    """Renews leases in the next loop, whoever was to renew those of the one before."""
    service = Service()
    used = its_client(service)

    async def held() -> None:
        async with used.feature_lease(**CHECK, floating_timeout=60):
            await asyncio.sleep(3600)

    left = killed(held(), until=lambda: service.asked > 0)

    async def renewed() -> int:
        before = service.asked
        another: Any = {**CHECK, "hardware_id": "another"}
        async with used.feature_lease(**another, floating_timeout=0.1) as lease:
            first = lease.feature
            with anyio.fail_after(20):
                while lease.feature is first:  # noqa: ASYNC110  # nothing says so
                    await anyio.sleep(0.01)
        return service.asked - before

    assert asyncio.run(renewed()) >= 3
    del left


def in_another_thread(function: Callable[[], Awaitable[str]], backend: str) -> Future[str]:
    pool = ThreadPoolExecutor(1)
    task = pool.submit(lambda: anyio.run(function, backend=backend))
    pool.shutdown(wait=False)
    return task


@pytest.mark.parametrize("options", [{}, ONE, KEEPING["a rate window"], KEEPING["a token"]], ids=str)
@pytest.mark.parametrize("backends", [("asyncio", "asyncio"), ("trio", "asyncio"), ("asyncio", "trio")], ids="-".join)
def test_a_second_loop_at_once_is_refused(options: dict[str, Any], backends: tuple[str, str]) -> None:
    """Raises a ConfigurationError in a loop while another that uses the client runs, sends nothing, and then works."""
    service = Service()
    used = its_client(service, **options)
    ready, done = threading.Event(), threading.Event()

    async def first() -> str:
        code = await check(used)
        ready.set()
        await anyio.to_thread.run_sync(done.wait)
        return code + await check(used)

    async def second() -> str:
        with pytest.raises(ConfigurationError, match="make one client per loop, or share a BlockingLicenseSpring"):
            await check(used)
        return "refused"

    running = in_another_thread(first, backends[0])
    assert ready.wait(20)
    asked = service.asked
    try:
        assert anyio.run(second, backend=backends[1]) == "refused"
        assert service.asked == asked
    finally:
        done.set()
    assert running.result(20) == "renderrender"
    assert anyio.run(check, used, backend=backends[1]) == "render"


def test_a_gate_in_another_loop_is_refused() -> None:
    """Raises a ConfigurationError for what a gate would have to ask, outside the loop that it was opened in."""
    service = Service()
    gate = LicenseGate(its_client(service))
    asked = FeatureCheck(**CHECK)
    ready, done = threading.Event(), threading.Event()

    async def first() -> str:
        async with gate:
            ready.set()
            await anyio.to_thread.run_sync(done.wait)
            return (await gate.allows(asked)).code

    running = in_another_thread(first, "asyncio")
    assert ready.wait(20)
    try:
        with pytest.raises(ConfigurationError, match="opened in another event loop"):
            anyio.run(gate.allows, asked)
    finally:
        done.set()
    assert running.result(20) == "ok"


def test_many_loops_at_once_either_work_or_are_refused_at_once() -> None:
    """Never lets calls of many threads' loops wait for each other: each is answered, or refused before it is sent."""
    service = Service()
    used = its_client(service, max_concurrency=2, timeout=20)
    together = threading.Barrier(8)

    async def some() -> list[str]:
        together.wait(20)
        outcomes = list[str]()
        for _ in range(20):
            try:
                outcomes.append(await check(used))
            except ConfigurationError:
                outcomes.append("refused")
        return outcomes

    with ThreadPoolExecutor(8) as pool:
        ended = [pool.submit(asyncio.run, some()) for _ in range(8)]
        outcomes = [outcome for each in ended for outcome in each.result(30)]
    assert len(outcomes) == 160
    assert set(outcomes) <= {"render", "refused"}
    assert "render" in outcomes
    assert service.asked == outcomes.count("render")
