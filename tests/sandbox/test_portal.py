"""The portals of the sandbox: what a device without a network needs, by Python and by the page."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from licensespring_async import ApiKey, License, SignatureError
from licensespring_async.offline import (
    AirGap,
    AirGapConfirmation,
    LicenseStore,
    activation_request,
    deactivation_request,
    read_bundle,
    read_license,
    read_policy,
    read_refresh,
)
from licensespring_async.sandbox import Fault, Sandbox, World
from licensespring_async.sandbox.wire.refusals import ServiceError
from licensespring_async.services import LicenseSession, State

KEY, BUNDLE, GAPPED = "AAAA-BBBB-CCCC-DDDD", "AAAA-BBBB-CCCC-EEEE", "AAAA-BBBB-CCCC-FFFF"
PORTAL = "http://127.0.0.1/_sandbox/portal/"


@pytest.fixture
def sandbox() -> Sandbox:
    world = World()
    cad = world.add_product("CAD")
    license = cad.add_license(key=KEY, max_activations=2, allow_offline_activation=True)
    license.add_feature("export")
    cad.add_license(key=GAPPED, max_activations=1, is_air_gapped=True).add_feature("scan")
    world.add_bundle("SUITE", members=[cad]).add_license(key=BUNDLE, max_activations=2, allow_offline_activation=True)
    return Sandbox(world)


def who(sandbox: Sandbox, product: str = "CAD", key: str = KEY) -> dict[str, Any]:
    auth = ApiKey(api_key=sandbox.api_key, shared_key=sandbox.shared_key)
    return {"auth": auth, "product": product, "hardware_id": "submarine", "license_key": key}


def reading(sandbox: Sandbox, product: str = "CAD") -> dict[str, Any]:
    given = who(sandbox, product)
    del given["license_key"]
    return {**given, "public_key": sandbox.public_key}


def page(sandbox: Sandbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.application()), base_url=PORTAL)


def test_a_request_file_becomes_a_license_file(sandbox: Sandbox) -> None:
    """Answers the request files of licenses and bundles, and takes devices off again."""
    asked = activation_request(**who(sandbox))
    file = sandbox.portal.answer(f"{asked.text}\n")
    license = read_license(file, **reading(sandbox), request_id=asked.request_id)
    assert isinstance(license, License)

    bundle = sandbox.portal.answer(activation_request(**who(sandbox, "SUITE", BUNDLE)).text)
    assert read_bundle(bundle, **reading(sandbox, "SUITE")).products == ("SUITE", "CAD")

    left = sandbox.portal.answer(deactivation_request(**who(sandbox)).text)
    assert left == "license_deactivated"


def test_a_refresh_file_is_for_an_active_device(sandbox: Sandbox) -> None:
    """Makes a refresh file, which is not taken for a license file, for a device that is active."""
    given: dict[str, Any] = {"product": "CAD", "hardware_id": "submarine", "license_key": KEY}
    with pytest.raises(ServiceError, match="not active"):
        sandbox.portal.refresh(**given)
    sandbox.portal.answer(activation_request(**who(sandbox)).text)

    file = sandbox.portal.refresh(**given)

    assert read_refresh(file, **reading(sandbox)).feature("export") is not None
    with pytest.raises(SignatureError):
        read_license(file, **reading(sandbox))


@pytest.mark.anyio
async def test_a_program_runs_on_an_air_gapped_device(sandbox: Sandbox, tmp_path: Path) -> None:
    """Goes from the initialization code to a session that opens without a network, and ends it the same way."""
    portal = sandbox.portal
    air_gap = AirGap(portal.air_gap_key, policies=[portal.policy(GAPPED)])
    device: dict[str, Any] = {"hardware_id": "submarine", "license_key": GAPPED}
    code = air_gap.activation_code(portal.initialization_code(GAPPED), **device)
    confirmed = AirGapConfirmation(
        license_key=GAPPED,
        policy_id=portal.policy_id(GAPPED),
        confirmation_code=portal.confirmation_code(GAPPED, "submarine", code),
    )
    with pytest.raises(ServiceError, match="Signature mismatch"):
        portal.confirmation_code(GAPPED, "submarine", code)
    store = LicenseStore(tmp_path / "license")
    store.save(confirmed)

    client = sandbox.in_process_client()
    sandbox.faults.add(Fault(effect="reset"))
    session = LicenseSession(client, product="CAD", **device, store=store, air_gap=air_gap)
    async with session as license:
        assert license.state is State.OFFLINE
        assert license.allows("scan")
        assert not license.allows("export")

    left = air_gap.deactivation_code(portal.initialization_code(GAPPED), **device)
    ended = portal.confirmation_code(GAPPED, "submarine", left, deactivates=True)
    air_gap.confirm(ended, **device, policy_id=portal.policy_id(GAPPED))


@pytest.mark.parametrize("key", ["no such key", KEY])
def test_only_air_gapped_licenses_have_codes(sandbox: Sandbox, key: str) -> None:
    """Refuses a license that is not there, or not air-gapped."""
    with pytest.raises(ServiceError):
        sandbox.portal.initialization_code(key)


@pytest.mark.anyio
async def test_the_page_does_the_same(sandbox: Sandbox) -> None:
    """Takes uploads and typed codes, and gives files to download and codes to read."""
    async with page(sandbox) as browser:
        forms = (await browser.get("")).text
        assert forms.count("<form") == 6
        request = activation_request(**who(sandbox)).text.encode()
        license = await browser.post("request", files={"file": ("activate_offline.req", request)})
        assert license.headers["content-disposition"] == 'attachment; filename="license.lic"'
        assert read_license(license.text, **reading(sandbox)).hardware_id == "submarine"
        device = {"license_key": KEY, "hardware_id": "submarine", "product": "CAD"}
        refreshed = await browser.post("refresh", data=device)
        assert read_refresh(refreshed.text, **reading(sandbox)).license_key == KEY
        left = await browser.post("request", content=deactivation_request(**who(sandbox)).text)
        assert "was deactivated" in left.text

        policy = await browser.post("policy", data={"license_key": GAPPED})
        policy_id = sandbox.portal.policy_id(GAPPED)
        assert read_policy(policy.text, policy_id=policy_id).fields["product"] == "CAD"
        gapped = {"hardware_id": "submarine", "license_key": GAPPED}
        air_gap = AirGap(sandbox.portal.air_gap_key)
        for action, make in (("activate", air_gap.activation_code), ("deactivate", air_gap.deactivation_code)):
            begun = await browser.post("begin", data={"license_key": GAPPED})
            shown = await browser.post(action, data={**gapped, "code": make(_code(begun.text), **gapped)})
            assert f"policy {policy_id}" in shown.text
            air_gap.confirm(_code(shown.text), **gapped, policy_id=policy_id)


@pytest.mark.anyio
async def test_the_page_says_what_was_wrong(sandbox: Sandbox) -> None:
    """Shows a refusal as the service words it, and nothing of what was typed in as HTML."""
    async with page(sandbox) as browser:
        for action, data, problem in (
            ("begin", {"license_key": "<b>"}, "license_not_found"),
            ("activate", {"license_key": GAPPED, "hardware_id": "d", "code": "?"}, "signature_mismatch"),
            ("refresh", {"license_key": KEY}, "Missing product, hardware_id"),
        ):
            answer = await browser.post(action, data=data)
            assert answer.status_code == 400
            assert problem in html.unescape(answer.text)
            assert "<b>" not in answer.text
        assert (await browser.post("request", content=b"")).status_code == 400


def _code(text: str) -> str:
    found = re.search("<code>(.*)</code>", text)
    assert found is not None
    return html.unescape(found[1])
