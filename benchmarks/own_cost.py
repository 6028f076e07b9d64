"""What does a call cost beside the network: our own layers, a signature, the import?

    python benchmarks/own_cost.py

Needs the extra `bench`. On an engine that answers at once. The figure is the best of many short runs: what the code
costs, not what else the machine was doing.
"""

from __future__ import annotations

import asyncio
import base64
import statistics
import subprocess
import sys
import time
import warnings

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from peers import CHECK, KEY
from rich.console import Console
from rich.table import Table
from server import BODY

from licensespring_async import LicenseSpring, RateLimits
from licensespring_async.auth import imf_fixdate
from licensespring_async.transport import HttpRequest, HttpResponse

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
    bare = LicenseSpring(auth=KEY, engine=Immediate(signature), verify_signatures=False)
    verified = LicenseSpring(auth=KEY, engine=Immediate(signature), public_key=pem)
    paced = bare.with_options(rate_limits=RateLimits((10**9, 1), (10**9, 10), (10**9, 60)))
    own, with_rsa, with_windows = await cost(bare), await cost(verified), await cost(paced)
    with_all, httpx = import_milliseconds("licensespring_async"), import_milliseconds("httpx")

    table = Table("own cost", "measured", "at most")
    table.add_row("a call, verification off", f"{own:.1f} us", "50 us")
    table.add_row("RSA-4096 verification", f"+ {with_rsa - own:.1f} us", "90 us")
    table.add_row("three rate windows", f"+ {with_windows - own:.1f} us", "")
    table.add_row("import, beyond `import httpx`", f"+ {with_all - httpx:.0f} ms", "60 ms")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
