"""`sandbox`: its options, and what it says of bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from licensespring_async.cli import app
from licensespring_async.sandbox import load_world

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
    assert "name one" in failed.stderr


@pytest.mark.parametrize(
    "words", [["--plan", "gold"], ["--token-lifetime", "0"], ["--clock-offset", "inf"], ["--host", "nowhere.invalid"]]
)
def test_refuses_what_cannot_be(words: list[str]) -> None:
    """Options that cannot be are told in a sentence, and exit code 2."""
    failed = invoke(*words)
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr
    assert "Traceback" not in failed.stderr
