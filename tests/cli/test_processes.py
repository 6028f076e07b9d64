"""The command as a process: signals, pipes, and what is installed."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from licensespring_async import __version__
from licensespring_async.cli import app

from .processes import COMMAND, IN_THE_BACKGROUND, environment, line_of, python, running

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


def test_the_version_is_printed() -> None:
    """`python -m licensespring_async --version` names package and version."""
    with running("--version") as process:
        assert process.communicate(timeout=60)[0] == f"licensespring-async {__version__}\n"
        assert process.returncode == 0


def test_importing_the_package_imports_no_extra() -> None:
    """A program that only calls the API does not pay for the command line, the fleet or the sandbox."""
    done = python(
        "import sys, licensespring_async\n"
        "rooms = {'licensespring_async.' + name for name in ('cli', 'fleet', 'sandbox')}\n"
        "print(sorted(sys.modules.keys() & (rooms | {'typer', 'starlette', 'uvicorn'})))"
    )
    assert done.stdout == "[]\n"


def test_the_command_needs_no_extra_but_its_own() -> None:
    """Starts without the extras that single commands need, and does not wait for them to be imported."""
    others = ("dask", "distributed", "pyarrow", "sqlalchemy", "jinja2", "matplotlib", "starlette", "uvicorn", "fastapi")
    done = python(
        f"import sys; sys.modules.update(dict.fromkeys({others!r}))\n"
        "sys.argv[1:] = ['fleet', 'check', '--help']\nfrom licensespring_async.__main__ import main\nmain()"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_cli_extra_it_says_what_to_install(missing: str) -> None:
    """One line, and exit code 2."""
    done = python(f"import sys; sys.modules['{missing}'] = None\nfrom licensespring_async.__main__ import main\nmain()")
    assert done.returncode == 2
    assert f"needs {missing}," in done.stderr
    assert re.search(r'python -m pip install .*\[cli\]"\n$', done.stderr)
    assert done.stderr.count("\n") == 1


def test_without_the_sandbox_extra_it_says_what_to_install() -> None:
    """One line for each command that needs it, and exit code 2."""
    done = python(
        "import sys; sys.modules['starlette'] = None; sys.modules['uvicorn'] = None\n"
        "from licensespring_async.__main__ import main\n"
        "for words in ['fleet', 'check', '--sandbox'], ['sandbox']:\n"
        "    sys.argv[1:] = words\n"
        "    try: main()\n"
        "    except SystemExit as end: print(end.code)"
    )
    assert (done.returncode, done.stdout) == (0, "2\n2\n")
    for line in done.stderr.splitlines():
        assert re.search(r'python -m pip install .*\[sandbox\]"', line)
    assert done.stderr.count("\n") == 2


def test_another_missing_module_is_not_hidden() -> None:
    """A broken installation shows what is broken."""
    done = python("import sys; sys.modules['anyio'] = None\nfrom licensespring_async.__main__ import main\nmain()")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_describes_itself_and_runs_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """The first line is JSON, the server answers from then on, and Ctrl-C or SIGTERM end it with 0."""
    with running("sandbox", "--port", "0") as process:
        described = json.loads(line_of(process))
        assert {"url", "api_key", "shared_key", "client_id", "client_secret", "public_key", "demo"} <= described.keys()
        assert httpx.get(f"{described['url']}/api/v4/check_bundle", trust_env=False).status_code == 400
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")


def test_a_port_that_is_taken_exits_with_2() -> None:
    """The message says which and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with running("sandbox", "--port", str(port)) as second:
            _, stderr = second.communicate(timeout=60)
    assert second.returncode == 2
    assert stderr.startswith(f"Error: cannot listen on 127.0.0.1 port {port}: {os.strerror(errno.EADDRINUSE)}; ")


@posix
def test_an_interrupted_run_keeps_what_is_done_and_another_ctrl_c_at_its_end_changes_nothing() -> None:
    """The results so far are whole lines, stderr counts them, and the exit code is 130."""
    with running("fleet", "check", "--sandbox", "--concurrency", "1", "--output", "-") as process:
        first = line_of(process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = ""
        while "Interrupted: " not in told:
            told += process.stderr.readline()
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    results = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert f"Interrupted: {len(results)} of 1,000 rows done." in told
    assert "Traceback" not in told + stderr


@posix
def test_a_run_that_waits_says_how_far_it_is_and_how_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that lets a run wait, or a long pause that it asked for, leaves no silence in the log."""
    monkeypatch.setenv("LICENSESPRING_API_KEY", "a")
    monkeypatch.setenv("LICENSESPRING_SHARED_KEY", "s")
    fleet = tmp_path / "fleet.csv"
    fleet.write_text("product,hardware_id,license_key\nAPP,d1,K1\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        words = [
            "--base-url",
            url,
            "--no-verify-signatures",
            "--unlimited",
            "--yes",
            "--timeout",
            "60",
            "--output",
            "-",
        ]
        with subprocess.Popen(
            [*COMMAND, "fleet", "check", str(fleet), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            while not (line := process.stderr.readline()).startswith("0 of 1 rows, 0.0/s"):
                assert line
            process.send_signal(signal.SIGINT)
            assert process.stderr.readline() == "Finishing the 1 row under way; press Ctrl-C again to end at once.\n"
            process.send_signal(signal.SIGINT)
            assert "Interrupted: 0 of 1 rows done." in process.stderr.read()
            assert process.wait(timeout=60) == 130


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_follows_an_interrupted_run_is_not_torn_by_another_signal(number: signal.Signals) -> None:
    """The summary and the count of what was done come after the run has ended, and are made whole."""
    done = python(
        "import os, anyio\n"
        "from licensespring_async.cli.exits import reported, run\n"
        "async def work():\n"
        f"    os.kill(os.getpid(), {number:d})\n"
        "    while not asked: await anyio.sleep(0.001)\n"
        "asked = []\n"
        "with reported():\n"
        "    run(work, drain=lambda: asked.append(True) or True)\n"
        f"    os.kill(os.getpid(), {number:d})\n"
        "    print('whole')"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "whole\n", "")


@posix
@pytest.mark.parametrize("command", [COMMAND, IN_THE_BACKGROUND], ids=["in front", "in the background"])
def test_a_run_ends_on_sigterm(command: list[str]) -> None:
    """A run, also a job that a script started in the background and that ignores Ctrl-C, ends in good order."""
    words = ["fleet", "check", "--sandbox", "--concurrency", "1", "--output", "-"]
    with running(*words, command=command) as process:
        first = line_of(process)
        process.terminate()
        rest, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    results = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert f"Interrupted: {len(results)} of 1,000 rows done." in stderr
    assert "Traceback" not in stderr


@posix
def test_a_run_that_waits_for_its_input_can_be_interrupted() -> None:
    """A pipe that says nothing does not keep Ctrl-C from working."""
    with running("fleet", "check", "-", "--sandbox", "--output", "-", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write("product,hardware_id,license_key\nNOPE,d1,k1\n")
        process.stdin.flush()
        assert json.loads(line_of(process))["code"] == "unknown_product"
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        assert process.stderr is not None
        stderr = process.stderr.read()
    assert process.returncode == 130
    assert "Interrupted: 1 row done." in stderr
    assert "Traceback" not in stderr


def test_rows_may_come_from_the_standard_input() -> None:
    """`-` reads until the end of the pipe."""
    with running("fleet", "check", "-", "--sandbox", stdin=subprocess.PIPE) as process:
        stdout, stderr = process.communicate("product,hardware_id,license_key\nNOPE,d1,k1\n", timeout=60)
    assert (process.returncode, stderr) == (0, "Without --output, only the counts are kept.\n")
    assert "unknown_product" in stdout


def test_an_input_without_columns_exits_with_2() -> None:
    """A pipe that holds something else is told as a file would be."""
    with running("fleet", "check", "-", "--sandbox", stdin=subprocess.PIPE) as process:
        stdout, stderr = process.communicate("serial\n1\n", timeout=60)
    assert (process.returncode, stdout) == (2, "")
    assert "\nError: the standard input: no column product" in stderr


@posix
def test_a_reader_that_has_seen_enough_is_no_error_message() -> None:
    """`| head` ends the run without a word."""
    with running("fleet", "check", "--sandbox", "--output", "-") as process:
        assert line_of(process)
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=60)
        assert process.stderr is not None
        assert process.stderr.read().startswith("1,000 rows: ")


def test_a_command_starts_without_those_of_other_groups() -> None:
    """The help, and what asks one endpoint, do not wait for the commands of fleets and of devices without a network.

    Nor does the help wait for an engine.
    """
    done = python(
        "import sys\nimport licensespring_async.cli\n"
        "groups = ('fleet', 'offline')\n"
        "print([each for each in groups if f'licensespring_async.cli.{each}' in sys.modules])\n"
        "print(sorted(sys.modules.keys() & {'dask', 'licensespring_async.fleet.distributed', 'httptools'}))"
    )
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


def test_a_command_that_asks_the_service_does_not_import_httpx() -> None:
    """It uses the fast engine: httpx would take a fifth of the time of a check."""
    done = python(
        "import os, sys\n"
        "os.environ |= {'LICENSESPRING_API_KEY': 'an-api-key', 'LICENSESPRING_SHARED_KEY': 'a-shared-key'}\n"
        "sys.argv[1:] = ['check-feature', '--product', 'TP', '--feature', 'render', '--hardware-id', 'x',\n"
        "    '--license-key', '9F2C-77AA-0B1E-C0DE', '--base-url', 'http://127.0.0.1:1', '--no-verify-signatures']\n"
        "from licensespring_async.__main__ import main\n"
        "try: main()\n"
        "finally: print('httptools' in sys.modules, 'httpx' in sys.modules)"
    )
    assert done.stdout == "True False\n"
    assert "no connection" in done.stderr


def test_help_cuts_nothing_off_on_a_narrow_terminal() -> None:
    """At 60 columns every option, variable and sentence is whole, and no line is longer."""
    done = python(
        "import os, sys; os.environ['COLUMNS'] = '60'\n"
        "from licensespring_async.__main__ import main\n"
        "for words in ['fleet', 'check'], ['check-feature'], ['api', 'activate_license']:\n"
        "    sys.argv[1:] = [*words, '--help']\n"
        "    try: main()\n"
        "    except SystemExit: pass"
    )
    assert max(map(len, done.stdout.splitlines())) <= 60
    assert [done.stdout.count(each) for each in ("Usage: ", "  --no-verify-signatures ", "\u2026")] == [3, 3, 0]


def test_a_wrong_command_is_told_with_the_right_one() -> None:
    """Also in a group whose commands are made when they are asked for."""
    for words, right in [
        (["fleat"], "fleet"),
        (["fleet", "chek"], "check"),
        (["api", "check_licence"], "check_license"),
    ]:
        done = CliRunner().invoke(app, words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"Did you mean {right}?" in done.stderr


@posix
@pytest.mark.parametrize(("command", "told"), [("consume", "it may have been done or not"), ("check", "")])
def test_ctrl_c_says_when_something_may_have_been_done(command: str, told: str) -> None:
    """What only asks is silent; what acts leaves open whether the service did. Both exit with 130."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = ["--product", "P", "--hardware-id", "d", "--license-key", "k", "--no-verify-signatures"]
        keys = {"LICENSESPRING_API_KEY": "a", "LICENSESPRING_SHARED_KEY": "b"}
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with subprocess.Popen(
            [*COMMAND, command, *given, "--base-url", url],
            env=environment() | keys,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told in stderr
    assert ("interrupted" in stderr) is bool(told)
