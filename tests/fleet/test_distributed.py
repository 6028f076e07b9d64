"""A run on the workers of a real Dask cluster: processes on loopback."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import time
import warnings
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import attrs
import httpx
import pytest
from anyio import to_thread
from distributed import Client, LocalCluster, Security
from distributed.comm import core

from licensespring_async import ConfigurationError, LicenseSpringError, TransportError, Window
from licensespring_async.fleet import Outcome, check_with
from licensespring_async.fleet.checking.shares import Limits
from licensespring_async.fleet.distributed import Settings, connected, dask_checker

from ..cli.processes import COMMAND
from ..cli.test_fleet_check import HEADER, lines_of
from ..cli.test_fleet_resume import serving
from .fakes import rows

pytestmark = [
    # Dask's own: a comm that is closed while its peer dies is left to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
comms: Any = core
asynchronous = pytest.mark.parametrize("anyio_backend", ["asyncio"])
CREDENTIALS = {"LICENSESPRING_API_KEY": "the-api-key-0001", "LICENSESPRING_SHARED_KEY": "the-shared-key-0002"}


def local_cluster() -> Any:
    """A cluster with one worker, as somebody else has started it."""
    make: Any = LocalCluster
    return make(
        n_workers=1,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        asynchronous=True,
        env=CREDENTIALS,
    )


@pytest.mark.slow
@pytest.mark.anyio
@asynchronous
async def test_a_worker_that_is_killed_costs_no_row_and_doubles_none(anyio_backend: str) -> None:
    """SIGKILL in mid-run: its rows go to others, and every row has one result, the service's."""
    with serving() as service:
        settings = Settings(base_url=service.url, verify=False, is_local=True)
        async with (
            connected("local:2", environ=CREDENTIALS) as cluster,
            dask_checker(cluster, settings, Limits()) as checker,
        ):
            dask: Any = cluster
            pids: dict[str, int] = await dask.run(os.getpid)
            seen: list[int] = []
            with anyio.fail_after(150):
                async with check_with(checker, rows(600)) as results:
                    async for result in results:
                        assert (result.outcome, result.code) == (Outcome.NOT_LICENSED, "license_not_found")
                        seen.append(result.row)
                        if len(seen) == 150:
                            os.kill(next(iter(pids.values())), signal.SIGKILL)
        assert sorted(seen) == list(range(1, 601))
        assert len(service.sent) == 600
        # Two chunks of 100 rows were with it.
        assert service.sent.total() <= 600 + 200
        assert max(service.sent.values()) <= 2


@pytest.mark.anyio
@asynchronous
async def test_no_secret_is_in_the_task_graph(anyio_backend: str) -> None:
    """What the scheduler knows of the tasks names neither credentials nor license keys nor devices."""
    texts: list[str] = []
    key = "9F2C-77AA-0B1E-C0DE"
    given = [
        attrs.evolve(each, check=attrs.evolve(each.check, license_key=key, hardware_id=f"the-device-{each.row}"))
        for each in rows(300)
    ]

    def look(cluster: Any) -> None:
        tasks = list(cluster.scheduler.tasks.values())
        texts.extend(f"{task.key} {task.run_spec!r} {pickle.dumps(task.run_spec)!r}" for task in tasks)

    with serving() as service:
        settings = Settings(base_url=service.url, verify=False)
        async with (
            local_cluster() as cluster,
            connected(cluster.scheduler_address) as client,
            dask_checker(client, settings, Limits(company=(Window(100, 1),))) as checker,
            check_with(checker, given) as results,
        ):
            async for _ in results:
                look(cluster)
        assert service.sent.total() == 300
    assert any("check_chunk" in text for text in texts)
    for secret in (*CREDENTIALS.values(), key, "the-device"):
        assert secret not in " ".join(texts)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_drains_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """Interrupted, what the workers had sent is in the output; resumed, nothing is sent again."""
    file, output = tmp_path / "fleet.csv", tmp_path / "results.jsonl"
    file.write_text(HEADER + "".join(f"APP,d{number},KEY,,\n" for number in range(1, 401)))
    with serving() as service:
        command = [*COMMAND, "fleet", "check", str(file), "--output", str(output), "--dask", "local:1"]
        command += ["--base-url", service.url, "--no-verify-signatures", "--rate", "60/1", "--yes"]
        environment = os.environ | CREDENTIALS
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        ) as process:
            until = time.monotonic() + 60
            while service.sent.total() < 100 and process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert "Interrupted: " in stderr
        assert "Traceback" not in stderr
        done = len(lines_of(output))
        assert 100 <= done == service.sent.total() < 400
        resumed = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (resumed.returncode, "Resuming: " in resumed.stderr) == (0, True), resumed.stderr
    assert sorted(line["row"] for line in lines_of(output)) == list(range(1, 401))
    assert Counter(service.sent.values()) == {1: 400}


def test_refused_credentials_end_the_run_at_once(tmp_path: Path) -> None:
    """The worker sends no more rows of its chunk, and the exit code is that of a run without Dask."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "".join(f"APP,d{number},KEY,,\n" for number in range(1, 301)))
    with serving() as service:
        service.codes = {f"d{number}": (401, "invalid_api_key") for number in range(1, 301)}
        command = [*COMMAND, "fleet", "check", str(file), "--dask", "local:1", "--base-url", service.url]
        done = subprocess.run(
            [*command, "--no-verify-signatures", "--unlimited", "--yes"],
            capture_output=True,
            text=True,
            env=os.environ | CREDENTIALS,
            timeout=60,
            check=False,
        )
        # As many as are under way in the beginning.
        assert service.sent.total() <= 16
    assert (done.returncode, "The service does not know this API key" in done.stderr) == (4, True), done.stderr
    assert "skipped" in done.stdout


def test_workers_without_credentials_end_the_run(tmp_path: Path) -> None:
    """The message names the worker and the variables."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "APP,d1,KEY,,\n")
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LICENSESPRING_")}
    command = [*COMMAND, "fleet", "check", str(file), "--dask", "local:1", "--base-url", "http://127.0.0.1:9"]
    done = subprocess.run(
        [*command, "--no-verify-signatures", "--yes"], capture_output=True, text=True, env=bare, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "cannot check anything: no credentials in the environment: set" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


async def speaks(address: str, security: Any) -> bool:
    """Whether a scheduler or worker answers somebody."""
    arguments: dict[str, Any] = {} if security is None else security.get_connection_args("client")
    try:
        with anyio.fail_after(3):
            comm = await comms.connect(address, timeout=2, **arguments)
            await comm.write({"op": "identity", "reply": True})
            await comm.read()
            comm.abort()
    except (OSError, ValueError):
        return False
    return True


def tells(url: str) -> bool:
    """Whether a server has something at an address."""
    with httpx.Client(trust_env=False, verify=False, timeout=2) as http:  # noqa: S501  # whoever it is
        try:
            return http.get(url).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.mark.anyio
@asynchronous
async def test_a_local_cluster_lets_no_other_user_in(anyio_backend: str) -> None:
    """Its scheduler and workers speak with no one who has not the certificate of the run, and tell nothing by HTTP."""
    stranger: Any = Security.temporary()  # type: ignore[no-untyped-call]
    async with connected("local:1", environ=CREDENTIALS) as ours:
        dask: Any = ours
        about = await dask.scheduler.identity()
        for address in (about["address"], *about["workers"]):
            assert address.startswith("tls://127.0.0.1:")
            assert await speaks(address, dask.security)
            assert not await speaks(address, stranger)
            assert not await speaks(address.replace("tls", "tcp"), None)
        services = [about["services"], *(each["services"] for each in about["workers"].values())]
        pages = ("", "health", "info/main/workers.html", "json/counts.json", "metrics", "statics/css/base.css")
        hosts = {f"127.0.0.1:{each['dashboard']}" for each in services if "dashboard" in each}
        told: list[str] = []

        async def look(url: str) -> None:
            if await to_thread.run_sync(tells, url):
                told.append(url)

        async with anyio.create_task_group() as visitors:  # together, since a server that tells nothing takes its time
            for scheme, host, page in product(("http", "https"), hosts, pages):
                visitors.start_soon(look, f"{scheme}://{host}/{page}")
        assert told == []


@pytest.mark.anyio
@asynchronous
@pytest.mark.parametrize(
    "address", ["tcp://192.0.2.1:8786", "192.0.2.1:8786", "ucx://192.0.2.1:8786", "tcp://[2001:db8::1]:1", "ws://h:1"]
)
async def test_an_unencrypted_scheduler_elsewhere_is_refused(anyio_backend: str, address: str) -> None:
    """Connects to no scheduler off this machine without encryption, unless it may, and says what to do."""
    with pytest.raises(ConfigurationError, match=r"not encrypted.*--dask-plaintext"):
        async with connected(address):
            pass


@pytest.mark.anyio
@asynchronous
@pytest.mark.parametrize(
    ("scheme", "reason"),
    [("tcp", "another program answers there, not a Dask scheduler"), ("tls", "needs certificates")],
)
async def test_what_is_no_scheduler_is_named(anyio_backend: str, scheme: str, reason: str) -> None:
    """At the address of a scheduler's web page, or without certificates, says what is wrong, and leaves no warning."""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await stream.receive()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as page, anyio.create_task_group() as serving:
        serving.start_soon(page.serve, answer)
        port = page.extra(anyio.abc.SocketAttribute.local_port)
        with warnings.catch_warnings(record=True) as warned:
            with pytest.raises(ConfigurationError, match=rf"--dask {scheme}://127.0.0.1:{port}: {reason}"):
                async with connected(f"{scheme}://127.0.0.1:{port}"):
                    pass
            gc.collect()
            assert [str(each.message) for each in warned if each.category is RuntimeWarning] == []
        serving.cancel_scope.cancel()


@pytest.mark.slow
@pytest.mark.anyio
@asynchronous
async def test_a_silent_scheduler_is_not_waited_for(anyio_backend: str) -> None:
    """A program that takes the connection and says nothing ends the run within half a minute."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as silent:
        port = silent.extra(anyio.abc.SocketAttribute.local_port)
        with anyio.fail_after(40), pytest.raises(ConfigurationError, match="what is there says nothing"):
            async with connected(f"tcp://127.0.0.1:{port}"):
                pass


EVIL = """
import licensespring_async.fleet.distributed.worker as worker
class Evil:
    def __reduce__(self):
        return exec, ("import os; open({mark!r}, 'a').write(str(os.getpid()) + ' ')",)
class EvilError(Exception):
    __reduce__ = Evil.__reduce__
async def check_chunk(run, rows):
    {deed}
def share(run, limits, dask_worker):
    {other_deed}
worker.check_chunk = check_chunk
if {other_deed!r} != "pass":
    worker.share = share
"""


@pytest.mark.anyio
@asynchronous
@pytest.mark.parametrize(
    ("deed", "other_deed"),
    [
        ("return Evil()", "pass"),
        pytest.param("return [Evil()]", "pass", marks=pytest.mark.slow),
        ("raise EvilError", "pass"),
        pytest.param("return b'bytes'", "pass", marks=pytest.mark.slow),
        pytest.param("return '{'", "pass", marks=pytest.mark.slow),
        pytest.param('return \'{"outcomes": ["{}"], "throttled": 0}\'', "pass", marks=pytest.mark.slow),
        pytest.param("pass", "return Evil()", marks=pytest.mark.slow),
        pytest.param("pass", "raise EvilError", marks=pytest.mark.slow),
    ],
)
async def test_nothing_of_a_workers_is_unpickled(
    anyio_backend: str, tmp_path: Path, deed: str, other_deed: str
) -> None:
    """A worker that answers with an object runs no code where the journal is; its rows are errors."""
    mark = tmp_path / "mark"
    code = EVIL.format(mark=str(mark), deed=deed, other_deed=other_deed)
    make: Any = Client
    async with local_cluster() as cluster, make(cluster.scheduler_address, asynchronous=True) as evil:
        await evil.run(exec, code, {})
        async with (
            connected(cluster.scheduler_address) as client,
            dask_checker(client, Settings(base_url="http://127.0.0.1:9", verify=False), Limits()) as checker,
        ):
            outcome: object = None
            with anyio.move_on_after(3 if other_deed != "pass" else 60):
                try:
                    outcome = await checker.check(rows(1)[0], is_full=False)
                except LicenseSpringError as error:
                    outcome = error
            assert outcome is None or isinstance(outcome, TransportError | ConfigurationError)
    # Dask tries on the worker whether an error can be pickled.
    assert str(os.getpid()) not in (mark.read_text().split() if mark.exists() else [])
