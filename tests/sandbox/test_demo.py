"""The demo's world and its fleet."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest

from licensespring_async.sandbox import DEMO_OUTCOMES, Sandbox, demo_fleet
from licensespring_async.sandbox.demo.names import people

from .calling import BUNDLE, FEATURE, Caller, VirtualClock, new_http

pytestmark = pytest.mark.anyio

DOCUMENTED_REFUSALS = {
    *("unknown_product", "license_not_found", "license_not_enabled", "license_not_active", "license_expired"),
    *("device_not_found", "blacklisted", "invalid_license_feature_code", "floating_not_available"),
    "license_not_enough_consumptions",
}


def test_has_a_thousand_different_rows() -> None:
    """Has 1,000 rows, no two of the same device."""
    assert len({row["hardware_id"] for row in demo_fleet()}) == len(demo_fleet()) == 1000


def test_is_the_same_every_time() -> None:
    """Is the same every time."""
    assert demo_fleet() == demo_fleet()


def test_has_only_valid_rows() -> None:
    """Names in every row a product, a device and either a key or a user, and nothing else."""
    for row in demo_fleet():
        assert list(row) == ["product", "hardware_id", "license_key", "username", "feature"]
        assert row["product"]
        assert row["hardware_id"]
        assert bool(row["license_key"]) != bool(row["username"])


def test_expects_every_documented_refusal() -> None:
    """Expects 900 licensed rows and every documented refusal among the other 100."""
    assert set(DEMO_OUTCOMES) == DOCUMENTED_REFUSALS | {"licensed"}
    assert DEMO_OUTCOMES["licensed"] == 900
    assert sum(DEMO_OUTCOMES.values()) == 1000


def test_knows_four_hundred_people() -> None:
    """Knows enough people for every user of the fleet to be somebody else."""
    assert len({person.email for person in people()}) == 400


def test_has_every_kind_of_row() -> None:
    """Has key- and user-based rows of features and of bundles."""
    kinds = {(bool(row["username"]), bool(row["feature"])) for row in demo_fleet()}
    assert len(kinds) == 4


async def test_comes_out_as_expected_backwards_too(clock: VirtualClock) -> None:
    """Comes out as DEMO_OUTCOMES says, in whichever order it is checked; the command's tests check it forwards."""
    outcomes: Counter[str] = Counter()
    rows = iter(reversed(demo_fleet()))

    async def work(caller: Caller) -> None:
        for row in rows:
            response = await caller.get(FEATURE if row["feature"] else BUNDLE, row)
            outcomes["licensed" if response.status_code == 200 else response.json()["code"]] += 1

    async with Sandbox(clock=clock) as sandbox, new_http() as http, anyio.create_task_group() as group:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        for _ in range(4):
            group.start_soon(work, caller)
    assert outcomes == DEMO_OUTCOMES
