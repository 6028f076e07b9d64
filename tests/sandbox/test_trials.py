"""Trial licenses over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from licensespring_async.sandbox import Product, Sandbox, World, load_world

from .calling import Caller, VirtualClock, new_http, refusal, verify

pytestmark = pytest.mark.anyio

TRIAL = "/api/v4/trial_key"
WORLD = """
    [[products]]
    short_code = "CAD"
    allow_trial = true
    trial_days = 14
    trial_features = [{ code = "render", floating_users = 1 }, { code = "export", consumption = { maximum = 3 } }]

    [[products]]
    short_code = "MAPS"
    authorization_method = "user"
    allow_trial = true
"""


@pytest.fixture
def described(tmp_path: Path) -> Path:
    path = tmp_path / "world.toml"
    path.write_text(WORLD)
    return path


async def test_a_device_gets_its_trial(caller: Caller, world: World, product: Product) -> None:
    """Gives a device a trial license for the product's days, which it can activate, and then the same again."""
    product.allow_trial, product.trial_days = True, 14
    ask: dict[str, str | int] = {"product": product.short_code, "hardware_id": "hw-1", "email": "a@b", "city": "Ulm"}
    answer = await caller.get(TRIAL, ask)
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    trial = answer.json()
    assert (trial["is_trial"], trial["trial_days"], trial["license_type"]) == (True, 14, "time-limited")
    assert (trial["license"], trial["created_at"]) == (trial["license_key"], int(caller.clock.now * 1000))
    activated = await caller.post(
        "activate_license", {"product": product.short_code, "hardware_id": "hw-1", "license_key": trial["license"]}
    )
    until = datetime.fromtimestamp(caller.clock.now, UTC) + timedelta(days=14)
    shown = activated.json()
    assert datetime.fromisoformat(shown["validity_period"]) == until
    assert (shown["is_trial"], shown["customer"]["email"], shown["customer"]["city"]) == (True, "a@b", "Ulm")

    assert await caller.json(TRIAL, ask) == {
        "license_type": "time-limited",
        "is_trial": True,
        "license": trial["license"],
    }
    other = await caller.json(TRIAL, {**ask, "hardware_id": "hw-2"})
    assert other["license"] != trial["license"]


async def test_a_user_gets_a_trial(caller: Caller, world: World, product: Product) -> None:
    """Gives a new user an initial password, which activates, and says it once; a known user keeps the password."""
    maps = world.add_product(f"{product.short_code}-T", authorization_method="user", allow_trial=True)
    ask: dict[str, str | int] = {"product": maps.short_code, "hardware_id": "hw-1", "email": f"t@{maps.short_code}"}
    trial = await caller.json(TRIAL, {**ask, "first_name": "Tom", "phone": "1"})
    user = world.users[f"t@{maps.short_code}"]
    assert (trial["license_user"], trial["license_user_id"], user.first_name) == (user.username, user.id, "Tom")
    assert "license" not in trial
    activate = {**ask, "username": trial["license_user"], "password": trial["initial_password"]}
    assert (await caller.post("activate_license", activate)).status_code == 200
    again = await caller.json(TRIAL, ask)
    assert set(again) == {"license_type", "is_trial", "license_user"}
    user.change_password("mine")
    second = await caller.json(TRIAL, {**ask, "hardware_id": "hw-2"})
    assert (second["initial_password"], second["license_user_id"]) == ("", user.id)


async def test_a_user_may_choose_a_password(caller: Caller, world: World, product: Product) -> None:
    """Takes the password that the request for a trial brings, and does not show it."""
    maps = world.add_product(f"{product.short_code}-C", authorization_method="user", allow_trial=True)
    ask: dict[str, str | int] = {"product": maps.short_code, "hardware_id": "hw-1", "email": f"c@{maps.short_code}"}
    assert (await caller.json(TRIAL, {**ask, "password": "chosen"}))["initial_password"] == ""
    assert world.users[str(ask["email"])].password == "chosen"


async def test_refuses_a_trial(caller: Caller, world: World, product: Product) -> None:
    """Refuses a trial without a device, of a product that is not there, has none, is not sold, or needs an e-mail."""
    by_user = world.add_product(f"{product.short_code}-R", authorization_method="user", allow_trial=True)
    ask: dict[str, str | int] = {"product": product.short_code, "hardware_id": "hw-1"}
    assert await caller.code(TRIAL, ask) == "trial_not_allowed"
    assert await caller.code(TRIAL, {"product": product.short_code}) == "missing_hardware_id"
    assert await caller.code(TRIAL, {"hardware_id": "hw-1"}) == "missing_parameters"
    assert await caller.code(TRIAL, {**ask, "product": "NONE"}) == "unknown_product"
    assert await caller.code(TRIAL, {**ask, "product": by_user.short_code}) == "email_missing"
    product.active = False
    assert await caller.code(TRIAL, ask) == "disabled_product"


async def test_a_trial_outlives_a_restart(described: Path, tmp_path: Path, clock: VirtualClock) -> None:
    """Keeps trials, their ids, features and users in the file of the state."""
    queries: list[dict[str, str | int]] = [
        {"product": "CAD", "hardware_id": "hw-1"},
        {"product": "MAPS", "hardware_id": "hw-1", "email": "ana"},
    ]

    def start() -> Sandbox:
        return Sandbox(load_world(described), db=tmp_path / "state.db", clock=clock)

    async with start() as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        first, second = [await caller.json(TRIAL, query) for query in queries]
        ask = {"product": "CAD", "hardware_id": "hw-1", "license_key": first["license"]}
        activated = (await caller.post("activate_license", ask)).json()
    assert [feature["floating_users"] for feature in first["LicenseProductFeatures"][:1]] == [1]
    async with start() as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        again = await caller.json("/api/v4/check_license", ask)
        assert (again["id"], again["validity_period"]) == (first["id"], activated["validity_period"])
        assert [item["code"] for item in again["product_features"]] == ["render", "export"]
        assert (await caller.json(TRIAL, queries[1]))["license_user"] == second["license_user"]
        user = sandbox.world.users["ana"]
        assert (user.password, user.is_initial_password) == (second["initial_password"], True)


async def test_a_reset_takes_trials_back(described: Path, clock: VirtualClock) -> None:
    """Forgets trials and the users that came with them on a reset; the next device gets a new one."""
    async with Sandbox(load_world(described), clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        ask: dict[str, str | int] = {"product": "MAPS", "hardware_id": "hw-1", "email": "ana"}
        await caller.json(TRIAL, ask)
        sandbox.reset()
        assert (sandbox.world.users, sandbox.world.products["MAPS"].licenses) == ({}, ())
        assert "initial_password" in await caller.json(TRIAL, ask)


async def test_a_trial_ends(described: Path, clock: VirtualClock) -> None:
    """Refuses to check a trial when its days are over; the device still gets no second one."""
    async with Sandbox(load_world(described), clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        ask: dict[str, str | int] = {"product": "CAD", "hardware_id": "hw-1"}
        key = (await caller.json(TRIAL, ask))["license"]
        clock.advance(minutes=15 * 24 * 60)
        assert refusal(await caller.post("activate_license", {**ask, "license_key": key})) == "trial_expired"
        assert (await caller.json(TRIAL, ask))["license"] == key
