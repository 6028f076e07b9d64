"""A run on the workers of a real Dask cluster: processes on loopback."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from distributed import LocalCluster

from licensespring_async import Window
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
