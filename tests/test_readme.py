"""Everything in the READMEs is executed: each Python block, each command, and what they print."""

from __future__ import annotations

import inspect
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
from typing import Any

import attrs
import pytest
import respx
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner

from licensespring_async import ApiKey, LicenseSpring, SignatureError, endpoints
from licensespring_async.cli import app
from licensespring_async.sandbox import Consumption, InstallationFile, Sandbox, World, demo_world
from licensespring_async.transport.values import Call, Repeat

from .unit.cases import cases

ROOT = Path(__file__).parent.parent
ROOMS = [f"licensespring_async/{room}" for room in ("transport", "services", "offline", "fleet", "sandbox")]
README = (ROOT / "README.md").read_text()
PAGES = {"README": README} | {
    Path(room).name: (ROOT / room / "README.md").read_text() for room in (*ROOMS, "benchmarks")
}
DEVICES = "product,hardware_id,license_key,username,feature\nTP,device-1,KEY,,render\n"
RESULTS = '{"row":1,"outcome":"licensed","code":"ok"}\n'

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Block:
    """A fenced block, and the `text` block behind it if there is one."""

    language: str
    source: str
    prints: str | None
    title: str
    """The page and the heading that it is under."""


def blocks_of(page: str) -> Generator[Block]:
    text = PAGES[page]
    found = list(_FENCE.finditer(text))
    for block, following in zip(found, [*found, None][1:], strict=True):
        headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text[: block.start()]), re.MULTILINE)
        prints = following[2] if following and following[1] == "text" else None
        yield Block(block[1], block[2], prints, f"{page}: {headings[-1]}")


def blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.language == language]


def commands() -> list[str]:
    given = [each for block in blocks("sh") for line in block.source.splitlines() for each in line.split(" && ")]
    return list(dict.fromkeys(each for each in given if "pip install" not in each))


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


def is_test(block: Block) -> bool:
    return "def test_" in block.source


def environment(sandbox: Sandbox) -> dict[str, str]:
    return os.environ | {
        "URL": sandbox.url,
        "API_KEY": sandbox.api_key,
        "SHARED_KEY": sandbox.shared_key,
        "PUBLIC_KEY": sandbox.public_key,
    }


def programs_of(page: str) -> list[Block]:
    return [each for each in blocks_of(page) if each.language == "python" and not is_test(each)]


RUNNER = """
import contextlib, io, json, sys, traceback

printed = []
for title, source in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        try:
            exec(compile(source, title, "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
    printed.append(stdout.getvalue())
json.dump(printed, sys.stdout)
"""
"""Runs the blocks of a page one after the other, each with names of its own, and prints what each has printed."""


def titled(given: list[Block]) -> list[Any]:
    return [pytest.param(each, id=each.title) for each in given]


@pytest.mark.parametrize("page", [page for page in PAGES if programs_of(page)])
def test_python(page: str) -> None:
    """Every Python block of a page runs as it stands, and prints what the page says it prints."""
    found = programs_of(page)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER],
        input=json.dumps([[each.title, each.source] for each in found]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    for block, printed in zip(found, json.loads(done.stdout), strict=True):
        if block.prints is not None:
            assert printed == block.prints, block.title


@pytest.mark.parametrize("block", titled([each for each in blocks("python") if is_test(each)]))
def test_tests(block: Block, tmp_path: Path) -> None:
    """The tests that a page shows pass."""
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
    # The async ones on asyncio and on trio.
    passed = block.source.count("def test_") + block.source.count("async def test_")
    assert f"{passed} passed" in done.stdout


@pytest.mark.slow
def test_types(tmp_path: Path) -> None:
    """Every Python block passes mypy --strict as it stands."""
    for number, block in enumerate(blocks("python")):
        (tmp_path / f"block_{number}.py").write_text(f"# {block.title}\n{block.source}")
    mypy = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--cache-dir"]
    done = subprocess.run(
        [*mypy, str(ROOT / ".mypy_cache" / "readme"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_world_files(tmp_path: Path) -> None:
    """The world file of the sandbox's page can be served."""
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


def may_render() -> Any:
    """The README's function, which asks about a device."""
    [block] = [each for each in blocks("python") if "def may_render" in each.source]
    scope: dict[str, Any] = {}
    exec(block.source, scope)  # noqa: S102  # our own README
    return scope["may_render"]


@pytest.mark.anyio
@pytest.mark.parametrize("code", ["floating_not_available", "license_not_found"])
async def test_a_refusal_is_a_no(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's `may_render` answers a refusal with False and a reason, and lets an unsigned answer be an error."""
    with respx.mock() as router:
        route = router.get(url__startswith="https://api.licensespring.com/api/v4/check_license_feature")
        route.respond(400, json={"status": 400, "code": code, "message": "no"})
        async with LicenseSpring(auth=ApiKey(api_key="any", shared_key="any")) as client:
            assert await may_render()(client, "device-1", "KEY") is False
            assert code in capsys.readouterr().out

            route.respond(200, json={"anything": "unsigned"})
            with pytest.raises(SignatureError):
                await may_render()(client, "device-1", "KEY")


@pytest.mark.anyio
@pytest.mark.parametrize(("days", "expected"), [(-1, False), (1, True)])
async def test_a_feature_that_ended_is_a_no(days: int, expected: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's `may_render` says no to a feature that has ended, though the service answers with success."""
    world = World()
    license = world.add_product("TP").add_license(key="KEY-0001")
    license.add_feature("render", expiry_date=datetime.now(UTC) + timedelta(days=days))
    license.activate("device-1")

    async with Sandbox(world) as served, served.client() as client:
        assert await may_render()(client, "device-1", "KEY-0001") is expected

    assert ("ended" in capsys.readouterr().out) is not expected


@pytest.mark.parametrize("command", [each for each in commands() if each.startswith("licensespring-async ")])
def test_command(command: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of a page works as it is written, against a sandbox."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.csv").write_text(DEVICES)
    if " report " in command:
        (tmp_path / "results.jsonl").write_text(RESULTS)
    (tmp_path / "key.pem").write_text(sandbox.public_key)
    words = shlex.split(command)[1:]
    if words[0] == "sandbox" and "--print-world" not in words:
        process_of_its_own = [sys.executable, "-m", "licensespring_async", *words]
        with subprocess.Popen(process_of_its_own, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
            process.terminate()
        return
    if not {"--sandbox", "report", "sandbox"} & set(words):
        words += ["--base-url", sandbox.url, "--public-key", "key.pem"]
    credentials = {"LICENSESPRING_API_KEY": sandbox.api_key, "LICENSESPRING_SHARED_KEY": sandbox.shared_key}
    done = CliRunner().invoke(app, words, env=credentials)
    assert (done.exit_code, done.stderr.count("Traceback")) == (0, 0), done.output
    assert done.stdout


def test_every_command_is_known_here() -> None:
    """No page has a command that the tests above, or .ci/run, do not run."""
    programs = {shlex.split(each)[0] for each in commands()}
    assert programs == {"licensespring-async", "python", "./render"}
    assert [each for each in commands() if each.startswith("python")] == ["python -m pytest"]


def test_every_promise_names_what_proves_it() -> None:
    """The security table has a row for each promise, and every file that it names is there."""
    rows = re.findall(r"^\| (\d+)\. .* \| (.*) \|$", README, re.MULTILINE)

    assert [int(number) for number, _ in rows] == [*range(1, len(rows) + 1)]
    assert len(rows) >= 8
    for _, proofs in rows:
        for name in re.findall("`(.+?)`", proofs):
            assert (ROOT / name).is_file(), name


def test_every_endpoint_has_its_row() -> None:
    """The table has every endpoint, with what it returns and whether it is repeated."""
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| (yes|unless it acted) \| .+ \|$", README, re.MULTILINE)

    assert [name for name, _, _ in rows] == endpoints.__all__
    for name, answer, repeated in rows:
        function = getattr(endpoints, name)
        call: Call[Any] = function(**cases(name)[0]["arguments"])
        returned = re.sub(r"\w+\.(?=\w)", "", str(inspect.signature(function).return_annotation))
        assert returned.replace("NoneType", "None") == f"Call[{answer}]"
        assert (repeated == "yes") is (call.request.repeat is Repeat.ALWAYS)


def anchors(page: Path) -> list[str]:
    """What links to the headings of a page end in, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]


def test_links_lead_somewhere() -> None:
    """Every link of a page to a file or a heading of this repository leads to one."""
    for page, text in PAGES.items():
        folder = ROOT if page == "README" else next(ROOT / each for each in (*ROOMS, page) if Path(each).name == page)
        for target in re.findall(r"\]\((?!https?:)(.+?)\)", _FENCE.sub("", text)):
            name, _, anchor = target.partition("#")
            file = folder / name if name else folder / "README.md"
            assert file.is_file(), (page, target)
            assert not anchor or anchor in anchors(file), (page, target)


def test_the_readme_is_short() -> None:
    """The README has at most 350 lines; what is longer is in a room's page."""
    assert len(README.splitlines()) <= 350
