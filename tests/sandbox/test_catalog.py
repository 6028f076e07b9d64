"""What the service tells about products and about itself, and what it makes of parameters that it does not know."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from licensespring_async.sandbox import InstallationFile, License, Product, ProductField

from .calling import FEATURE, Caller, refusal, verify

pytestmark = pytest.mark.anyio

DETAILS = "/api/v4/product_details"


async def test_describes_a_product(caller: Caller, product: Product) -> None:
    """Describes a product with every documented field, and signs it."""
    product.allow_trial, product.trial_days = True, 14
    answer = await caller.get(DETAILS, {"product": product.short_code})
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    assert answer.json() == {
        "product_id": product.id,
        "product_name": product.name,
        "short_code": product.short_code,
        "authorization_method": "license-key",
        "allow_trial": True,
        "trial_days": 14,
        "floating_timeout": 60,
        "allow_overages": False,
        "max_overages": 0,
        "prevent_vm": False,
        "metadata": {},
        "company": {"id": 4071},
    }


async def test_describes_more_when_asked(caller: Caller, product: Product) -> None:
    """Tells custom fields and the latest version of an environment when asked, [] and null where there is none."""
    ask = {"product": product.short_code, "include_latest_version": "true", "include_custom_fields": "true"}
    bare = await caller.json(DETAILS, ask)
    assert (bare["custom_fields"], bare["latest_version"]) == ([], None)
    product.custom_fields.append(ProductField(id=7, name="cost center"))
    product.installation_files.append(
        InstallationFile(
            version="2.0", environment="mac", content="x", release_date=datetime(2025, 5, 21, 9, tzinfo=UTC)
        )
    )
    full = await caller.json(DETAILS, {**ask, "env": "mac"})
    assert full["custom_fields"] == [{"id": 7, "name": "cost center", "default_value": None}]
    latest = full["latest_version"]
    assert (latest["version"], latest["release_date"], latest["enabled"]) == ("2.0", "2025-05-21", True)
    assert (latest["product_id"], latest["full_link"].rpartition("/")[2]) == (product.id, latest["filename"])
    assert (await caller.json(DETAILS, {**ask, "env": "linux"}))["latest_version"] is None


async def test_refuses_an_unknown_product(caller: Caller) -> None:
    """Refuses details of no product, and of an unknown one."""
    assert await caller.code(DETAILS) == "missing_parameters"
    assert await caller.code(DETAILS, {"product": "NONE"}) == "unknown_product"


@pytest.mark.parametrize("path", ["/api/v4/.well-known", "/api/v4/.well-known/"])
async def test_tells_about_itself(caller: Caller, path: str) -> None:
    """Tells without authorization where it answers, what it signs with, and which endpoints it has."""
    answer = await caller.get(path, "", {})
    told = answer.json()
    assert (told["api_base_url"], told["pub_key"]) == (f"{caller.sandbox.url}/api", caller.sandbox.public_key)
    assert (told["supported_api_versions"], told["default_api_version"]) == (["v4"], "v4")
    for endpoint in told["endpoints"]:
        response = await caller.http.request(endpoint["method"], f"{caller.sandbox.url}{endpoint['url']}")
        assert response.status_code != 404


async def test_warns_of_unknown_parameters(
    caller: Caller, license: License, ask: dict[str, str | int], caplog: pytest.LogCaptureFixture
) -> None:
    """Answers although a parameter is unknown, and names it in the log, without its value."""
    license.add_feature("render")
    with caplog.at_level(logging.WARNING, "licensespring_async.sandbox"):
        assert (await caller.get(FEATURE, {**ask, "sdk_ver": "1"})).status_code == 200
        assert caplog.messages == []
        assert (await caller.get(FEATURE, {**ask, "hardwareid": "s3cret"})).status_code == 200
        assert (await caller.post("activate_license", {**ask, "colour": "s3cret"})).status_code == 200
        assert (await caller.get(FEATURE, {**ask, "consumptions": 1})).status_code == 200
    assert "consumptions" in caplog.messages[2]  # which other endpoints read
    assert ["hardwareid" in caplog.messages[0], "colour" in caplog.messages[1]] == [True, True]
    assert "s3cret" not in caplog.text


async def test_shows_metadata_as_text_when_asked(caller: Caller, license: License, ask: dict[str, str | int]) -> None:
    """Adds the metadata's JSON text to a feature check when asked."""
    license.add_feature("render", metadata={"a": [1, "é"]})
    answer = await caller.json(FEATURE, {**ask, "include_metadata_string": "true"})
    assert answer["metadata_string"] == '{"a":[1,"é"]}'


async def test_keeps_an_activations_variables(caller: Caller, license: License, ask: dict[str, str | int]) -> None:
    """Keeps the variables that an activation sends, and shows all of the device's."""
    await caller.post("activate_license", {**ask, "variables": {"seats": 2.0, "site": "Ulm"}})
    answer = await caller.post("activate_license", {**ask, "variables": {"beta": True}})
    shown = {variable["variable"]: variable["value"] for variable in answer.json()["variables"]}
    assert shown == {"seats": 2, "site": "Ulm", "beta": True}
    assert {variable["device_id"] for variable in answer.json()["variables"]} == {license.devices["hw-1"].id}
    numbered = await caller.post("activate_license", {**ask, "variables": {"7": "seven"}})
    assert "7" in {variable["variable"] for variable in numbered.json()["variables"]}
    mistakes: list[object] = [[1], {"a": {}}, {"a": 1e-9}, "text"]
    for wrong in mistakes:
        assert refusal(await caller.post("activate_license", {**ask, "variables": wrong})) == "validation_error"


async def test_keeps_virtual_machines_out(caller: Caller, license: License, ask: dict[str, str | int]) -> None:
    """Refuses to activate a virtual machine on a license that prevents it, and activates nothing."""
    license.prevent_vm = True
    refused = await caller.post("activate_license", {**ask, "hardware_id": "vm", "is_vm": True, "vm_info": "kvm"})
    assert refusal(refused) == "validation_error"
    assert license.device("vm") is None
    assert (await caller.post("activate_license", {**ask, "is_vm": False})).status_code == 200


async def test_counts_transfers(caller: Caller, license: License, ask: dict[str, str | int]) -> None:
    """Counts a transfer when another device is activated after one was deactivated, and none for the same device."""
    await caller.post("deactivate_license", ask)
    same = await caller.post("activate_license", ask)
    assert same.json()["transfer_count"] == 0
    await caller.post("deactivate_license", ask)
    other = await caller.post("activate_license", {**ask, "hardware_id": "hw-2"})
    assert other.json()["transfer_count"] == 1
