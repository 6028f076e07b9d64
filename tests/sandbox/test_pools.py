"""Pools of consumptions: several licenses and features consume from one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from licensespring_async import ConfigurationError, FeatureNotEnoughConsumptions, LicenseNotEnoughConsumptions
from licensespring_async.sandbox import Consumption, ConsumptionPool, Sandbox, World, WorldFileError, load_world

pytestmark = pytest.mark.anyio

FILE = """
[[pools]]
code = "hours"
name = "Render hours"
maximum = 10

[[products]]
short_code = "TP"

[[licenses]]
product = "TP"
key = "A"
consumption = { maximum = 100, pool = "hours" }
devices = ["hw"]

[[licenses]]
product = "TP"
key = "B"
devices = ["hw"]

[[licenses.features]]
code = "render"
consumption = { unlimited = true, allow_negative = true, pool = "hours" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "world.toml"
    path.write_text(FILE)
    return path


async def test_members_consume_from_one_pool(file: Path, tmp_path: Path) -> None:
    """Counts in the pool and in the member, refuses in both what the pool lacks, and knows it after a restart."""
    of_license: dict[str, Any] = {"product": "TP", "license_key": "A", "hardware_id": "hw"}
    of_feature: dict[str, Any] = {"product": "TP", "license_key": "B", "hardware_id": "hw", "feature": "render"}
    async with Sandbox(file, db=tmp_path / "state.db") as sandbox, sandbox.client() as client:
        first = await client.add_consumption(**of_license, consumptions=6)
        assert first.pool is not None
        assert (first.total_consumptions, first.pool["total_consumptions"]) == (6, 6)
        assert (first.pool["id"], first.pool["name"]) == (1, "Render hours")
        second = await client.add_feature_consumption(**of_feature, consumptions=3)
        assert second.pool is not None
        assert (second.total_consumptions, second.pool["total_consumptions"]) == (3, 9)
        with pytest.raises(FeatureNotEnoughConsumptions):
            await client.add_feature_consumption(**of_feature, consumptions=2)
        with pytest.raises(LicenseNotEnoughConsumptions):
            await client.add_consumption(**of_license, consumptions=2)
        last = await client.add_feature_consumption(**of_feature, consumptions=1)
        assert last.total_consumptions == 4
        with pytest.raises(LicenseNotEnoughConsumptions):  # the pool is used up
            await client.check_license(**of_license)
        assert (await client.add_feature_consumption(**of_feature, consumptions=-4)).total_consumptions == 0
    async with Sandbox(file, db=tmp_path / "state.db") as again:
        assert again.world.pools["hours"].total == 6


async def test_what_is_in_no_pool_shows_none() -> None:
    """An answer about a count of its own has no pool."""
    world = World()
    world.add_product("TP").add_license(key="K", consumption=Consumption(maximum=1)).activate("hw")
    async with Sandbox(world) as sandbox, sandbox.client() as client:
        answer = await client.add_consumption(product="TP", license_key="K", hardware_id="hw")
    assert answer.pool is None


def test_a_pool_is_named_by_one_that_exists(tmp_path: Path) -> None:
    """A file that names an unknown pool is refused with line and key; a code is for one pool."""
    path = tmp_path / "world.toml"
    path.write_text(FILE.replace('maximum = 100, pool = "hours"', 'maximum = 100, pool = "huors"'))
    with pytest.raises(WorldFileError, match=r"13: .*consumption\.pool: there is no pool 'huors'; did you mean hours"):
        load_world(path)
    world = World()
    world.add_pool("hours", maximum=1)
    with pytest.raises(ConfigurationError, match="codes are unique"):
        world.add_pool("hours")
    with pytest.raises(ConfigurationError, match="cannot be in another pool"):
        ConsumptionPool("inner", pool=world.pools["hours"])
