"""What time the commands judge by: never one that only an unsigned error announced."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner, Result

from licensespring_async.cli import app
from licensespring_async.sandbox import Fault, Sandbox, World

THEN = datetime(2019, 6, 1, tzinfo=UTC)
KEY = "9F2C-77AA-0B1E-C0DE"


@pytest.fixture(params=["date_header_diff", "503"])
def recording(request: pytest.FixtureRequest) -> Generator[Sandbox]:
    """A service of the year 2019, of which a feature ended in 2020; it announces itself in different ways."""
    world = World()
    license = world.add_product("TP").add_license(key=KEY)
    license.add_feature("render", expiry_date=datetime(2020, 1, 1, tzinfo=UTC))
    license.activate("device-1")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox(world)) as sandbox:
        sandbox.clock.set_offset(THEN.timestamp() - time.time())
        if request.param == "503":
            sandbox.faults.add(Fault(effect="error", count=1))
        yield sandbox


@pytest.fixture
def run(recording: Sandbox, tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "key.pem").write_text(recording.public_key)

    def run(*words: str) -> Result:
        return CliRunner().invoke(
            app,
            [*words, "--base-url", recording.url, "--public-key", str(tmp_path / "key.pem")],
            env={
                "LICENSESPRING_API_KEY": recording.api_key,
                "LICENSESPRING_SHARED_KEY": recording.shared_key,
                "LICENSESPRING_CLIENT_ID": None,
                "LICENSESPRING_CLIENT_SECRET": None,
            },
        )

    return run


def test_a_check_is_judged_by_the_machines_clock(run: Callable[..., Result]) -> None:
    """Says no to a feature that has ended, though the answers are of the time before its end."""
    words = ["check-feature", "--product", "TP", "--feature", "render", "--hardware-id", "device-1"]

    done = run(*words, "--license-key", KEY, "--json")

    assert done.exit_code in (4, 5)
    expected = {4: ("error", "answer_mismatch"), 5: ("not_licensed", "feature_expired")}
    shown = json.loads(done.stdout)
    assert (shown["outcome"], shown["code"]) == expected[done.exit_code]


def test_a_fleet_is_judged_by_the_machines_clock(run: Callable[..., Result], tmp_path: Path) -> None:
    """Finds nothing licensed among features that have ended."""
    rows, results = tmp_path / "devices.csv", tmp_path / "results.jsonl"
    rows.write_text(f"product,hardware_id,license_key,feature\nTP,device-1,{KEY},render\n")

    done = run("fleet", "check", str(rows), "--output", str(results), "--yes")

    assert done.exit_code in (0, 4), done.output
    outcomes = [json.loads(line)["outcome"] for line in results.read_text().splitlines()]
    assert "licensed" not in outcomes
