"""Passwords of users, and the lists of a user's, a device's and a customer's licenses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from licensespring_async.sandbox import Customer, CustomerAccount, License, Product, Sandbox, User, World, load_world

from .calling import Caller, VirtualClock, new_http, refusal, verify

pytestmark = pytest.mark.anyio

USERS, LICENSES, DEVICE = "/api/v4/customer_license_users", "/api/v4/user_licenses", "/api/v4/device_licenses"


@attrs.frozen
class Mapped:
    """A user-based product with a license of a user."""

    product: Product
    user: User
    license: License

    @property
    def ask(self) -> dict[str, str | int]:
        return {"product": self.product.short_code, "username": self.user.username, "password": "given"}


@pytest.fixture
def maps(world: World, product: Product) -> Mapped:
    maps = world.add_product(f"{product.short_code}-U", authorization_method="user")
    user = world.add_user(f"eva@{product.short_code}.example", password="given", is_initial_password=True)
    customer = Customer(
        email=f"boss@{product.short_code}.example",
        customer_account=CustomerAccount(id=7, name="Acme", code=f"acme-{product.short_code}"),
    )
    license = maps.add_license(
        user=user, customer=customer, max_activations=3, validity_period=datetime(2040, 6, 15, 12, tzinfo=UTC)
    )
    return Mapped(maps, user, license)


async def test_changes_an_initial_password(caller: Caller, maps: Mapped) -> None:
    """Replaces the password that a user was given: it is not the initial one any more, and the old one is no good."""
    change = {"username": maps.user.username, "password": "given", "new_password": "chosen"}
    assert refusal(await caller.post("change_password", {**change, "password": "guess"})) == "license_not_found"
    answer = await caller.post("change_password", change)
    assert (answer.json(), "LicenseSignature" in answer.headers) == ("password_changed", False)
    assert refusal(await caller.post("change_password", change)) == "license_not_found"
    ask = {**maps.ask, "hardware_id": "hw-1"}
    assert refusal(await caller.post("activate_license", ask)) == "license_not_found"
    activated = await caller.post("activate_license", {**ask, "password": "chosen"})
    assert activated.json()["user"]["is_initial_password"] is False


@pytest.mark.parametrize("missing", ["username", "password", "new_password"])
async def test_a_change_needs_both_passwords(caller: Caller, maps: Mapped, missing: str) -> None:
    """Refuses a change of password without the user, the old or the new password."""
    change = {"username": maps.user.username, "password": "given", "new_password": "chosen"}
    assert refusal(await caller.post("change_password", {**change, missing: ""})) == "missing_parameters"


async def test_a_company_may_forbid_changes(clock: VirtualClock, tmp_path: Path) -> None:
    """Refuses changes of passwords in a company that does not allow them."""
    path = tmp_path / "world.toml"
    path.write_text('[company]\npasswords_may_change = false\n[[users]]\nemail = "a"\npassword = "b"\n')
    async with Sandbox(load_world(path), clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        change = {"username": "a", "password": "b", "new_password": "c"}
        assert refusal(await caller.post("change_password", change)) == "change_password_not_allowed"


async def test_a_changed_password_outlives_a_restart(clock: VirtualClock, tmp_path: Path) -> None:
    """Keeps a changed password in the file of the state, and gives the initial one back on a reset."""

    def described() -> World:
        world = World()
        world.add_user("a", password="b", is_initial_password=True)
        return world

    Sandbox(world := described(), clock=clock, db=tmp_path / "state.db")
    world.users["a"].change_password("c")
    again = Sandbox(served := described(), clock=clock, db=tmp_path / "state.db")
    assert (served.users["a"].password, served.users["a"].is_initial_password) == ("c", False)
    again.reset()
    assert (served.users["a"].password, served.users["a"].is_initial_password) == ("b", True)


async def test_lists_a_users_licenses(caller: Caller, world: World, maps: Mapped) -> None:
    """Lists the licenses of a product and of the bundles that it is in, or of all products, signed."""
    suite = world.add_bundle(f"{maps.product.short_code}-B", members=[maps.product], authorization_method="user")
    bundled = suite.add_license(user=maps.user)
    other = world.add_product(f"{maps.product.short_code}-O", authorization_method="user").add_license(user=maps.user)
    answer = await caller.get(LICENSES, maps.ask)
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    first, second = answer.json()
    assert [first["license"]["id"], second["license"]["id"]] == [maps.license.id, bundled.id]
    assert (first["user"]["email"], first["license"]["validity_period"]) == (maps.user.email, "2040-06-15")
    assert first["license"]["license_enabled"] is True
    assert not {"device_id", "is_expired", "is_borrowed", "license_signature", "version"} & set(first["license"])
    every = await caller.json(LICENSES, {**maps.ask, "product": ""})
    assert {item["license"]["id"] for item in every} == {maps.license.id, bundled.id, other.id}
    assert await caller.code(LICENSES, {**maps.ask, "password": "guess"}) == "license_not_found"
    assert await caller.code(LICENSES, {**maps.ask, "password": ""}) == "missing_parameters"
    assert await caller.code(LICENSES, {**maps.ask, "product": "NONE"}) == "unknown_product"


async def test_lists_a_users_licenses_after_a_sign_on(caller: Caller, maps: Mapped) -> None:
    """Lists the licenses of the customer account that a user has signed on to, and no others."""
    maps.product.add_license(user=maps.user)
    account = str(maps.license.customer.account_code)
    query = {"product": maps.product.short_code, "customer_account_code": account, "response_type": "token"}
    url = (await caller.json("/api/v4/sso_url", query))["url"]
    back = await caller.http.get(f"{url}&login_hint={maps.user.username}")
    token = back.headers["Location"].partition("#access_token=")[2].partition("&")[0]
    ask = {"product": maps.product.short_code, "customer_account_code": account, "id_token": token}
    assert [item["license"]["id"] for item in await caller.json(LICENSES, ask)] == [maps.license.id]


async def test_lists_a_devices_licenses(caller: Caller, maps: Mapped, bundle: License) -> None:
    """Lists whatever a device is active on, in bundles too, with the date of the validity alone."""
    device = f"device of {bundle.id}"
    maps.license.activate(device)
    bundle.activate(device)
    by_id = {item["id"]: item for item in await caller.json(DEVICE, {"hardware_id": device})}
    (member,) = bundle.sublicenses.values()
    assert set(by_id) == {maps.license.id, bundle.id, member.id}
    assert (by_id[maps.license.id]["validity_period"], by_id[bundle.id]["license_key"]) == ("2040-06-15", bundle.key)
    assert await caller.json(DEVICE, {"hardware_id": "no such"}) == []
    assert await caller.code(DEVICE) == "missing_hardware_id"


async def test_lists_a_customers_users(caller: Caller, maps: Mapped) -> None:
    """Lists the users of a customer's licenses; a password that was given is shown until it is changed."""
    ask: dict[str, str | int] = {"product": maps.product.short_code, "customer": maps.license.customer.email}
    listed = await caller.json(USERS, ask)
    assert listed["customer"]["customer_account"]["name"] == "Acme"
    (user,) = listed["users"]
    assert (user["email"], user["initial_password"], user["is_initial_password"]) == (maps.user.email, "given", True)
    assert (user["license_id"], user["max_activations"], user["total_activations"]) == (maps.license.id, 3, 0)
    maps.user.change_password("chosen")
    (user,) = (await caller.json(USERS, ask))["users"]
    assert (user["initial_password"], user["is_initial_password"]) == ("", False)


async def test_refuses_a_list_of_users(caller: Caller, product: Product, maps: Mapped) -> None:
    """Refuses a customer who is not there, a key-based product, and an unknown one."""
    asks = {
        "customer_does_not_exist": (maps.product.short_code, "nobody"),
        "invalid_product_auth_method": (product.short_code, maps.license.customer.email),
        "unknown_product": ("NONE", maps.license.customer.email),
        "missing_parameters": (maps.product.short_code, ""),
    }
    for code, (short_code, customer) in asks.items():
        assert await caller.code(USERS, {"product": short_code, "customer": customer}) == code
