"""What does a call cost, apart from the network: our own layers, a signature, the import?

    python benchmarks/own_cost.py

Needs the extras `bench` and `otel`. The engine answers at once. Figures are processor time, the best of many short
runs, so other load on the machine hardly matters. As microseconds depend on the machine, a call is compared with
the verification of an RSA-4096 signature in the same run.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import resource
import subprocess
import sys
import time
import timeit
import warnings
from collections.abc import Awaitable, Callable

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from peers import CHECK, KEY, Immediate
from rich.console import Console
from rich.table import Table
from server import BODY

from licensespring_async import CircuitOpen, CircuitPolicy, LicenseSpring, RateLimits, endpoints
from licensespring_async.services import FeatureCheck, LicenseGate
from licensespring_async.services.telemetry import OpenTelemetry
from licensespring_async.transport.events import is_heard

CALLS, REPEATS = 500, 30


async def cost(call: Callable[..., Awaitable[object]], *given: object, **named: object) -> float:
    """Return the microseconds of one call."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.process_time()
        for _ in range(CALLS):
            await call(*given, **named)
        best = min(best, (time.process_time() - started) / CALLS)
    return best * 1e6


async def refused_cost(client: LicenseSpring) -> float:
    """Return the microseconds of a call that an open circuit breaker refuses."""

    async def refused() -> None:
        with contextlib.suppress(CircuitOpen):
            await client.check_license_feature(**CHECK)

    return await cost(refused)


async def remembered_cost(client: LicenseSpring) -> float:
    """Return the microseconds of a decision from a gate's memory."""
    async with LicenseGate(client) as gate:
        await gate.allows(check := FeatureCheck(**CHECK))
        return await cost(gate.allows, check)


def unwatched_cost(client: LicenseSpring) -> float:
    """Return the microseconds that a call spends on telemetry while it is off."""
    pipeline, request = client._pipeline, endpoints.check_license_feature(**CHECK).request
    history = pipeline.start(request.endpoint)
    doing = asyncio.get_running_loop().create_future()

    def call() -> None:
        pipeline.watched(request, history, doing)
        if pipeline.observer is None and not is_heard(pipeline.hooks):
            return

    return min(timeit.repeat(call, timer=time.process_time, number=CALLS, repeat=REPEATS)) / CALLS * 1e6


def verification_cost(key: rsa.RSAPublicKey, signature: bytes) -> float:
    """Return the microseconds of one RSA-4096 verification."""

    def verify() -> None:
        key.verify(signature, BODY.encode(), padding.PKCS1v15(), SHA256())

    return min(timeit.repeat(verify, timer=time.process_time, number=CALLS // 10, repeat=REPEATS)) / (CALLS // 10) * 1e6


def import_milliseconds(module: str) -> float:
    """Return the milliseconds of processor time for starting Python and importing a module."""
    times: list[float] = []
    for _ in range(11):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times) * 1000


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
    own, with_memory, with_windows, with_circuit, with_api = [
        await cost(each.check_license_feature, **CHECK) for each in (bare, verified, paced, guarded, traced)
    ]
    rsa_check = verification_cost(key.public_key(), base64.b64decode(signature))
    assert guarded.circuit is not None
    guarded.circuit._open("by hand")
    opened = await refused_cost(guarded)
    remembered = await remembered_cost(bare)
    with_all, httpx = import_milliseconds("licensespring_async"), import_milliseconds("httpx")

    table = Table("own cost", "measured", "goal (at most)")
    table.add_row("an RSA-4096 verification", f"{rsa_check:.1f} us", "")
    table.add_row("a call without verification", f"{own:.1f} us", "")
    table.add_row("the same, in verifications", f"{own / rsa_check:.2f}", "0.5")
    table.add_row("an answer that was verified before", f"+ {with_memory - own:.1f} us", "")
    table.add_row("three rate windows", f"+ {with_windows - own:.1f} us", "")
    table.add_row("a circuit breaker", f"+ {with_circuit - own:.1f} us", "")
    table.add_row("a call while the circuit breaker is open", f"{opened:.1f} us", "")
    table.add_row("a decision from a gate's memory", f"{remembered:.1f} us", "5 us")
    table.add_row("telemetry, off", f"+ {unwatched_cost(bare):.2f} us", "1 us")
    table.add_row("OpenTelemetry without an SDK", f"+ {with_api - own:.1f} us", "")
    table.add_row("import, more than `import httpx`", f"+ {with_all - httpx:.0f} ms", "40 ms")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
