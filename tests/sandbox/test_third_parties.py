"""Clients of others, as they are: the ways in which known ones spell what the documentation leaves open."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from licensespring_async.sandbox import Consumption, Customer, CustomerAccount, InstallationFile, Sandbox, World

KEYED: dict[str, Any] = {"hardware_id": "hw", "product": "TP", "license_key": "K"}
NAMED: dict[str, Any] = {"hardware_id": "hw", "product": "UP", "username": "ana@example.org"}
METERED: dict[str, Any] = {"hardware_id": "hw", "product": "CP", "license_key": "C"}
BUNDLED: dict[str, Any] = {"hardware_id": "hw", "product": "B", "license_key": "B"}
# What an SDK sends of its device whether it knows it or not.
DEVICE = {"is_vm": False, "vm_info": None, "os_ver": "Linux", "hostname": "h", "ip": "10.0.0.1", "sdk_ver": "SDK 4"}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("activate_license", {**KEYED, **DEVICE, "variables": {"a": 1, "b": True, "c": "x"}}),
    ("activate_license", {**NAMED, "password": "pw"}),
    ("activate_license", METERED),
    ("activate_bundle", {**BUNDLED, **DEVICE}),
    ("check_license", {**KEYED, "include_expired_features": "true", "sdk_ver": "SDK 4"}),
    ("check_license", {**NAMED, "is_vm": "False", "license_id": ""}),
    ("check_bundle", {**BUNDLED, "include_expired_features": "false"}),
    ("check_license_feature", {**KEYED, "feature": "f"}),
    ("floating/borrow", {**KEYED, "borrowed_until": None}),
    ("floating/release", KEYED),
    ("floating/feature_borrow", {**KEYED, "feature": "f", "borrowed_until": None}),
    ("floating/feature_release", {**KEYED, "feature": "f"}),
    ("add_consumption", {**METERED, "consumptions": 2.0, "max_overages": "3", "allow_overages": "true"}),
    ("add_feature_consumption", {**KEYED, "feature": "c", "consumptions": 1, "event": ["consumption_add"]}),
    ("track_device_variables", {**KEYED, "variables": {"a": "2"}}),
    ("get_device_variables", KEYED),
    ("trial_key", {"hardware_id": "new", "product": "TP", "email": "new@example.org"}),
    ("product_details", {"product": "TP", "include_latest_version": "true"}),
    ("products", {}),
    ("versions", {**KEYED, "env": "linux"}),
    ("installation_file", {**KEYED, "env": "linux"}),
    ("user_licenses", {"product": "UP", "username": "ana@example.org", "password": "pw"}),
    ("device_licenses", {"hardware_id": "hw"}),
    ("customer_license_users", {"product": "UP", "customer": "desk@example.org"}),
    ("sso_url", {"product": "UP", "customer_account_code": "acc", "response_type": "token"}),
    ("change_password", {"username": "ana@example.org", "password": "pw", "new_password": "new"}),
    ("deactivate_license", {**METERED, "consumptions": 1}),
    ("deactivate_bundle", BUNDLED),
]
GETS = {
    *("check_license", "check_bundle", "check_license_feature", "get_device_variables", "trial_key", "sso_url"),
    *("product_details", "products", "versions", "installation_file", "user_licenses", "device_licenses"),
    "customer_license_users",
}


def a_world() -> World:
    world = World()
    file = InstallationFile(version="1.0", content="setup", environment="linux")
    product = world.add_product("TP", allow_trial=True, installation_files=[file])
    license = product.add_license(key="K", max_activations=3, floating_users=2, max_borrow_time=10)
    license.add_feature("f", floating_users=1, max_borrow_time=5)
    license.add_feature("c", consumption=Consumption(maximum=10))
    world.add_product("CP").add_license(key="C", consumption=Consumption(maximum=10))
    desk = Customer(email="desk@example.org", customer_account=CustomerAccount(id=1, name="Acc", code="acc"))
    ana = world.add_user("ana@example.org", password="pw")
    world.add_product("UP", authorization_method="user").add_license(user=ana, customer=desk, max_activations=2)
    world.add_bundle("B", members=[product]).add_license(key="B")
    return world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(a_world()) as served:
        yield served


def headers(sandbox: Sandbox, shape: str) -> dict[str, str]:
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    text = f"licenseSpring\ndate: {date}"
    digest = hmac.new(sandbox.shared_key.encode(), text.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"Date": date, "Authorization": shape.format(signature=signature, api_key=sandbox.api_key)}


@pytest.mark.parametrize(
    ("shape", "end", "kind"),
    [
        ('algorithm="hmac-sha256",headers="date",signature="{signature}",apiKey="{api_key}"', "/", "application/json"),
        ('algorithm="hmac-sha256", headers="date", signature="{signature}", apikey="{api_key}"', "", "text/json"),
        ('apikey="{api_key}",signature="{signature}",headers="date"', "", "application/x-www-form-urlencoded"),
    ],
    ids=["an SDK", "the documentation", "curl -d"],
)
def test_every_endpoint_answers_them(sandbox: Sandbox, shape: str, end: str, kind: str) -> None:
    """Answers each call of a device's life with 200, whatever the header's spelling, the slash and the content type."""
    with httpx.Client(base_url=f"{sandbox.url}/api/v4", trust_env=False) as http:
        for path, values in CALLS:
            signed = {**headers(sandbox, shape), "Accept": "application/json"}
            if path in GETS:
                answer = http.get(f"{path}{end}", params=values, headers=signed)
            else:
                typed = {**signed, "Content-Type": kind}
                answer = http.post(f"{path}{end}", content=json.dumps(values), headers=typed)
            assert answer.status_code == 200, (path, answer.text)
        listed = {
            each["url"].strip("/").removeprefix("api/v4/") for each in http.get(".well-known").json()["endpoints"]
        }
    offline = {"activate_offline", "deactivate_offline", "activate_bundle_offline", "deactivate_bundle_offline"}
    assert listed - {path for path, _ in CALLS} == offline | {".well-known", "oauth_url"}


def test_a_browser_comes_back_with_what_an_activation_takes(sandbox: Sandbox) -> None:
    """Both ways of a single sign-on end in an activation, by a code and by a token."""
    shape = 'algorithm="hmac-sha256",headers="date",signature="{signature}",apiKey="{api_key}"'
    with httpx.Client(trust_env=False) as http:
        for kind, part in (("code", "query"), ("token", "fragment")):
            asked = {"product": "UP", "customer_account_code": "acc", "response_type": kind}
            url = http.get(f"{sandbox.url}/api/v4/sso_url", params=asked, headers=headers(sandbox, shape)).json()["url"]
            back = http.get(f"{url}&login_hint=ana@example.org").headers["Location"]
            got = parse_qs(getattr(urlsplit(back), part))
            proof = {"code": got["code"][0]} if kind == "code" else {"id_token": got["access_token"][0]}
            body = {"hardware_id": f"by-{kind}", "product": "UP", "customer_account_code": "acc", **proof}
            signed = headers(sandbox, shape)
            assert http.post(f"{sandbox.url}/api/v4/activate_license", json=body, headers=signed).status_code == 200
