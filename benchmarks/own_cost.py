"""What does a call cost beside the network: our own layers, a signature, the import?

    python benchmarks/own_cost.py

Needs the extras `bench` and `otel`. On an engine that answers at once. The figure is the best of many short runs: what
the code costs, not what else the machine was doing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import statistics
import subprocess
import sys
import time
import timeit
import warnings

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from peers import CHECK, KEY
from rich.console import Console
from rich.table import Table
from server import BODY

from licensespring_async import CircuitOpen, CircuitPolicy, LicenseSpring, RateLimits, endpoints
from licensespring_async.auth import imf_fixdate
from licensespring_async.services.telemetry import OpenTelemetry
from licensespring_async.transport import HttpRequest, HttpResponse
from licensespring_async.transport.events import is_heard

CALLS, REPEATS = 500, 30


class Immediate:
    """Answers at once with the same signed answer."""

    def __init__(self, signature: str) -> None:
        headers = {"date": imf_fixdate(time.time()), "licensesignature": signature}
        self.answer = HttpResponse(200, headers, BODY.encode())

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        return self.answer

    async def aclose(self) -> None:
        pass


async def cost(client: LicenseSpring) -> float:
    """Return the microseconds of one call."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        for _ in range(CALLS):
            await client.check_license_feature(**CHECK)
        best = min(best, (time.perf_counter() - started) / CALLS)
    return best * 1e6


async def refused_cost(client: LicenseSpring) -> float:
    """Return the microseconds of a call that an open circuit ends."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        for _ in range(CALLS):
            with contextlib.suppress(CircuitOpen):
                await client.check_license_feature(**CHECK)
        best = min(best, (time.perf_counter() - started) / CALLS)
    return best * 1e6


def unwatched_cost(client: LicenseSpring) -> float:
    """Return the microseconds that a call spends on telemetry that is switched off."""
    pipeline, request = client._pipeline, endpoints.check_license_feature(**CHECK).request
    history = pipeline.start(request.endpoint)

    def call() -> None:
        with pipeline.watched(request, history):
            if pipeline.observer is None and not is_heard(pipeline.hooks):
                return

    return min(timeit.repeat(call, number=CALLS, repeat=REPEATS)) / CALLS * 1e6


def import_milliseconds(module: str) -> float:
    """Return the median milliseconds from starting Python to having imported a module."""
    times: list[float] = []
    for _ in range(11):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


async def main() -> None:
    key = rsa.generate_private_key(65537, 4096)
    signature = base64.b64encode(key.sign(BODY.encode(), padding.PKCS1v15(), SHA256())).decode()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    warnings.simplefilter("ignore")
    bare = LicenseSpring(auth=KEY, engine=Immediate(signature), verify_signatures=False, rate_limits=None)
    verified = LicenseSpring(auth=KEY, engine=Immediate(signature), public_key=pem, rate_limits=None)
    paced = bare.with_options(rate_limits=RateLimits((10**9, 1), (10**9, 10), (10**9, 60)))
    guarded = LicenseSpring(
        auth=KEY, engine=Immediate(signature), verify_signatures=False, rate_limits=None, circuit=CircuitPolicy()
    )
    traced = LicenseSpring(
        auth=KEY, engine=Immediate(signature), verify_signatures=False, rate_limits=None, telemetry=OpenTelemetry()
    )
    own, with_rsa, with_windows = await cost(bare), await cost(verified), await cost(paced)
    with_circuit, with_api = await cost(guarded), await cost(traced)
    guarded.circuit._open("by hand")
    opened = await refused_cost(guarded)
    with_all, httpx = import_milliseconds("licensespring_async"), import_milliseconds("httpx")

    table = Table("own cost", "measured", "at most")
    table.add_row("a call, verification off", f"{own:.1f} us", "50 us")
    table.add_row("RSA-4096 verification", f"+ {with_rsa - own:.1f} us", "90 us")
    table.add_row("three rate windows", f"+ {with_windows - own:.1f} us", "")
    table.add_row("a circuit", f"+ {with_circuit - own:.1f} us", "")
    table.add_row("a call into an open circuit", f"{opened:.1f} us", "")
    table.add_row("telemetry, off", f"+ {unwatched_cost(bare):.2f} us", "1 us")
    table.add_row("OpenTelemetry without an SDK", f"+ {with_api - own:.1f} us", "")
    table.add_row("import, beyond `import httpx`", f"+ {with_all - httpx:.0f} ms", "60 ms")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
