"""Offline requests of both schemas over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from licensespring_async.sandbox import Consumption, License, World

from .calling import Caller, refusal, verify

pytestmark = pytest.mark.anyio

Fields = dict[str, Any]
DATE = "Fri Jul 4 2025 10:56:13 GMT+0000"


def signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def packed(content: object) -> bytes:
    return base64.b64encode(json.dumps(content).encode())


def of_schema_1(caller: Caller, fields: Mapping[str, object], key: str | None = None) -> bytes:
    """A flat request, signed over its date, license, device and API key."""
    named = fields.get("license_key") or fields.get("username")
    credential = fields.get("api_key") or fields.get("client_id")
    text = f"licenseSpring\ndate: {fields['date']}\n{named}\n{fields['hardware_id']}\n{credential}"
    return packed({**fields, "signature": signature(key or caller.sandbox.shared_key, text)})


def of_schema_2(caller: Caller, fields: Mapping[str, object], key: str | None = None) -> bytes:
    """A request whose text is signed as it stands."""
    text = json.dumps({**fields, "schema_version": 2}, ensure_ascii=False, separators=(",", ":"))
    signed = signature(key or caller.sandbox.shared_key, text)
    return base64.b64encode(f'{{"signature": "{signed}", "request": {text} }}'.encode())


async def send(caller: Caller, path: str, text: bytes, kind: str = "text/plain") -> httpx.Response:
    headers = {**caller.signed(), "Content-Type": kind}
    return await caller.http.post(f"{caller.sandbox.url}/api/v4/{path}", content=text, headers=headers)


@pytest.fixture
def request_(caller: Caller, license: License) -> Fields:
    """What hw-2 sends to be activated."""
    return {
        "request": "activation",
        "date": DATE,
        "hardware_id": "hw-2",
        "product": license.product.short_code,
        "license_key": license.key,
        "api_key": caller.sandbox.api_key,
        "request_id": "5c1a1c9e-4f5e-4a0e-9a53-0e0f6f0f6a11",
        "hostname": "Büro",
        "variables": {"site": "Ulm"},
    }


@pytest.mark.parametrize("schema", [of_schema_1, of_schema_2])
async def test_activates_and_deactivates(caller: Caller, license: License, request_: Fields, schema: Any) -> None:
    """Activates a device by a request of either schema, answers with a license file's content, and takes it off."""
    license.metadata = {"größe": "ß"}
    answer = await send(caller, "activate_offline", schema(caller, request_))
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    file = answer.json()
    assert (file["hardware_id"], file["active"], file["date"]) == ("hw-2", True, DATE)
    assert file["request_id"] == request_["request_id"]
    assert license.devices["hw-2"].details["hostname"] == "Büro"
    assert list(license.devices["hw-2"].variables) == ["site"]

    text = f"licenseSpring\ndate: {DATE}\n{license.key}\nhw-2\n{caller.sandbox.api_key}"
    assert file["offline_signature"] == signature(caller.sandbox.shared_key, text)
    verify(caller.sandbox.public_key, file["license_signature"], f"hw-2#{license.key}#".lower().encode())
    unsigned = {name: value for name, value in file.items() if not name.startswith("license_signature")}
    compact = json.dumps(unsigned, ensure_ascii=False, separators=(",", ":")).encode()
    verify(caller.sandbox.public_key, file["license_signature_v2"], compact)

    back = schema(caller, {**request_, "request": "deactivation"})
    assert (await send(caller, "deactivate_offline", back)).json() == "license_deactivated"
    assert license.device("hw-2") is None


async def test_accepts_a_file_of_a_form(caller: Caller, license: License, request_: Fields) -> None:
    """Accepts the text as the part `file` of a form, and refuses a form without one."""
    url = f"{caller.sandbox.url}/api/v4/activate_offline"
    upload = {"file": ("activate_offline.req", of_schema_2(caller, request_))}
    answer = await caller.http.post(url, files=upload, headers=caller.signed())
    assert (answer.status_code, answer.json()["hardware_id"]) == (200, "hw-2")
    other = await caller.http.post(url, files={"other": upload["file"]}, headers=caller.signed())
    assert refusal(other) == "missing_parameters"


async def test_refuses_a_form_in_a_form(caller: Caller) -> None:
    """A part `file` that is a form itself has no content."""
    inner = b"Content-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n\r\n--C--"
    form = b'--B\r\nContent-Disposition: form-data; name="file"\r\n' + inner + b"\r\n--B--\r\n"
    assert refusal(await send(caller, "activate_offline", form, "multipart/form-data; boundary=B")) == "missing_content"


async def test_accepts_an_oauth_client(caller: Caller, license: License, request_: Fields) -> None:
    """Accepts a request that an OAuth client's secret signed, and signs the answer with it."""
    del request_["api_key"]
    request_["client_id"] = caller.sandbox.client_id
    secret = caller.sandbox.client_secret
    file = (await send(caller, "activate_offline", of_schema_2(caller, request_, secret))).json()
    text = f"licenseSpring\ndate: {DATE}\n{license.key}\nhw-2\n{caller.sandbox.client_id}"
    assert file["offline_signature"] == signature(secret, text)


async def test_accepts_other_spellings_of_what_is_signed(caller: Caller, request_: Fields) -> None:
    """Accepts a signature over another rendering of the same request: with spaces, with escapes."""
    fields = {**request_, "schema_version": 2}
    for text in (json.dumps(fields), json.dumps(fields, ensure_ascii=False, separators=(",", ":"))):
        content = {"request": fields, "signature": signature(caller.sandbox.shared_key, text)}
        assert (await send(caller, "activate_offline", packed(content))).status_code == 200


async def test_activates_a_bundle(caller: Caller, bundle: License, request_: Fields) -> None:
    """Activates a bundle's licenses, the bundle's own first, each filed, under one more signature; and takes it off."""
    request_ |= {"product": bundle.product.short_code, "license_key": bundle.key}
    for member in (bundle, *bundle.sublicenses.values()):
        member.max_activations = 5
    file = (await send(caller, "activate_bundle_offline", of_schema_2(caller, request_))).json()
    assert file["licenses"][0]["product_details"]["short_code"] == bundle.product.short_code
    assert len(file["licenses"]) == 2
    assert all({"date", "offline_signature", "request_id"} <= set(item) for item in file["licenses"])
    assert not any("license_signature_v2" in item for item in file["licenses"])
    compact = json.dumps(file["licenses"], ensure_ascii=False, separators=(",", ":")).encode()
    verify(caller.sandbox.public_key, file["bundle_signature_v2"], compact)
    back = of_schema_2(caller, {**request_, "request": "deactivation"})
    assert (await send(caller, "deactivate_bundle_offline", back)).json() == "license_deactivated"
    assert bundle.device("hw-2") is None


async def test_a_deactivation_reports_consumption(caller: Caller, license: License, request_: Fields) -> None:
    """Adds what a deactivation says was consumed without a network."""
    license.consumption = Consumption(maximum=10, total=1)
    license.activate("hw-2")
    back = of_schema_2(caller, {**request_, "request": "deactivation", "consumptions": 4})
    assert (await send(caller, "deactivate_offline", back)).status_code == 200
    assert license.consumption.total == 5


async def test_a_bundles_user_needs_no_password(caller: Caller, world: World, request_: Fields) -> None:
    """Asks a user's password for a license, and not for a bundle."""
    code = f"{request_['product']}-OFF"
    maps = world.add_product(code, authorization_method="user")
    suite = world.add_bundle(f"{code}-B", members=[maps], authorization_method="user")
    user = world.add_user(f"a@{code}", password="s3cret")
    for product in (maps, suite):
        product.add_license(user=user)
    del request_["license_key"]
    request_ |= {"product": code, "username": user.username}
    assert refusal(await send(caller, "activate_offline", of_schema_2(caller, request_))) == "missing_parameters"
    whole = of_schema_2(caller, {**request_, "product": suite.short_code})
    assert (await send(caller, "activate_bundle_offline", whole)).status_code == 200
    proved = of_schema_2(caller, {**request_, "password": "s3cret"})
    assert (await send(caller, "activate_offline", proved)).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x"])
async def test_the_journal_shows_nothing_of_a_request(caller: Caller, request_: Fields, kind: str) -> None:
    """Keeps the text of a request out of the journal, where its Base64 would show the license key."""
    text = of_schema_2(caller, request_) + b"=&x="
    await send(caller, "activate_offline", text, kind)
    journal = (await caller.http.get(f"{caller.sandbox.url}/_sandbox/journal")).json()
    assert journal[-1]["parameters"] == {}


@pytest.mark.parametrize("schema", [of_schema_1, of_schema_2])
async def test_refuses_a_forged_request(caller: Caller, license: License, request_: Fields, schema: Any) -> None:
    """Refuses what another key signed, what another company is named by, and what was changed since it was signed."""
    changed = json.loads(base64.b64decode(schema(caller, request_)))
    changed.get("request" if schema is of_schema_2 else "", changed)["hardware_id"] = "hw-3"
    forged = [
        packed(changed),
        schema(caller, request_, "another key"),
        schema(caller, {**request_, "api_key": "another"}),
    ]
    for text in forged:
        assert refusal(await send(caller, "activate_offline", text)) == "signature_mismatch"
    assert list(license.devices) == ["hw-1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "missing_parameters"),
        (b"  ", "missing_content"),
        (b"not base64!", "authorization_missing_params"),
        (base64.b64encode(b"[1]"), "authorization_missing_params"),
        (base64.b64encode(b"1"), "authorization_missing_params"),
        (base64.b64encode(b"{}"), "authorization_missing_params"),
        (base64.b64encode(b"\xff"), "authorization_missing_params"),
        (base64.b64encode(b'{"request": {}, "signature": "x"}'), "signature_mismatch"),
        (base64.b64encode(b'{"signature": "x", "date": "\\ud800"}'), "authorization_missing_params"),
        (base64.b64encode(b'{"signature": "\\ud800", "request": {}}'), "authorization_missing_params"),
        (base64.b64encode(b'{"signature": "x", "request": {"\\ud800": 1}}'), "authorization_missing_params"),
        (base64.b64encode(b'{"signature": "x", "\\u0072equest": {}}'), "authorization_missing_params"),
        (base64.b64encode(b'[["signature", "x"], ["request", {}]]'), "authorization_missing_params"),
        (base64.b64encode(b"[" * 100_000), "authorization_missing_params"),
    ],
)
async def test_refuses_what_is_no_request(caller: Caller, text: bytes, code: str) -> None:
    """Refuses no content, what is not Base64 or JSON, and what is not signed, each with its code."""
    assert refusal(await send(caller, "activate_offline", text)) == code


async def test_refuses_what_the_license_does_not_allow(caller: Caller, license: License, request_: Fields) -> None:
    """Refuses a license that is not activated offline, and a request that is for something else; nothing changes."""
    other = of_schema_2(caller, {**request_, "request": "deactivation"})
    assert refusal(await send(caller, "activate_offline", other)) == "validation_error"
    license.allow_offline_activation = False
    refused = await send(caller, "activate_offline", of_schema_2(caller, request_))
    assert refusal(refused) == "validation_error"
    assert license.device("hw-2") is None
