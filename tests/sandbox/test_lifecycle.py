"""Starting, stopping, and standing beside others."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import anyio
import httpx
import pytest

from licensespring_async.sandbox import DEMO, Effect, Fault, Sandbox, SandboxError, World
from licensespring_async.sandbox.server.serving import Serving, listen

from .calling import BUNDLE, FEATURE, Caller, VirtualClock, new_http

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Start it and ask it on both event loops; what it answers is tested on one."""
    return request.param


def _servers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "licensespring-sandbox"}


async def test_starts_and_stops_without_traces() -> None:
    """Answers inside the context; outside, neither its port nor its thread is left."""
    before = _servers()
    async with Sandbox() as sandbox, new_http() as http:
        url = sandbox.url
        assert (await http.get(url)).status_code == 404
    assert _servers() == before
    async with new_http() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def test_stops_when_its_block_fails() -> None:
    """Stops when the block raises, and lets the error through."""
    sandbox = Sandbox(World())
    with pytest.raises(KeyError):
        async with sandbox:
            raise KeyError
    with pytest.raises(SandboxError, match="not running"):
        _ = sandbox.url


async def test_stops_when_its_block_is_cancelled() -> None:
    """Stops completely when the task that holds it is cancelled."""
    before = _servers()
    with anyio.CancelScope() as scope:
        async with Sandbox(World()):
            scope.cancel()
            await anyio.sleep_forever()
    assert _servers() == before


async def test_stops_while_connections_are_open() -> None:
    """Stops although a client keeps a connection open."""
    before = _servers()
    async with new_http() as http:
        async with Sandbox(World()) as sandbox:
            await http.get(sandbox.url)
        assert _servers() == before


async def test_starts_again_with_its_state() -> None:
    """Serves the same world when it is entered again."""
    sandbox = Sandbox(World())
    async with sandbox:
        sandbox.world.add_product("TP")
    async with sandbox:
        assert "TP" in sandbox.world.products


async def test_refuses_to_start_twice() -> None:
    """Refuses to be entered while it runs."""
    sandbox = Sandbox(World())
    async with sandbox:
        with pytest.raises(SandboxError, match="already"):
            await sandbox.__aenter__()
        async with new_http() as http:
            assert (await http.get(sandbox.url)).status_code == 404


async def test_says_that_a_port_is_taken() -> None:
    """Says which port is taken, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sandbox = Sandbox(World(), port=port)
        with pytest.raises(SandboxError, match=rf"port {port}.*port 0 picks a free one"):
            await sandbox.__aenter__()


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [("256.0.0.1", 0, "cannot listen on 256.0.0.1 port 0: [^;]*$"), ("127.0.0.1", 70000, "; port 0 picks a free one$")],
)
async def test_refuses_an_address_that_is_none(host: str, port: int, told: str) -> None:
    """Refuses an address that cannot be listened on with its own error; a wrong host needs no other port."""
    with pytest.raises(SandboxError, match=told):
        await Sandbox(World(), host=host, port=port).__aenter__()


async def test_a_sandbox_for_all_addresses_can_be_called() -> None:
    """Has the address of this machine as its own, since clients refuse plain HTTP to any other."""
    async with Sandbox(host="0.0.0.0") as sandbox, sandbox.client() as client:  # noqa: S104
        assert sandbox.url.startswith("http://127.0.0.1:")
        demo = sandbox.demo
        await client.check_license(product=demo.product, hardware_id=demo.hardware_id, license_key=demo.license_key)


async def test_two_stand_side_by_side(clock: VirtualClock) -> None:
    """Keeps two sandboxes apart: keys, signatures and slots of one mean nothing to the other."""
    query = {
        "product": DEMO.product,
        "hardware_id": DEMO.hardware_id,
        "license_key": DEMO.license_key,
        "feature": DEMO.floating_feature,
    }
    async with Sandbox(clock=clock) as one, Sandbox(clock=clock) as two, new_http() as http:
        callers = [Caller(sandbox=sandbox, clock=clock, http=http) for sandbox in (one, two)]
        one.world.products[DEMO.product].licenses_of(DEMO.license_key)[0].deactivate(DEMO.hardware_id)
        assert await callers[0].code(FEATURE, query) == "license_not_active"
        assert (await callers[1].json(FEATURE, query))["floating_in_use_devices"] == 1
        foreign = await callers[1].get(FEATURE, query, callers[0].signed())
        assert foreign.json()["code"] == "invalid_api_key"
        assert one.public_key != two.public_key


async def test_describes_itself(clock: VirtualClock) -> None:
    """Describes itself as JSON from which a client can make its first calls."""
    async with Sandbox(clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        told = json.loads(json.dumps(sandbox.describe()))
        demo = told["demo"]
        bundle = demo.pop("bundle")
        device = {name: demo[name] for name in ("product", "license_key", "hardware_id")}
        for name in ("feature", "floating_feature", "consumption_feature"):
            assert (await caller.json(FEATURE, {**device, "feature": demo[name]}))["code"] == demo[name]
        assert len(await caller.json(BUNDLE, bundle)) == 3
    assert told["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert {"url", "api_key", "shared_key", "client_id", "client_secret"} < told.keys()


async def test_has_no_demo_in_another_world() -> None:
    """Has no demo in a world that is not the demo's."""
    async with Sandbox(World()) as sandbox:
        assert sandbox.describe()["demo"] is None
        with pytest.raises(SandboxError, match="only the demo world"):
            _ = sandbox.demo


def test_offers_the_demo() -> None:
    """Offers the demo's names without being started."""
    assert Sandbox().demo == DEMO


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_a_signal(number: signal.Signals) -> None:
    """Serves from the main thread until SIGINT or SIGTERM, and leaves the handlers as they were."""
    sandbox = Sandbox(World())
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    urls: list[str] = []

    def ready() -> None:
        urls.append(sandbox.url)
        os.kill(os.getpid(), number)

    sandbox.serve_forever(ready)
    assert urls
    assert urls[0].startswith("http://127.0.0.1:")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def _fail() -> None:
    raise BrokenPipeError


def test_reports_a_failed_start() -> None:
    """Raises SandboxError when what should happen at the start fails, and does not run."""
    sandbox = Sandbox(World())
    with pytest.raises(SandboxError, match="did not start"):
        sandbox.serve_forever(_fail)
    with pytest.raises(SandboxError, match="not running"):
        _ = sandbox.url


def test_reports_a_failed_start_in_a_thread() -> None:
    """Raises SandboxError when the server's thread ends before it answers, and frees the port."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serving = Serving(Sandbox(World()).application(), listener, _fail)
    with pytest.raises(SandboxError, match="did not start"):
        serving.start()
    listen("127.0.0.1", port).close()


def test_serves_in_a_plain_with() -> None:
    """Runs for tests that are not async, too."""
    with Sandbox(World()) as sandbox:
        assert httpx.get(sandbox.url, trust_env=False).status_code == 404
    with pytest.raises(SandboxError, match="not running"):
        _ = sandbox.url


@pytest.mark.parametrize("effect", ["latency", "dribble"])
async def test_stops_while_an_answer_is_late(
    effect: Effect, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Stops within its bounds, and quietly, although an answer would take an hour."""
    before = _servers()
    async with new_http() as http, anyio.create_task_group() as group, Sandbox(World()) as sandbox:
        sandbox.faults.add(Fault(effect=effect, seconds=3600, count=1))

        async def ask() -> None:
            with pytest.raises(httpx.TransportError):
                await http.get(sandbox.url)

        group.start_soon(ask)
        while sandbox.faults.active:  # noqa: ASYNC110 - until it has met the request
            await anyio.sleep(0.01)
    assert _servers() == before
    assert (caplog.messages, capfd.readouterr().err) == ([], "")


async def test_keeps_its_key() -> None:
    """Signs with one key for as long as the object lives, however often it is entered."""
    sandbox = Sandbox(World())
    key = sandbox.public_key
    async with sandbox:
        assert sandbox.public_key == key


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
async def test_speaks_ipv6() -> None:
    """Listens on an IPv6 address and writes it as URLs need it."""
    async with Sandbox(World(), host="::1") as sandbox, new_http() as http:
        assert sandbox.url.startswith("http://[::1]:")
        assert (await http.get(sandbox.url)).status_code == 404


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "httptools"])
def test_says_what_to_install(missing: str) -> None:
    """Without the extra, importing the sandbox says what to install."""
    code = f"import sys; sys.modules['{missing}'] = None; import licensespring_async.sandbox"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert re.search(r'python -m pip install .*\[sandbox\]"$', done.stderr.rstrip())
