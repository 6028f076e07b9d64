"""How many signed feature checks per second does the sandbox answer on one core, and where does the time go?

    python benchmarks/sandbox.py [--seconds 3] [--rounds 3]

Needs the extras `sandbox` and `bench`. The sandbox runs in its own process, on one core if the system allows it,
with a 2048-bit key. 32 keep-alive connections send requests over loopback, each signed with the API key. The table
shows answers per second, and answers per second of the sandbox's processor time (Linux), which is the rate of a
core that does nothing else. Settings are in shuffled order in each round, and figures are medians:

- plain: always the same check of a plain feature, so body and signature stay the same
- floating: the same for a floating feature, which renews its slot in SQLite each time
- file: like floating, with the state in a file
- unremembered: like plain, but every signature is new, as if each device had its own license

PKCS#1 v1.5 signatures are deterministic, so the sandbox caches its last 4,096 signatures. The second table times
the parts of one request, in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlencode

import attrs
from peers import CHECK
from rich.console import Console
from rich.table import Table

from licensespring_async import signing
from licensespring_async.sandbox import Sandbox, World
from licensespring_async.sandbox.service.asked.call import Call
from licensespring_async.sandbox.service.checks import ROUTES, check_license_feature
from licensespring_async.sandbox.tenants.authorization import signature
from licensespring_async.sandbox.wire.jsontext import encode
from licensespring_async.sandbox.wire.parameters import read_query
from licensespring_async.signing import Signer

CONNECTIONS, WANTED = 32, 1_500
SETTINGS = ("plain", "floating", "file", "unremembered")


def world() -> World:
    built = World()
    license = built.add_product("TP").add_license(key="9F2C-77AA-0B1E-C0DE", max_activations=10)
    license.add_feature("render")
    license.add_feature("export", floating_users=10)
    license.activate("a3f9-77c1-0b2d-5e64")
    return built


def serve(db: str, remembered: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    signing._REMEMBERED_SIGNATURES = remembered
    sandbox = Sandbox(world(), db=db)
    sandbox.serve_forever(lambda: print(json.dumps(sandbox.describe()), flush=True))


@attrs.frozen
class Served:
    """A running sandbox."""

    told: dict[str, str]
    pid: int

    def processor_seconds(self) -> float:
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return float("nan")
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(db: str, remembered: int = 4096) -> Iterator[Served]:
    command = [sys.executable, __file__, "--serve", db, "--remembered", str(remembered)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(json.loads(process.stdout.readline()), process.pid)
        finally:
            process.terminate()


def request(told: dict[str, str], setting: str) -> bytes:
    date = formatdate(usegmt=True)
    query = urlencode(
        {
            "product": "TP",
            "feature": "export" if setting in ("floating", "file") else "render",
            "hardware_id": "a3f9-77c1-0b2d-5e64",
            "license_key": "9F2C-77AA-0B1E-C0DE",
        }
    )
    signed = signature(told["shared_key"], date)
    parts = f'algorithm="hmac-sha256", headers="date", signature="{signed}", apikey="{told["api_key"]}"'
    head = f"GET /api/v4/check_license_feature?{query} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json"
    return f"{head}\r\nDate: {date}\r\nAuthorization: {parts}\r\n\r\n".encode()


async def asked(sandbox: Served, setting: str, seconds: float) -> tuple[float, float]:
    """Return the answers per second, and per second of processor time."""
    told, used = sandbox.told, sandbox.processor_seconds()
    content = request(told, setting)
    port = int(told["url"].rpartition(":")[2])
    until = time.perf_counter() + seconds

    async def keep_asking() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = 0
        while time.perf_counter() < until:
            writer.write(content)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            assert b"licensesignature" in head.lower()
            answers += 1
        writer.close()
        return answers

    started = time.perf_counter()
    answers = sum(await asyncio.gather(*(keep_asking() for _ in range(CONNECTIONS))))
    return answers / (time.perf_counter() - started), answers / (sandbox.processor_seconds() - used)


def microseconds(part: Callable[[], object], repeats: int = 5, calls: int = 400) -> float:
    def one_run() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            part()
        return (time.perf_counter() - started) / calls * 1e6

    return min(one_run() for _ in range(repeats))


async def start() -> float:
    """Return the median milliseconds from the start to the first answer; generating the RSA key takes most of them."""
    times: list[float] = []
    for _ in range(9):
        began = time.perf_counter()
        async with Sandbox(world()) as sandbox, sandbox.client() as client:
            await client.check_license_feature(**CHECK)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def parts(per_request: float) -> Table:
    """Time the parts of a request; the rest of the total is HTTP: uvicorn, httptools, starlette, the event loop."""
    sandbox, signer = Sandbox(world()), Signer()
    tenant = sandbox.tenants[0]
    told = {"api_key": sandbox.api_key, "shared_key": sandbox.shared_key}
    head = request(told, "plain").decode()
    headers = dict(line.split(": ", 1) for line in head.lower().splitlines()[1:] if line)
    headers["authorization"] = next(line[15:] for line in head.splitlines() if line.startswith("Authorization"))
    query = head.partition("?")[2].partition(" ")[0].encode()
    now = sandbox.clock.moment()

    def check(feature: str) -> bytes:
        values = {**read_query(query, ROUTES[0].reads), "feature": feature}
        with tenant.world.home.store.transaction():
            call = Call(world=tenant.world, values=values, now=now, sign=signer.sign_text)
            return encode(check_license_feature(call))

    body = check("render")
    fresh = iter(range(10**9))
    signer.sign(body)
    rows = {
        "authorization (HMAC, Date, header parts)": microseconds(
            lambda: sandbox._authorizer.authorize({**headers, "date": head.partition("Date: ")[2][:29]}, now)
        ),
        "query, state in SQLite, JSON: plain feature": microseconds(lambda: check("render")),
        "the same for a floating feature": microseconds(lambda: check("export")),
        "RSA-2048 signature, new": microseconds(lambda: signer.sign(b"%d" % next(fresh)), calls=50),
        "RSA-2048 signature, cached": microseconds(lambda: signer.sign(body)),
    }
    table = Table("part of a request", "us", title=f"a whole plain request takes {per_request:.0f} us")
    for name, cost in rows.items():
        table.add_row(name, f"{cost:.0f}")
    return table


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--serve", help=argparse.SUPPRESS)
    arguments.add_argument("--remembered", type=int, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.serve:
        serve(options.serve, options.remembered)
        return
    rates: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as directory,
        served(":memory:") as memory,
        served(str(Path(directory) / "sandbox.db")) as file,
        served(":memory:", remembered=0) as forgetful,
    ):
        servers = {"file": file, "unremembered": forgetful}
        for _ in range(options.rounds):
            for setting in random.sample(SETTINGS, len(SETTINGS)):
                asking = asked(servers.get(setting, memory), setting, options.seconds)
                rates[setting].append(asyncio.run(asking))
    table = Table("setting", "checks/s", "checks per processor second", f"goal: {WANTED}")
    for setting in SETTINGS:
        rate, of_core = (statistics.median(column) for column in zip(*rates[setting], strict=True))
        table.add_row(setting, f"{rate:,.0f}", f"{of_core:,.0f}", "yes" if of_core >= WANTED else "no")
    console = Console()
    console.print(f"from the start to the first answer: {asyncio.run(start()):.0f} ms")
    console.print(table, parts(1e6 / statistics.median(of_core for _, of_core in rates["plain"])))


if __name__ == "__main__":
    main()
