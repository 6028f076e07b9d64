"""One engine or client on one event loop after another, of the same kind or another."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress

import anyio
import pytest

from licensespring_async import ApiKey, ConfigurationError, LicenseSpring, RetryPolicy
from licensespring_async.transport import HttpRequest, HttpxEngine, PyreqwestEngine

from ..unit import bodies
from ..unit.fakes import FEATURE
from ..unit.keys import Signer
from .loopback import ok

LOOPS = ["asyncio", "trio"]
SIGNER = Signer()
BODY = bodies.encoded(bodies.feature(code="render"))
ANSWER = ok(BODY, f"LicenseSignature: {SIGNER.sign(BODY)}")


def _answer(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        while connection.recv(65536):
            connection.sendall(ANSWER)


def _serve(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=[connection], daemon=True).start()


@pytest.fixture
def origin() -> Iterator[str]:
    """A server in threads of its own, which keeps its connections open whatever loop ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=[listener], daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(autouse=True)
def _leftovers() -> Iterator[None]:
    """Collect what an ended loop has left open and cannot close any more, here and not in another test."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        yield
        gc.collect()


@pytest.mark.parametrize("loops", [LOOPS, LOOPS[::-1], LOOPS[:1] * 2, LOOPS[1:] * 2], ids="-".join)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_client_outlives_its_loop(origin: str, loops: list[str]) -> None:
    """Opens connections of its own on each loop, and leaves alone those that idle on another."""
    client = LicenseSpring(
        auth=ApiKey(api_key="api-key", shared_key="shared-key"),
        base_url=origin,
        public_key=SIGNER.public_key,
        retry=RetryPolicy(max_attempts=1),
    )

    async def twice() -> list[str]:
        return [(await client.check_license_feature(**FEATURE)).code for _ in range(2)]

    for loop in loops:
        assert anyio.run(twice, backend=loop) == ["render"] * 2

    anyio.run(client.aclose, backend=loops[0])


def test_a_used_fast_engine_says_where_it_works(origin: str) -> None:
    """Refuses trio in the same words before its first request and after it."""
    engine = PyreqwestEngine()
    request = HttpRequest("GET", f"{origin}/x", {})

    assert anyio.run(engine.send, request, 5).status == 200
    with pytest.raises(ConfigurationError, match="asyncio"):
        anyio.run(engine.send, request, 5, backend="trio")

    anyio.run(engine.aclose)


@pytest.mark.parametrize(("first", "second"), [LOOPS, LOOPS[::-1]], ids=LOOPS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_engine_is_closed_on_another_loop(origin: str, first: str, second: str) -> None:
    """Closes an engine on another loop than it was used on."""
    engine = HttpxEngine()
    anyio.run(engine.send, HttpRequest("GET", f"{origin}/x", {}), 5, backend=first)

    anyio.run(engine.aclose, backend=second)

    with pytest.raises(ConfigurationError, match="closed"):
        anyio.run(engine.send, HttpRequest("GET", f"{origin}/x", {}), 5, backend=first)
