"""The life of a device against the sandbox by command line: every step by its command, with its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from licensespring_async.sandbox import Consumption, InstallationFile, Product, World

from .conftest import Run

DEVICE = ("--hardware-id", "device-of-one-life")

Step = Callable[..., Any]


@pytest.fixture
def product(world: World) -> Product:
    product = world.add_product("LIFE", allow_trial=True, trial_days=14)
    product.installation_files.append(InstallationFile(version="8.4.0", content="LIFE 8.4.0"))
    return product


def test_the_life_of_a_device(run: Run, world: World, product: Product, tmp_path: Path) -> None:
    """Gets a trial, activates, checks, counts, borrows, releases, stores, downloads, deactivates, and is refused."""

    def step(command: str, *words: str, key: str | None = None, exits: int = 0) -> Any:
        """Take one step; the key is in the environment. Return the JSON that it printed, or its error."""
        done = run(*command.split(), "--product", "LIFE", *DEVICE, *words, LICENSESPRING_LICENSE_KEY=key)
        assert done.exit_code == exits, done.output
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[", "null")) else done.output

    key = step("trial", "--json", "--show-secrets")["license_key"]
    assert step("trial", "--json", "--show-secrets")["license_key"] == key, "the same device gets the same trial"
    (license,) = product.licenses
    pool = world.add_pool("prints", maximum=4)
    license.add_feature("render", floating_users=1, max_borrow_time=24)
    license.add_feature("export", consumption=Consumption(maximum=3))
    license.add_feature("print", consumption=Consumption(maximum=10, pool=pool))

    def mine(command: str, *words: str, exits: int = 0) -> Any:
        return step(command, *words, key=key, exits=exits)

    assert "activate" in mine("check", exits=5)
    assert mine("activate", "--hostname", "host-1").startswith("done  activated LIFE")
    checked = mine("check", "--json")
    assert (checked["outcome"], checked["verified"]) == ("licensed", True)
    assert "invalid_license_feature_code" in mine("check-feature", "--feature", "fly", exits=5)

    assert "2 used, 1 left" in mine("consume", "--feature", "export", "--consumptions", "2")
    over = mine("consume", "--feature", "export", "--consumptions", "2", exits=5)
    assert "not_enough_consumptions" in over
    assert "negative_consumptions_not_allowed" in mine(
        "consume", "--feature", "export", "--consumptions", "-1", exits=1
    )
    mine("consume", "--feature", "print", "--consumptions", "4")
    assert pool.total == 4
    mine("consume", "--feature", "print", exits=5)  # six are left of its own, and none in the pool

    until = datetime.now(UTC) + timedelta(hours=2)
    borrowed = mine("borrow", "--feature", "render", "--borrowed-until", until.isoformat(), "--json")
    assert abs(datetime.fromisoformat(borrowed["borrowed_until"]) - until) < timedelta(minutes=1)
    mine("release", "--feature", "render")
    assert "floating_feature_device_not_in_use" in mine("release", "--feature", "render", exits=1)

    mine("api track_device_variables", "--variables", '{"color": "blue"}')
    assert [each["value"] for each in mine("api get_device_variables")] == ["blue"]

    assert "8.4.0" in mine("versions")
    file = tmp_path / "life.bin"
    mine("download", "--version", "8.4.0", "--output", str(file))
    assert file.read_text() == "LIFE 8.4.0"

    mine("deactivate")
    for command in ("check", "check-feature --feature render"):
        assert "device_not_found" in mine(command, exits=5) or "license_not_active" in mine(command, exits=5)
