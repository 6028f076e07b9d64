"""Whatever bytes come over the wire: an error of ours, or the answer that they are."""

from __future__ import annotations

import random

import pytest

from licensespring_async import ApiKey, LicenseSpring, LicenseSpringError, RetryPolicy

from ..unit.fakes import FEATURE as FEATURE_CHECK
from .engines import Maker
from .hostile import FEATURE
from .loopback import Connection, ok, serving

pytestmark = pytest.mark.anyio

TRIES = 200
HONEST = [
    ok(FEATURE),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\nX: y\r\n\r\n" % (len(FEATURE), FEATURE),
    b"HTTP/1.1 100 Continue\r\n\r\n" + ok(FEATURE, "Age: 0", "Date: Tue, 24 Nov 2026 12:00:00 GMT"),
    b"HTTP/1.0 200 OK\r\n\r\n" + FEATURE,
    b"HTTP/1.1 429 Slowly\r\nRetry-After: Tue, 24 Nov 2026 12:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 302 Elsewhere\r\nLocation: https://a.example:443/x?y#z\r\nContent-Length: 0\r\n\r\n",
]
PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\t", b"\xff", b"-1", b"9" * 20, b";", b",", b'"', b"\r\n\r\n"),
    *(b"HTTP/1.1 ", b"101", b"204", b"304", b"chunked", b"gzip", b"\\ud800", b"Connection: close\r\n"),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n"),
    *(
        b"Location: http://[::1\r\n",
        b"Location: \xff\r\n",
        b"Retry-After: 9e9\r\n",
        b"Date: \xe4\r\n",
        b"Age: \xb2\r\n",
    ),
]


def damaged(chance: random.Random) -> bytes:
    """An honest answer after some accidents."""
    data = bytearray(chance.choice(HONEST))
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        at = chance.randrange(min(len(data), 200))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                del data[at : at + chance.randrange(1, 12)]
            case _:
                data[at:at] = data[at : at + 30] * 2
    return bytes(data)


async def outcomes(engines: Maker) -> list[object]:
    """What calls that are answered with damaged answers end with."""
    chance = random.Random(4)
    found: list[object] = []

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(damaged(chance))

    async with serving(handle) as server, engines() as engine:
        with pytest.warns(UserWarning, match="verify_signatures=False"):
            client = LicenseSpring(
                auth=ApiKey(api_key="api-key", shared_key="shared-key"),
                base_url=server.origin,
                engine=engine,
                timeout=0.2,
                retry=RetryPolicy(max_attempts=1),
                verify_signatures=False,
                max_answer_age=None,
            )
        for _ in range(TRIES):
            try:
                found.append(await client.check_license_feature(**FEATURE_CHECK))
            except LicenseSpringError as error:
                found.append(error)
    return found


async def test_damaged_answers_are_errors_of_ours(leaving_engines: Maker) -> None:
    """Lets nothing but our errors out, which can be written into any log."""
    found = await outcomes(leaving_engines)

    assert len({type(each) for each in found}) > 2
    for each in found:
        f"{each} {each!r}".encode()
