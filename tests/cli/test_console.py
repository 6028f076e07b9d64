"""What reaches a terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import licensespring_async.cli
from licensespring_async.sandbox import World

from .conftest import Run
from .test_fleet_resume import Service, fleet, serving, words

__all__ = ["serving"]
HOSTILE = "AI\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u200b\r\nlicensed  x\tz"
STEERING = re.compile(r"[^\n\x20-\x7e\u2500-\u257f]")


@pytest.fixture
def service() -> Any:
    with serving() as running:
        yield running


@pytest.fixture
def device(world: World) -> list[str]:
    """A device with a feature, in a bundle, whose texts a hostile service has written."""
    world.products.pop("EVIL", None)
    license = world.add_product("EVIL").add_license(key="evil-key")
    license.add_feature("render", name=HOSTILE)
    license.activate("evil-device")
    return ["--product", "EVIL", "--hardware-id", "evil-device", "--license-key", "evil-key"]


def is_harmless(output: str) -> bool:
    return STEERING.search(output) is None and "\nlicensed  x" not in output


def test_a_table_steers_no_terminal(run: Run, device: list[str]) -> None:
    """A feature's name has spaces in the place of escape sequences, line ends and turned directions."""
    done = run("check-feature", *device, "--feature", "render")
    assert "AI ]0;owned  [2J 31m" in done.stdout
    assert is_harmless(done.output)


def test_json_steers_no_terminal(run: Run, device: list[str]) -> None:
    """JSON is plain ASCII, with the name as it is behind its escapes."""
    done = run("check-feature", *device, "--feature", "render", "--json")
    assert "AI\\u001b]0;owned" in done.stdout
    assert is_harmless(done.output)


def test_errors_steer_no_terminal(offline: Run, tmp_path: Path, service: Service) -> None:
    """A code that a service makes up is printed in a table, in an example, in a progress line and in an error."""
    service.codes["d1"] = (418, HOSTILE)
    for shown in ("plain", "json"):
        command = words(fleet(tmp_path / "fleet.csv", 1), tmp_path / f"{shown}.jsonl", service)
        done = offline(*command, "--progress", shown)
        assert "owned" in done.output
        assert is_harmless(done.output)
    single = ["check-bundle", "--product", "P", "--hardware-id", "d1", "--license-key", "k"]
    done = offline(*single, "--base-url", service.url, "--no-verify-signatures")
    assert "owned" in done.stderr
    assert is_harmless(done.output)


def test_text_for_people_is_made_in_one_place() -> None:
    """No other module of the command line makes rich's texts, which would let anything pass."""
    room = Path(licensespring_async.cli.__file__).parent
    making = [each.name for each in room.rglob("*.py") if "rich.text" in each.read_text(encoding="utf-8")]
    assert making == ["console.py"]
