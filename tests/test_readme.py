"""Everything in the README is executed: each Python block, each command, and what they print."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import respx
from anyio.from_thread import start_blocking_portal

from licensespring_async import SignatureError
from licensespring_async.sandbox import Consumption, InstallationFile, Sandbox, World, demo_world

README = (Path(__file__).parent.parent / "README.md").read_text()
DEVICES = "product,hardware_id,license_key,username,feature\nTP,device-1,KEY,,render\n"
RESULTS = '{"row":1,"outcome":"licensed","code":""}\n'


@attrs.frozen
class Block:
    """A fenced block, and the `text` block behind it if there is one."""

    language: str
    source: str
    prints: str | None

    @property
    def heading(self) -> str:
        """The title above it."""
        before = README[: README.index(self.source)]
        return str(re.findall(r"^#+ (.+)$", before, re.MULTILINE)[-1])


def blocks(language: str) -> list[Block]:
    found = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    following = [*found[1:], ("", "")]
    return [
        Block(kind, source, after if next_kind == "text" else None)
        for (kind, source), (next_kind, after) in zip(found, following, strict=True)
        if kind == language
    ]


def commands() -> list[str]:
    given = [each for block in blocks("sh") for line in block.source.splitlines() for each in line.split(" && ")]
    return [each for each in given if "pip install" not in each]


def world() -> World:
    """The demo, and what the commands of the README ask about."""
    world = demo_world()
    product = world.add_product("TP", installation_files=[InstallationFile(version="1.0", content="an installer")])
    license = product.add_license(key="KEY", max_activations=2)
    license.add_feature("render", floating_users=5, max_borrow_time=24)
    license.add_feature("export", consumption=Consumption(maximum=10))
    license.activate("device-1")
    member = world.add_product("PART", authorization_method="user")
    suite = world.add_bundle("SUITE", members=[member], authorization_method="user")
    suite.add_license(user=world.add_user("ana@example.org")).activate("device-1")
    return world


@pytest.fixture(scope="module")
def sandbox() -> Generator[Sandbox]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox(world())) as running:
        yield running


def scripts() -> list[Block]:
    return [each for each in blocks("python") if "def test_" not in each.source]


def environment(sandbox: Sandbox) -> dict[str, str]:
    return os.environ | {
        "URL": sandbox.url,
        "API_KEY": sandbox.api_key,
        "SHARED_KEY": sandbox.shared_key,
        "PUBLIC_KEY": sandbox.public_key,
    }


@pytest.mark.parametrize("block", [pytest.param(each, id=each.heading) for each in scripts()])
def test_python(block: Block) -> None:
    """Every Python block runs as it stands, and prints what the README says it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.source], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
    if block.prints is not None:
        assert done.stdout == block.prints


def test_tests(tmp_path: Path) -> None:
    """The tests that the README shows pass."""
    [block] = [each for each in blocks("python") if each not in scripts()]
    (tmp_path / "test_app.py").write_text(block.source)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout  # the async one on asyncio and on trio


def test_world_files(tmp_path: Path) -> None:
    """The README's world file can be served."""
    [block] = blocks("toml")
    (tmp_path / "world.toml").write_text(block.source)
    sandbox = Sandbox(tmp_path / "world.toml")
    assert list(sandbox.world.products) == ["CAD", "SUITE"]
    assert len(sandbox.tenants) == 2


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_curl(sandbox: Sandbox) -> None:
    """A shell asks the sandbox with nothing but curl and openssl."""
    [block] = blocks("bash")
    done = subprocess.run(
        ["bash", "-euc", block.source], capture_output=True, timeout=60, check=True, env=environment(sandbox)
    )
    assert json.loads(done.stdout)["code"] == "raw-import"


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_node(sandbox: Sandbox) -> None:
    """Node asks the sandbox and verifies the answer."""
    [block] = blocks("javascript")
    words = ["node", "--input-type=module", "--eval", block.source]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True, env=environment(sandbox))
    assert done.stdout == block.prints


@pytest.mark.anyio
@pytest.mark.parametrize("code", ["floating_not_available", "license_not_found"])
async def test_the_gate_says_no(code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's `may_render` answers a refusal with False and a reason."""
    [block] = [each for each in blocks("python") if "may_render" in each.source]
    scope: dict[str, Any] = {}
    exec(block.source, scope)  # noqa: S102  # our own README
    may_render = scope["may_render"]
    monkeypatch.setenv("LICENSESPRING_API_KEY", "any")
    monkeypatch.setenv("LICENSESPRING_SHARED_KEY", "any")

    with respx.mock() as router:
        route = router.get(url__startswith="https://api.licensespring.com/api/v4/check_license_feature")
        route.respond(400, json={"status": 400, "code": code, "message": "no"})
        assert await may_render("device-1", "KEY") is False
        assert capsys.readouterr().out != ""

        route.respond(200, json={"anything": "unsigned"})
        with pytest.raises(SignatureError):
            await may_render("device-1", "KEY")


@pytest.mark.anyio
@pytest.mark.parametrize(("days", "expected"), [(-1, False), (1, True)])
async def test_the_gate_looks_at_the_end(days: int, expected: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's `may_render` says no to a feature that has ended, though the service answers with success."""
    [block] = [each for each in blocks("python") if "may_render" in each.source]
    scope: dict[str, Any] = {}
    exec(block.source, scope)  # noqa: S102  # our own README
    world = World()
    license = world.add_product("TP").add_license(key="KEY-0001")
    license.add_feature("render", expiry_date=datetime.now(UTC) + timedelta(days=days))
    license.activate("device-1")

    async with Sandbox(world) as served:
        scope["LicenseSpring"] = SimpleNamespace(from_env=served.client)
        assert await scope["may_render"]("device-1", "KEY-0001") is expected

    assert ("ended" in capsys.readouterr().out) is not expected


@pytest.mark.parametrize("command", [each for each in commands() if each.startswith("licensespring-async")])
def test_command(command: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every command of the README works as it is written, against a sandbox."""
    (tmp_path / "devices.csv").write_text(DEVICES)
    if " report " in command:
        (tmp_path / "results.jsonl").write_text(RESULTS)
    (tmp_path / "key.pem").write_text(sandbox.public_key)
    words = [sys.executable, "-m", "licensespring_async", *shlex.split(command)[1:]]
    if words[3] == "sandbox" and "--print-world" not in words:
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
            process.terminate()
        return
    if not {"--sandbox", "report", "sandbox"} & set(words):
        words += ["--base-url", sandbox.url, "--public-key", "key.pem"]
    credentials = {"LICENSESPRING_API_KEY": sandbox.api_key, "LICENSESPRING_SHARED_KEY": sandbox.shared_key}
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=os.environ | credentials
    )
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert done.stdout


def test_every_command_is_known_here() -> None:
    """The README has no command that the tests above, or .ci/run, do not run."""
    programs = {shlex.split(each)[0] for each in commands()}
    assert programs == {"licensespring-async", "python", "./render"}
    assert [each for each in commands() if each.startswith("python")] == ["python -m pytest"]


def test_every_promise_names_what_proves_it() -> None:
    """The security table has a row for each promise, and every file that it names is there."""
    rows = re.findall(r"^\| (\d+)\. .* \| (.*) \|$", README, re.MULTILINE)

    assert [int(number) for number, _ in rows] == list(range(1, 11))
    for _, proofs in rows:
        for name in re.findall("`(.+?)`", proofs):
            assert (Path(__file__).parent.parent / name).is_file(), name
