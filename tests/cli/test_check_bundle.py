"""`check-bundle`, against a sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from licensespring_async.redaction import fingerprint
from licensespring_async.sandbox import License, Sandbox, World

from .conftest import Run


@pytest.fixture
def words(sandbox: Sandbox) -> list[str]:
    """The command for the demo bundle."""
    bundle = sandbox.demo.bundle
    return [
        "check-bundle",
        *("--product", bundle.product),
        *("--hardware-id", bundle.hardware_id),
        *("--license-key", bundle.license_key),
    ]


@pytest.fixture
def ended(world: World) -> License:
    """A bundle with a license that ended long ago, of a user."""
    world.products.pop("OLD", None)
    user = world.users.get("ana@example.org") or world.add_user("ana@example.org")
    member = world.products.get("OLDAPP") or world.add_product("OLDAPP", authorization_method="user")
    suite = world.add_bundle("OLD", members=[member], authorization_method="user")
    sold = suite.add_license(user=user)
    sold.activate("hw-1")
    return sold


def test_a_bundle_is_shown_as_a_table(run: Run, words: list[str]) -> None:
    """One line a license, with whether it is valid."""
    done = run(*words)
    assert done.exit_code == 0
    assert done.stdout.startswith("licensed  bundle STUDIO, device #")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "Product Type Valid Ends Devices Features" in lines
    assert any(line.startswith("LUMEN perpetual yes never") for line in lines)


def test_json_is_one_object_with_the_bundle(run: Run, words: list[str], sandbox: Sandbox) -> None:
    """The licenses come as a list, their keys and the device as fingerprints."""
    done = run(*words, "--json")
    shown = json.loads(done.stdout)
    assert shown["outcome"] == "licensed"
    assert "STUDIO" in [license["product_details"]["short_code"] for license in shown["bundle"]]
    assert shown["bundle"][0]["license_key"] == fingerprint(sandbox.demo.bundle.license_key)
    assert sandbox.demo.bundle.license_key not in done.stdout
    assert sandbox.demo.bundle.hardware_id not in done.stdout


def test_device_data_reaches_the_service(run: Run, words: list[str], sandbox: Sandbox) -> None:
    """Every option of the device is stored by the service."""
    given = {
        "os-ver": "Debian 13",
        "hostname": "render-7",
        "os-hostname": "render-7.local",
        "ip": "198.51.100.7",
        "ip-local": "10.0.0.7",
        "app-ver": "4.2",
        "sdk-ver": "1.0",
        "mac-address": "00-00-5E-00-53-01",
    }
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    assert run(*words, *options, "--env", "linux", "--include-expired-features").exit_code == 0
    bundle = sandbox.demo.bundle
    (license,) = sandbox.world.products[bundle.product].licenses_of(bundle.license_key)
    assert license.devices[bundle.hardware_id].details == {
        name.replace("-", "_"): value for name, value in given.items()
    }


def test_a_user_is_checked_by_name(run: Run, ended: License) -> None:
    """`--username` stands in the place of a key."""
    done = run("check-bundle", "--product", "OLD", "--hardware-id", "hw-1", "--username", "ana@example.org")
    assert (done.exit_code, done.stdout.split()[0]) == (0, "licensed")


def test_a_bundle_without_a_valid_license_is_not_licensed(run: Run, ended: License, world: World) -> None:
    """The table is shown, and why the answer is no all the same."""
    for license in [ended, *ended.sublicenses.values()]:
        license.start_date = datetime(2999, 1, 1, tzinfo=UTC)
    done = run("check-bundle", "--product", "OLD", "--hardware-id", "hw-1", "--username", "ana@example.org")
    assert done.exit_code == 5
    assert done.stdout.startswith("not licensed  bundle OLD")
    assert "(license_not_started)" in done.stdout
    assert "Product" in done.stdout


def test_a_refusal_is_a_result(run: Run) -> None:
    """An unknown bundle is a no like any other."""
    done = run("check-bundle", "--product", "NOPE", "--hardware-id", "d", "--license-key", "k")
    assert done.exit_code == 5
    assert "(unknown_product)" in done.stdout
    assert "What to do:  No product has this short code" in done.stdout
