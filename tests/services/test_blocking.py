"""The client for code that does not await, against the sandbox."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from licensespring_async import (
    BlockingLicenseSpring,
    ConfigurationError,
    DeadlineExceeded,
    DeviceNotFound,
    InvalidParameter,
    LeaseLost,
    LicenseSpring,
    RateLimits,
    endpoints,
)
from licensespring_async.sandbox import Sandbox, World
from licensespring_async.services.telemetry import OpenTelemetry
from licensespring_async.transport import HttpRequest, HttpResponse

from .. import fakes

CHECK: Any = {"product": "TP", "feature": "render", "hardware_id": "laptop", "license_key": "9F2C-77AA-0B1E-C0DE"}


def on(hardware_id: str) -> Any:
    """Return the check of another device."""
    return CHECK | {"hardware_id": hardware_id}


def a_world() -> World:
    world = World()
    license = world.add_product("TP").add_license(key=CHECK["license_key"], max_activations=5)
    license.add_feature("render", floating_users=2, floating_timeout=10)
    license.activate("laptop")
    license.activate("workstation")
    return world


@pytest.fixture(scope="module")
def served() -> Generator[tuple[BlockingPortal, Sandbox]]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox(a_world())) as running:
        yield portal, running


@pytest.fixture
def sandbox(served: tuple[BlockingPortal, Sandbox]) -> Sandbox:
    """One sandbox for all tests, without the slots that those before have kept."""
    portal, running = served
    portal.call(running.reset)
    return running


def blocking(sandbox: Sandbox, **options: Any) -> BlockingLicenseSpring:
    environ = {"LICENSESPRING_API_KEY": sandbox.api_key, "LICENSESPRING_SHARED_KEY": sandbox.shared_key}
    options = {"public_key": sandbox.public_key, **options}
    return BlockingLicenseSpring.from_env({**environ, "LICENSESPRING_BASE_URL": sandbox.url}, **options)


def in_use(client: BlockingLicenseSpring) -> int | None:
    """Return the slots in use, as another device sees them that takes one and gives it back."""
    other = on("workstation")
    feature = client.check_license_feature(**other)
    client.release_floating_feature(**other)
    assert feature.floating_in_use_devices is not None
    return feature.floating_in_use_devices - 1


class Hanging:
    """An engine whose answers never come."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.cancelled = threading.Event()

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        self.asked.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.cancelled.set()
        raise AssertionError

    async def aclose(self) -> None:
        """Nothing to close."""


def hanging(engine: Any) -> BlockingLicenseSpring:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return BlockingLicenseSpring(auth=fakes.KEY, engine=engine, verify_signatures=False, timeout=60)


def test_it_answers_as_the_async_client_does(sandbox: Sandbox) -> None:
    """Returns the model, raises the same errors, and gives the raw side."""
    with blocking(sandbox) as client:
        assert client.check_license_feature(**CHECK).code == "render"
        raw = client.with_raw_response.check_license_feature(**CHECK)
        assert (raw.status, raw.verified, raw.value.code) == (200, True, "render")
        client.release_floating_feature(**CHECK)
        with pytest.raises(DeviceNotFound) as caught:
            client.check_license_feature(**on("somebody-elses"))
        assert (caught.value.endpoint, caught.value.attempts) == ("check_license_feature", 1)
        with pytest.raises(InvalidParameter):
            client.check_license_feature(**on(""))
        assert client.retry_budget.tokens == 500
        assert (client.circuit, abs(client.clock_skew) < 60) == (None, True)


@pytest.mark.parametrize("name", endpoints.__all__)
def test_every_endpoint_is_a_method(name: str) -> None:
    """Has every endpoint of the async client, with its text and parameters, on both sides."""
    client = hanging(Hanging())
    method, raw = getattr(BlockingLicenseSpring, name), getattr(type(client.with_raw_response), name)
    endpoint = getattr(endpoints, name)
    for each in (method, raw):
        assert not inspect.iscoroutinefunction(each)
        assert (each.__name__, each.__doc__) == (name, endpoint.__doc__)
        this, *others = inspect.signature(each).parameters.values()
        assert (this.name, others) == ("self", list(inspect.signature(endpoint, eval_str=True).parameters.values()))


def test_nothing_is_missing() -> None:
    """Has whatever else the async client has, but for how it is closed."""
    ours, theirs = (
        {name for name in dir(cls) if not name.startswith("_")} for cls in (BlockingLicenseSpring, LicenseSpring)
    )
    assert theirs - ours == {"aclose"}


def test_rate_limits_change_while_it_is_open(sandbox: Sandbox) -> None:
    """Takes other rate windows, and keeps to them."""
    with blocking(sandbox, timeout=1) as client:
        client.change_rate_limits(RateLimits((1, 60)))
        client.check_license_feature(**CHECK)
        with pytest.raises(DeadlineExceeded, match="rate windows"):
            client.check_license_feature(**CHECK)
        client.change_rate_limits(None)
        client.release_floating_feature(**CHECK)
        assert client.newest_date is not None


@pytest.mark.parametrize("name", ["feature_lease", "with_options", "change_rate_limits"])
def test_other_methods_have_the_parameters_of_the_async_client(name: str) -> None:
    """Copies no signature: what the async method takes, this one takes."""
    ours, theirs = (inspect.signature(getattr(cls, name)) for cls in (BlockingLicenseSpring, LicenseSpring))
    assert ours.parameters == theirs.parameters
    assert "Async" not in str(ours.return_annotation)


def test_it_is_used_by_many_threads_at_once(sandbox: Sandbox) -> None:
    """Answers the calls of many threads, each with its own answer."""
    devices = ["laptop", "workstation"] * 20
    with blocking(sandbox) as client, ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(client.check_license_feature, **on(each)) for each in devices]
        assert {each.result().code for each in calls} == {"render"}
        for device in set(devices):
            client.release_floating_feature(**on(device))


def test_a_lease_is_a_plain_with(sandbox: Sandbox) -> None:
    """Holds a slot for the length of the block and gives it back, also when the block fails."""
    with blocking(sandbox) as client:
        with client.feature_lease(**CHECK) as lease:
            assert lease.feature.code == "render"
            assert in_use(client) == 1
            assert not lease.lost.is_set()
        assert in_use(client) == 0
        for error in (ValueError("ours"), KeyboardInterrupt()):
            with pytest.raises(type(error)), client.feature_lease(**CHECK):
                raise error
            assert in_use(client) == 0


def test_a_lease_that_is_refused_raises(sandbox: Sandbox) -> None:
    """Raises what taking the slot raised, and never enters the block."""
    with (
        blocking(sandbox) as client,
        pytest.raises(DeviceNotFound),
        client.feature_lease(**on("somebody-elses")),
    ):
        pytest.fail("the block was entered")


def a_lease_that_ends() -> Callable[[HttpRequest], HttpResponse]:
    """Answer a check with a slot that lapses in no time, and every later one with a refusal."""
    answers = iter([fakes.answer(body={**fakes.FEATURE, "is_floating_cloud": True})])
    return lambda _: next(answers, fakes.refusal("license_expired"))


def use(client: BlockingLicenseSpring, error: Exception | None) -> None:
    """Use a lease until it is lost, and then fail or not."""
    with client.feature_lease(**fakes.CHECK, floating_timeout=0.2) as lease:
        deadline = time.monotonic() + 30
        while not lease.lost.is_set():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        if error is not None:
            raise error


def test_a_lost_lease_is_told() -> None:
    """Sets `lost` while the block runs, for a thread cannot be cancelled, and raises when it ends."""
    with hanging(fakes.ScriptedEngine([a_lease_that_ends()])) as client, pytest.raises(LeaseLost):
        use(client, None)


def test_an_error_of_the_block_outweighs_a_lost_lease() -> None:
    """Raises what the block raised, not that the lease is lost."""
    with hanging(fakes.ScriptedEngine([a_lease_that_ends()])) as client, pytest.raises(ValueError, match="ours"):
        use(client, ValueError("ours"))


def test_closing_ends_what_is_under_way() -> None:
    """Ends the calls that other threads wait for with an error, instead of leaving them waiting."""
    engine = Hanging()
    with ThreadPoolExecutor(1) as pool:
        with hanging(engine) as client:
            call = pool.submit(client.check_license_feature, **fakes.CHECK)
            assert engine.asked.wait(30)
        with pytest.raises(ConfigurationError, match="closed"):
            call.result(30)
    assert engine.cancelled.is_set()


def test_a_hook_may_close_it(sandbox: Sandbox) -> None:
    """A hook runs in the client's own thread, which cannot wait for itself: it closes the client without an error."""
    closed: list[object] = []

    def close(event: object) -> None:
        client.close()
        closed.append(event)

    client = sandbox.blocking_client(hooks=[close])
    with suppress(ConfigurationError):  # the call may be cut off
        client.check_license_feature(**CHECK)
    assert closed
    with pytest.raises(ConfigurationError, match="was closed; make another one"):
        client.check_license_feature(**CHECK)


def test_closing_releases_leases(sandbox: Sandbox) -> None:
    """Gives back the slots of leases that were never left."""
    with blocking(sandbox) as client:
        lease = client.feature_lease(**CHECK)
        lease.__enter__()
    with blocking(sandbox) as client:
        assert in_use(client) == 0


def test_a_global_works_at_the_first_call_and_in_no_call_after_its_end(sandbox: Sandbox) -> None:
    """Starts its one thread when it is first used, by several threads at once, and says when it was closed."""
    before = threading.active_count()
    client = blocking(sandbox)
    assert threading.active_count() == before
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(code_of_check, [client] * 8)) == {"render"}
        with client:
            assert code_of_check(client) == "render"
    with pytest.raises(ConfigurationError, match="was closed; make another one"):
        code_of_check(client)
    assert threading.active_count() == before
    with pytest.raises(ConfigurationError, match="was closed"), client:
        pytest.fail("it was opened again")


def test_one_that_nobody_holds_ends_its_thread(sandbox: Sandbox) -> None:
    """Leaves no thread behind where a function makes a client for each call and forgets it."""
    before = set(threading.enumerate())
    client = blocking(sandbox)
    copy = client.with_options(timeout=5)
    assert code_of_check(client) == "render"
    del client
    assert code_of_check(copy) == "render"
    (thread,) = set(threading.enumerate()) - before
    del copy
    gc.collect()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.anyio
async def test_it_refuses_to_work_inside_an_event_loop() -> None:
    """Says in a running event loop, of asyncio or trio, that the async client is for there."""
    with pytest.raises(ConfigurationError, match="LicenseSpring"), hanging(Hanging()):
        pytest.fail("it was opened")


@pytest.mark.anyio
async def test_it_works_in_a_worker_thread(sandbox: Sandbox) -> None:
    """Works in the threads that an async program uses for blocking code."""

    def script() -> str:
        with blocking(sandbox) as client:
            return client.with_options(timeout=9).check_license_feature(**CHECK).code

    assert await anyio.to_thread.run_sync(script) == "render"


def code_of_check(client: BlockingLicenseSpring) -> str:
    return client.check_license_feature(**CHECK).code


async def in_a_thread(function: Callable[..., str], *args: Any) -> str:
    """Run a function in a plain thread, in the caller's context, as tracing libraries arrange it."""
    context, done = contextvars.copy_context(), Future[str]()
    thread = threading.Thread(target=lambda: done.set_result(context.run(function, *args)))
    thread.start()
    await anyio.to_thread.run_sync(thread.join)
    return done.result(0)


@pytest.mark.parametrize("elsewhere", [asyncio.to_thread, in_a_thread, anyio.to_thread.run_sync])
def test_it_works_in_a_thread_that_inherits_a_context(sandbox: Sandbox, elsewhere: Callable[..., Any]) -> None:
    """Works in every thread that has no loop of its own, whatever knows of one in the context that the thread got."""
    with blocking(sandbox) as client:
        assert anyio.run(elsewhere, code_of_check, client) == "render"
        assert asyncio.run(elsewhere(code_of_check, client)) == "render"


@pytest.mark.parametrize("elsewhere", [in_a_thread, anyio.to_thread.run_sync])
def test_it_works_in_a_thread_of_trio(sandbox: Sandbox, elsewhere: Callable[..., Any]) -> None:
    """Works in the threads of a program that runs on trio."""
    with blocking(sandbox) as client:
        assert anyio.run(elsewhere, code_of_check, client, backend="trio") == "render"


def test_it_works_in_a_thread_of_a_route(sandbox: Sandbox) -> None:
    """Works where a FastAPI route hands it to a thread, served or under a TestClient."""
    with blocking(sandbox) as client:
        app = FastAPI()

        @app.get("/")
        async def in_a_route() -> str:
            return await asyncio.to_thread(code_of_check, client)

        with TestClient(app) as http:
            assert http.get("/").json() == "render"


def test_the_span_of_the_caller_is_the_parent(sandbox: Sandbox) -> None:
    """Takes the caller's context along into the thread."""
    exporter, tracers = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    with (
        blocking(sandbox, telemetry=OpenTelemetry(tracer_provider=tracers)) as client,
        tracers.get_tracer("script").start_as_current_span("script"),
    ):
        client.check_license_feature(**CHECK)
    _, call, script = exporter.get_finished_spans()
    assert call.parent is not None
    assert (script.name, script.context and script.context.span_id) == ("script", call.parent.span_id)


def test_it_cannot_be_pickled_and_shows_no_secret() -> None:
    """Refuses to be pickled, as it holds secrets, and shows none."""
    client = hanging(Hanging())
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(client)
    assert "shared-key-0002" not in repr(client)
    assert repr(client).startswith("BlockingLicenseSpring(https://")


SCRIPT = """
import signal, sys, warnings
import anyio
from licensespring_async import ApiKey, BlockingLicenseSpring, ConnectionFailed
warnings.simplefilter("ignore")
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background process may not have

class Hanging:
    async def send(self, request, timeout):
        if request.method == "POST":
            raise ConnectionFailed("no more")
        print("asked", flush=True)
        try:
            await anyio.sleep(3600)
        finally:
            print("cancelled", flush=True)
    async def aclose(self):
        print("closed", flush=True)

client = BlockingLicenseSpring(
    auth=ApiKey(api_key="k", shared_key="s"), engine=Hanging(), verify_signatures=False, timeout=3600
)
check = dict(product="P", feature="F", hardware_id="H", license_key="K")
"""


def python(source: str, environ: dict[str, str] = {}) -> subprocess.Popen[str]:  # noqa: B006
    code = SCRIPT + textwrap.dedent(source)
    words = [sys.executable, "-c", code]
    environ = {**os.environ, **environ}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    return {
        "LICENSESPRING_API_KEY": sandbox.api_key,
        "LICENSESPRING_SHARED_KEY": sandbox.shared_key,
        "LICENSESPRING_BASE_URL": sandbox.url,
        "PUBLIC_KEY": sandbox.public_key,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("waiting", ["check_license_feature(**check)", "feature_lease(**check).__enter__()"])
def test_ctrl_c_ends_a_call(waiting: str) -> None:
    """Ends a call that hangs with KeyboardInterrupt, and cancels it in the loop."""
    with python(f"with client:\n    client.{waiting}") as script:
        assert script.stdout is not None
        assert script.stdout.readline() == "asked\n"
        script.send_signal(signal.SIGINT)
        out, err = script.communicate(timeout=30)
    assert out.splitlines()[0] == "cancelled"
    assert out.splitlines()[-1] == "closed"
    assert "KeyboardInterrupt" in err


def test_a_program_that_never_closes_it_can_end() -> None:
    """Does not keep the interpreter alive."""
    with python("client.__enter__()\nprint('the end')") as script:
        out, err = script.communicate(timeout=30)
    assert (out, err, script.returncode) == ("the end\n", "", 0)


LATE = """
import atexit, os, sys, threading, time
from contextlib import closing
from licensespring_async import BlockingLicenseSpring, ConfigurationError
check = dict(product="TP", feature="render", hardware_id="laptop", license_key="9F2C-77AA-0B1E-C0DE")
client = BlockingLicenseSpring.from_env(public_key=os.environ["PUBLIC_KEY"])

def work():
    with closing(client), client.feature_lease(**check, floating_timeout=0.2) as lease:
        first = lease.feature
        while lease.feature is first:  # until it was renewed
            time.sleep(0.01)
        print(lease.lost.is_set(), flush=True)

def starts_threads():
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        return False
    return True

def told():
    print(starts_threads(), flush=True)
    try:
        work()
    except ConfigurationError as error:
        print(error, flush=True)

def after_the_main_thread():
    threading.main_thread().join()
    told()

if sys.argv[1] == "opened before":
    client.__enter__()
if sys.argv[2] == "atexit":
    atexit.register(told)
else:
    threading.Thread(target=after_the_main_thread).start()
"""


@pytest.mark.parametrize("opened", ["opened late", "opened before"])
@pytest.mark.parametrize("when", ["thread", "atexit"])
def test_a_lease_is_renewed_and_released_while_the_program_ends(sandbox: Sandbox, opened: str, when: str) -> None:
    """Works in a thread that outlives the main one, and in an atexit handler; says so where Python starts no thread."""
    done = subprocess.run(
        [sys.executable, "-c", LATE, opened, when],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment_of(sandbox)},
        timeout=60,
    )
    # Pythons differ in whether they start one so late, even within 3.12 and 3.13: the program asks its own.
    starts_threads, _, said = done.stdout.partition("\n")
    assert starts_threads in ("True", "False")
    expected = "no thread can be started" if (starts_threads, opened) == ("False", "opened late") else "False\n"
    assert (said[: len(expected)], done.stderr, done.returncode) == (expected, "", 0)
    with blocking(sandbox) as client:
        assert in_use(client) == 0


def test_a_thread_that_cannot_be_started_is_told() -> None:
    """Raises an error of ours where Python starts no thread, and can be opened when it does."""
    source = """
    import threading
    from licensespring_async import ConfigurationError
    before = threading.stack_size(1 << 46)
    try:
        client.__enter__()
    except ConfigurationError as error:
        print(error)
    threading.stack_size(before)
    with client:
        print("open")
    """
    with python(source) as script:
        out, err = script.communicate(timeout=30)
    first, *others = out.splitlines()
    assert first.startswith("no thread can be started for the calls (")
    assert (others, err) == (["open", "closed"], "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_forked_process_makes_its_own_connections(sandbox: Sandbox) -> None:
    """Works in a forked process and in its parent, also through a copy, and shares no connection."""
    source = """
    import os
    client = BlockingLicenseSpring.from_env(public_key=os.environ["PUBLIC_KEY"])
    brief = client.with_options(timeout=5)
    check |= dict(product="TP", feature="render", hardware_id="laptop", license_key="9F2C-77AA-0B1E-C0DE")
    print(client.check_license_feature(**check).code, flush=True)
    with client:
        if os.fork() == 0:
            print(brief.check_license_feature(**check).code, flush=True)
            print(client.check_license_feature(**check).code, flush=True)
            client.close()
            os._exit(0)
        os.wait()
        print(brief.check_license_feature(**check).code, flush=True)
    """
    with python(source, environment_of(sandbox)) as script:
        out, err = script.communicate(timeout=60)
    assert (out.split(), err) == (["render"] * 4, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_forked_process_does_not_use_its_parents_engine() -> None:
    """Raises in a forked process where a caller's engine was opened before, instead of sharing its connections."""
    source = """
    import os
    from licensespring_async import ConfigurationError
    with client:
        client.change_rate_limits(None)
        if os.fork() == 0:
            try:
                client.check_license_feature(**check)
            except ConfigurationError as error:
                print(error, flush=True)
            os._exit(0)
        os.wait()
    """
    with python(source) as script:
        out, _ = script.communicate(timeout=30)
    told = "another process opened this client and its engine; make a client in each process"
    assert out.splitlines() == [told, "closed"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_forked_process_leaves_its_parents_lease_at_once(sandbox: Sandbox) -> None:
    """Leaves the block without a wait, and does not release the slot, which is the parent's."""
    source = """
    import os, signal
    client = BlockingLicenseSpring.from_env(public_key=os.environ["PUBLIC_KEY"])
    check |= dict(product="TP", feature="render", hardware_id="laptop", license_key="9F2C-77AA-0B1E-C0DE")
    with client, client.feature_lease(**check) as lease:
        child = os.fork()
        if not child:
            signal.alarm(20)
            with client.feature_lease(**check):
                print("a lease of its own", flush=True)
        else:
            print(os.waitpid(child, 0)[1], lease.error, flush=True)
    """
    with python(source, environment_of(sandbox)) as script:
        out, err = script.communicate(timeout=60)
    assert (out.splitlines(), err) == (["a lease of its own", "0 None"], "")


def test_it_is_imported_when_it_is_asked_for() -> None:
    """Is not a part of the package's import."""
    code = """
import sys, licensespring_async
before = "licensespring_async.services" in sys.modules
print(before, licensespring_async.BlockingLicenseSpring.__name__)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False BlockingLicenseSpring\n"
