"""What do guards, the event loop and leases cost a service?

    python benchmarks/services.py guard [--rounds 9]
    python benchmarks/services.py loop [--seconds 10]
    python benchmarks/services.py leases [--leases 10000] [--seconds 60] [--rounds 9]

Needs the extras `all` and `bench`.

- guard: the throughput of a FastAPI route with a warm gate, as a share of the same route without one, without a
  server and under uvicorn. Rounds are shuffled, and figures are medians. The table also has the processor time per
  request, which depends less on other load, and a dependency and a route class that do nothing.
- loop: how long one callback blocks the event loop, in wall-clock and processor time, and how late its ticks are,
  during 1,000 calls.
- leases: the processor time of a process that renews that many leases with a time-out of a minute, and of one that
  makes bare calls at such times. `--timeout 6 --leases 1000 --seconds 10` renews equally often.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import random
import statistics
import time
from collections.abc import Generator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import attrs
from guarded import HEADERS, WAYS, licensing, make_app, path, serving
from peers import CHECK, KEY
from rich.console import Console
from rich.table import Table
from server import BODY, Server, running
from watching import Callbacks, Ticks, percentiles

from licensespring_async import LicenseSpring
from licensespring_async.transport import HttptoolsEngine, HttpxEngine

FLOATING = json.dumps(
    {**json.loads(BODY), "is_floating_cloud": True, "floating_users": 100_000, "floating_timeout": 1},
    separators=(",", ":"),
)
console = Console(width=120)


# --- guard ---


Rates = dict[str, list[float]]


async def call(app: Any, path: str, count: int) -> tuple[float, float]:
    """Return an application's requests per second without a server, and per second of processor time."""
    headers = [(b"host", b"app"), *((name.encode(), value.encode()) for name, value in HEADERS.items())]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200, message

    before, started = time.process_time(), time.perf_counter()
    for _ in range(count):
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        await app(scope, receive, send)
    return count / (time.perf_counter() - started), count / (time.process_time() - before)


class Asking(asyncio.Protocol):
    """Sends a request repeatedly over one connection."""

    def __init__(self, request: bytes, count: int, done: asyncio.Future[bytes]) -> None:
        self.request, self.count, self.done, self.buffer = request, count, done, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        assert b" 200 " in head[:16], head
        self.buffer, self.count = body[length:], self.count - 1
        if self.count:
            self.transport.write(self.request)
        else:
            self.transport.close()
            self.done.set_result(body[:length])


async def load(port: int, path: str, connections: int = 1, count: int = 1) -> bytes:
    """Send `count` requests over each connection; return the last body."""
    lines = [f"GET {path} HTTP/1.1", "host: app", *(f"{name}: {value}" for name, value in HEADERS.items()), "", ""]
    loop, waiting = asyncio.get_running_loop(), list[asyncio.Future[bytes]]()
    for _ in range(connections):
        done: asyncio.Future[bytes] = loop.create_future()
        waiting.append(done)
        await loop.create_connection(partial(Asking, "\r\n".join(lines).encode(), count, done), "127.0.0.1", port)
    return (await asyncio.gather(*waiting))[-1]


async def ask(port: int, path: str) -> tuple[float, float]:
    """Return requests per second, and per second of the server's processor time."""
    before, started = float(await load(port, "/cpu")), time.perf_counter()
    await load(port, path, connections=32, count=60)
    passed = time.perf_counter() - started
    return 32 * 60 / passed, 32 * 60 / (float(await load(port, "/cpu")) - before)


async def in_process(rounds: int) -> tuple[Rates, Rates]:
    rates, by_cpu = Rates(), Rates()
    shop = licensing()
    app = make_app(shop)
    async with shop:
        for way in shuffled(rounds):
            note(rates, by_cpu, way, await call(app, path(way), 2000))
    return rates, by_cpu


def under_uvicorn(rounds: int, http: str, loop: str) -> tuple[Rates, Rates]:
    rates, by_cpu = Rates(), Rates()
    with serving(http, loop) as port:
        for way in shuffled(rounds):
            note(rates, by_cpu, way, asyncio.run(ask(port, path(way))))
    return rates, by_cpu


def shuffled(rounds: int) -> Generator[str]:
    for _ in range(rounds + 1):
        yield from random.sample(WAYS, len(WAYS))


def note(rates: Rates, by_cpu: Rates, way: str, measured: tuple[float, float]) -> None:
    rates.setdefault(way, []).append(measured[0])
    by_cpu.setdefault(way, []).append(measured[1])


def guard(rounds: int) -> None:
    settings = {"no server": asyncio.run(in_process(rounds))}
    for http, loop in (("h11", "asyncio"), ("httptools", "uvloop")):
        if importlib.util.find_spec(http) and (loop == "asyncio" or importlib.util.find_spec(loop)):
            settings[f"uvicorn, {http}, {loop}"] = under_uvicorn(rounds, http, loop)
    table = Table("", "route", "requests/s", "ratio", "processor, us", "extra, us", "ratio (>= 0.95)")
    for name, measured in settings.items():
        # The first round is a warm-up.
        rates, by_cpu = ({way: statistics.median(seen[way][1:]) for way in WAYS} for seen in measured)
        for way in WAYS:
            kept, took, more = by_cpu[way] / by_cpu["open"], 1e6 / by_cpu[way], 1e6 / by_cpu[way] - 1e6 / by_cpu["open"]
            table.add_row(
                name if way == "open" else "",
                way,
                f"{rates[way]:,.0f}",
                f"{rates[way] / rates['open']:.3f}",
                f"{took:.1f}",
                f"{more:.1f}",
                f"{'' if kept >= 0.95 else '[red]'}{kept:.3f}",
            )
    console.print(table)


# --- loop ---


async def watched(seconds: float, server: Server, engine: Any, concurrency: int, watching: Ticks | Callbacks) -> int:
    """Watch 1,000 calling tasks, but not their start and end; return how many calls were answered."""
    calls = 0

    async def work() -> None:
        nonlocal calls
        while True:
            await client.check_license_feature(**CHECK)
            calls += 1

    async with LicenseSpring(
        auth=KEY,
        base_url=server.plain,
        public_key=server.public_key,
        engine=engine,
        max_concurrency=concurrency,
        timeout=60,
    ) as client:
        await client.check_license_feature(**CHECK)
        tasks = [asyncio.create_task(work()) for _ in range(1000)]
        await asyncio.sleep(2)
        gc.collect()
        gc.freeze()
        calls = 0
        with watching:
            await asyncio.sleep(seconds)
        answered = calls
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=10)
    return answered


def watch_loop(seconds: float) -> None:
    table = Table("1,000 concurrent calls", "calls/s", "", "p50", "p99", "p99.9", "longest")
    for name, make, concurrency in (
        ("httpx engine, max_concurrency=100", HttpxEngine, 100),
        ("httpx engine, max_concurrency=1000", HttpxEngine, 1000),
        ("fast engine, max_concurrency=1000", HttptoolsEngine, 1000),
    ):
        with running() as server:
            ticks, callbacks = Ticks(), Callbacks()
            calls = asyncio.run(watched(seconds, server, make(), concurrency, ticks))
            timed = asyncio.run(watched(seconds, server, make(), concurrency, callbacks))
        table.add_row(name, f"{calls / seconds:,.0f}", "between ticks of 0.5 ms", *percentiles(ticks.rounds))
        each = f"one callback ({timed / len(callbacks.used):.2f} calls)"
        table.add_row("", f"{timed / seconds:,.0f}", each, *percentiles(callbacks.passed))
        table.add_row("", "", "processor time (<= 2 ms)", *percentiles(callbacks.used))
        table.add_row("", "", "without garbage collection", *percentiles(callbacks.own))
    console.print(table)


# --- leases ---


@attrs.frozen
class Used:
    """What a process used while its leases were renewed, or while calls were made as often.

    Attributes:
        processor: Seconds of processor time.
        passed: Seconds.
        requests: Renewals, or calls.
        lost: Leases that were lost.
    """

    processor: float
    passed: float
    requests: int
    lost: int = 0

    @property
    def each(self) -> float:
        """Microseconds of processor time for each request."""
        return self.processor / max(self.requests, 1) * 1e6


class Requests:
    """Counts requests, as a hook."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _: object) -> None:
        self.count += 1

    async def during(self, seconds: float) -> Used:
        """Return what is used in some seconds."""
        gc.collect()
        gc.freeze()
        before, requests, started = time.process_time(), self.count, time.perf_counter()
        await asyncio.sleep(seconds)
        used = Used(time.process_time() - before, time.perf_counter() - started, self.count - requests)
        gc.unfreeze()
        return used


def leasing(server: Server, engine: Any, requests: Requests, timeout: float) -> LicenseSpring:
    return LicenseSpring(
        auth=KEY,
        base_url=server.plain,
        public_key=server.public_key,
        engine=engine,
        hooks=[requests],
        timeout=timeout / 6,  # as the default time-out is to leases of a minute
    )


async def hold_many(server: Server, engine: Any, leases: int, timeout: float, seconds: float) -> Used:
    """Measure leases that are renewed."""
    lost, opened, stop = 0, 0, asyncio.Event()
    # Opening all at once would exceed the client's time-out.
    everybody, opening = asyncio.Event(), asyncio.Semaphore(100)

    async def hold(number: int) -> None:
        nonlocal lost, opened
        device = {**CHECK, "hardware_id": f"device-{number}"}
        async with AsyncExitStack() as stack:
            async with opening:
                lease = await stack.enter_async_context(
                    client.feature_lease(**device, floating_timeout=timeout, cancel_body=False)
                )
            opened += 1
            if opened == leases:
                everybody.set()
            await stop.wait()
            lost += lease.lost.is_set()

    requests = Requests()
    async with leasing(server, engine, requests, timeout) as client:
        tasks = [asyncio.create_task(hold(number)) for number in range(leases)]
        await everybody.wait()
        await asyncio.sleep(timeout / 2)
        used = await requests.during(seconds)
        stop.set()
        await asyncio.gather(*tasks)
    return attrs.evolve(used, lost=lost)


async def call_as_often(server: Server, engine: Any, devices: int, timeout: float, seconds: float) -> Used:
    """Measure a task for each device that only sleeps and calls, at the times when leases would be renewed."""
    requests = Requests()
    grid = timeout / 120  # as the leases' own

    async def ask_again(number: int) -> None:
        await asyncio.sleep(random.random() * timeout / 2)
        while True:
            due = time.monotonic() + timeout * random.uniform(0.5, 0.6)
            await client.check_license_feature(**{**CHECK, "hardware_id": f"device-{number}"})
            await asyncio.sleep(due // grid * grid - time.monotonic())

    async with leasing(server, engine, requests, timeout) as client:
        tasks = [asyncio.create_task(ask_again(number)) for number in range(devices)]
        await asyncio.sleep(timeout)
        used = await requests.during(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return used


def renew(leases: int, timeout: float, seconds: float, rounds: int) -> None:
    table = Table(
        f"{leases:,} leases, {timeout:g} s", "of a core", "renewals/s", "each", "a bare call", "ratio (<= 1.15)", "lost"
    )
    for name, make in (("httpx engine", HttpxEngine), ("fast engine", HttptoolsEngine)):
        seen: dict[Any, list[Used]] = {hold_many: [], call_as_often: []}
        with running(body=FLOATING) as server:
            for _ in range(rounds):
                for measure in random.sample([hold_many, call_as_often], 2):
                    seen[measure].append(asyncio.run(measure(server, make(), leases, timeout, seconds)))
        held, called = (sorted(several, key=lambda used: used.each)[len(several) // 2] for several in seen.values())
        table.add_row(
            name,
            f"{held.processor / held.passed:.1%}",
            f"{held.requests / held.passed:,.0f}",
            f"{held.each:.0f} us",
            f"{called.each:.0f} us",
            f"{held.each / called.each:.2f}",
            str(sum(used.lost for used in seen[hold_many])),
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=("guard", "loop", "leases"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--leases", type=int, default=10_000)
    parser.add_argument("--timeout", type=float, default=60.0)
    given = parser.parse_args()
    if given.question == "guard":
        guard(given.rounds)
    elif given.question == "loop":
        watch_loop(given.seconds or 10.0)
    else:
        renew(given.leases, given.timeout, given.seconds or 60.0, given.rounds)


if __name__ == "__main__":
    main()
