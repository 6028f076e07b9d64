"""`sandbox`: its options, and what it says of bad ones."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from licensespring_async import ConfigurationError, LicenseSpring
from licensespring_async.cli import app
from licensespring_async.cli.sandbox import telling
from licensespring_async.sandbox import Sandbox, load_world

from .processes import line_of, running

WORLD = """
[company]
api_key = "key-1"

[[products]]
short_code = "TP"
"""


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["sandbox", *words], env={"COLUMNS": "200"})


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "world.toml"
    path.write_text(WORLD)
    return path


def test_serves_a_world_file_as_it_is_told(world: Path) -> None:
    """The world, the clock, the limits, the tokens' life and the control token are those of the options."""
    words = ["--world", str(world), "--clock-offset", "86400", "--freeze", "--control-token", "let-me"]
    words += ["--plan", "free", "--rate-scale", "0.001", "--retry-after", "garbage", "--html-429"]
    words += ["--token-lifetime", "77"]
    with running("sandbox", *words) as process, httpx.Client(trust_env=False) as http:
        told: dict[str, Any] = json.loads(line_of(process))
        assert (told["api_key"], told["demo"]) == ("key-1", None)
        assert http.get(f"{told['url']}/_sandbox/clock").status_code == 401
        clock = http.get(f"{told['url']}/_sandbox/clock", headers={"Authorization": "Bearer let-me"}).json()
        assert clock["frozen"] is True
        assert 86_000 < clock["offset"] < 86_800
        credentials = {name: told[name] for name in ("client_id", "client_secret")}
        token = http.post(
            f"{told['url']}/realms/user-portal/protocol/openid-connect/token",
            data={"grant_type": "client_credentials", **credentials},
        )
        assert token.json()["expires_in"] == 77
        limited = http.get(f"{told['url']}/api/v4/oauth_url")
        assert (limited.status_code, limited.headers["Retry-After"]) == (429, "soon")
        assert limited.headers["Content-Type"] == "text/html"
        process.terminate()
        assert process.wait(60) == 0


def test_prints_the_demo_as_a_start(tmp_path: Path) -> None:
    """`--print-world` prints a world file that can be served."""
    printed = invoke("--print-world")
    assert printed.exit_code == 0
    (tmp_path / "mine.toml").write_text(printed.stdout)
    assert "LUMEN" in load_world(tmp_path / "mine.toml").products


def test_tells_what_is_wrong_in_a_world_file(world: Path) -> None:
    """A bad world file is told with line and key, and exit code 2."""
    world.write_text('[[products]]\nshort_kode = "TP"\n')
    failed = invoke("--world", str(world))
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert f"{world}:2: products[0].short_kode: unknown key; did you mean short_code?" in failed.stderr
    assert "No such file" in invoke("--world", "nowhere.toml").stderr


def test_shapes_no_limits_without_a_plan() -> None:
    """Options of the rate limits do nothing without a plan, so they are refused."""
    failed = invoke("--rate-scale", "0.5")
    assert failed.exit_code == 2
    assert "pass one" in failed.stderr


@pytest.mark.parametrize(
    "words", [["--plan", "gold"], ["--token-lifetime", "0"], ["--clock-offset", "inf"], ["--host", "nowhere.invalid"]]
)
def test_refuses_what_cannot_be(words: list[str]) -> None:
    """Options that cannot be are told in a sentence, and exit code 2."""
    failed = invoke(*words)
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr
    assert "Traceback" not in failed.stderr


def exported(text: str) -> dict[str, str]:
    """What a shell would have after it has read a text of `export NAME=VALUE`."""
    lines = [line.removeprefix("export ") for line in text.splitlines() if line.startswith("export ")]
    return {name: shlex.split(value)[0] for name, _, value in (line.partition("=") for line in lines)}


def run(*words: str, env: Mapping[str, str]) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "200", **env})


def check(sandbox: Sandbox, env: Mapping[str, str]) -> Result:
    demo = sandbox.demo
    words = ["--product", demo.product, "--feature", demo.feature]
    return run("check-feature", *words, "--hardware-id", demo.hardware_id, "--license-key", demo.license_key, env=env)


def test_a_shell_is_told_of_a_sandbox_that_runs(tmp_path: Path) -> None:
    """What `--print-env` prints has another command ask the running sandbox, and verify its answer."""
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    with Sandbox() as sandbox:
        printed = run("sandbox", "--print-env", "--port", sandbox.url.rpartition(":")[2], env=home)
        told = exported(printed.stdout)
        checked = check(sandbox, told)
        assert told["LICENSESPRING_BASE_URL"] == sandbox.url
    assert (printed.exit_code, checked.exit_code) == (0, 0), printed.stderr + checked.stderr
    assert Path(told["LICENSESPRING_PUBLIC_KEY_FILE"]).read_text() == sandbox.public_key
    assert Path(told["LICENSESPRING_PUBLIC_KEY_FILE"]).stat().st_mode & 0o077 == 0


def test_powershell_has_commands_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On Windows, unless bash runs there, the variables and what to type are those of PowerShell."""
    windows = telling.Shell.of("nt", {"XDG_CACHE_HOME": str(tmp_path)})
    with Sandbox() as sandbox:
        told = {**sandbox.describe(), "api_key": "it's"}
        lines = telling.environment(told, windows).splitlines()
        telling.tell_people(told, 1, windows)
    assert "$env:LICENSESPRING_API_KEY = 'it''s'" in lines
    assert lines[0] == "Remove-Item Env:LICENSESPRING_CLIENT_ID, Env:LICENSESPRING_CLIENT_SECRET -ErrorAction Ignore"
    shown = capsys.readouterr().out
    assert "licensespring-async sandbox --print-env --port 1 | Out-String | iex\n" in shown
    assert "\\" not in shown
    assert telling.Shell.of("nt", {"SHELL": "/usr/bin/bash"}) is telling.Shell.of("posix", {}) is telling.Shell.POSIX


def test_the_variable_of_the_key_is_for_the_command_line_alone(tmp_path: Path) -> None:
    """The library takes no trust from the environment, where the command line does; its errors name the variable."""
    key = tmp_path / "key.pem"
    with Sandbox() as sandbox:
        key.write_text(sandbox.public_key)
        env = {
            "LICENSESPRING_API_KEY": sandbox.api_key,
            "LICENSESPRING_SHARED_KEY": sandbox.shared_key,
            "LICENSESPRING_BASE_URL": sandbox.url,
        }
        assert check(sandbox, env | {"LICENSESPRING_PUBLIC_KEY_FILE": str(key)}).exit_code == 0
        assert check(sandbox, env).exit_code == 2
        lost = check(sandbox, env | {"LICENSESPRING_PUBLIC_KEY_FILE": str(tmp_path / "lost.pem")})
        assert "LICENSESPRING_PUBLIC_KEY_FILE" in lost.stderr
    with pytest.raises(ConfigurationError, match="public_key"):
        LicenseSpring.from_env(env | {"LICENSESPRING_PUBLIC_KEY_FILE": str(key)})


def test_a_shell_is_told_of_a_sandbox_that_will_run(tmp_path: Path) -> None:
    """With `--db` the keys are in the file, so that they can be told before the sandbox runs."""
    home, db = {"XDG_CACHE_HOME": str(tmp_path)}, str(tmp_path / "sandbox.db")
    told = exported(run("sandbox", "--print-env", "--db", db, "--port", "1", env=home).stdout)
    assert told["LICENSESPRING_BASE_URL"] == "http://127.0.0.1:1"
    with Sandbox(db=db) as sandbox:
        assert told["LICENSESPRING_API_KEY"] == sandbox.api_key
        assert told["LICENSESPRING_SHARED_KEY"] == sandbox.shared_key
        assert Path(told["LICENSESPRING_PUBLIC_KEY_FILE"]).read_text() == sandbox.public_key


def test_a_shell_is_told_of_no_other_sandbox_than_the_one_of_its_db(tmp_path: Path) -> None:
    """`--db` names a sandbox: whoever else runs at its address is not it, and the error says so."""
    home, db = {"XDG_CACHE_HOME": str(tmp_path)}, str(tmp_path / "sandbox.db")
    with Sandbox(db=db) as ours, Sandbox() as other:
        ports = [each.url.rpartition(":")[2] for each in (ours, other)]
        found, refused = (run("sandbox", "--print-env", "--db", db, "--port", port, env=home) for port in ports)
        assert exported(found.stdout)["LICENSESPRING_API_KEY"] == ours.api_key
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "another sandbox runs at" in refused.stderr


def test_a_shell_is_told_of_nothing_where_nothing_runs(tmp_path: Path) -> None:
    """Without a sandbox there is nothing for `eval`, and a sentence says how to get one."""
    failed = run("sandbox", "--print-env", "--port", "1", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert "no sandbox is running at http://127.0.0.1:1: start one" in failed.stderr


def test_what_another_program_says_of_itself_names_no_file(tmp_path: Path) -> None:
    """Whoever listens on the port decides neither where a file is written nor what a shell does."""
    told = {"url": "http://x:/../../stolen", "api_key": "$(touch stolen)", "shared_key": "'; s", "public_key": "k"}

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_port)
        printed = run("sandbox", "--print-env", "--port", port, env={"XDG_CACHE_HOME": str(tmp_path)})
        server.shutdown()
    env = exported(printed.stdout)
    assert (env["LICENSESPRING_BASE_URL"], env["LICENSESPRING_API_KEY"]) == (
        f"http://127.0.0.1:{port}",
        "$(touch stolen)",
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"sandbox-{port}.pem"]


def test_people_read_where_it_is_and_what_it_is_asked() -> None:
    """For people: the address, the page, what to type, and a line for each request without its secrets."""
    words = ["--format", "text", "--port", "0"]
    with running("sandbox", *words) as process, httpx.Client(trust_env=False) as http:
        first = line_of(process)
        url = first.partition(" at ")[2].partition(". ")[0]
        http.get(f"{url}/api/v4/check_license?product=LUMEN&license_key=SECRET-KEY&x%1b=%1b")
        process.terminate()
        assert process.stdout is not None
        assert process.stderr is not None
        rest, log = process.stdout.read(), process.stderr.read()
    assert first.startswith("License sandbox at http://127.0.0.1:")
    assert f"{url}/_sandbox/" in rest
    assert f'eval "$(licensespring-async sandbox --print-env --port {url.rpartition(":")[2]})"' in rest
    assert "licensespring-async check-feature" in rest
    assert "GET /api/v4/check_license 400 missing_headers product=LUMEN license_key=#" in log
    assert "SECRET-KEY" not in log
    assert "\x1b" not in log


def test_a_program_may_read_the_environment(tmp_path: Path) -> None:
    """`--format env` serves, and tells it as variables; nothing is logged."""
    with running("sandbox", "--format", "env", "--port", "0") as process:
        told = exported("".join(line_of(process) for _ in range(5)))
        assert httpx.get(f"{told['LICENSESPRING_BASE_URL']}/api/v4/.well-known", trust_env=False).status_code == 200
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_two_sandboxes_find_a_port_each() -> None:
    """The usual port is a wish: who comes second gets another one. A port that was asked for is no wish."""
    with running("sandbox") as one, running("sandbox") as two:
        ports = {json.loads(line_of(each))["url"].rpartition(":")[2] for each in (one, two)}
        assert len(ports) == 2
        taken = run("sandbox", "--port", ports.pop(), env={})
    assert taken.exit_code == 2
    assert "cannot listen on" in taken.stderr
