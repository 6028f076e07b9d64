"""Answers are tied to what was asked: a recorded answer to another request does not pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from licensespring_async import AnswerMismatch, LicenseSpring, SignatureError
from licensespring_async.models.json_types import ascii_lower

from ..fakes import KEY, ScriptedEngine, answer
from . import bodies
from .fakes import DEVICE, FEATURE, VirtualTime, a_client
from .keys import Signer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def client_for(signer: Signer, value: object, *, bind: bool = True) -> LicenseSpring:
    """A client that gets one signed answer."""
    body = bodies.encoded(value)
    return LicenseSpring(
        auth=KEY,
        public_key=signer.public_key,
        bind_answers=bind,
        engine=ScriptedEngine([answer(200, body, **signer.headers(body))]),
        clock=VirtualTime().clock,
    )


def a_license(signer: Signer, signed_text: str, validity_period: str | None = None) -> bodies.Json:
    """A license whose v1 signature was made over a text."""
    return bodies.license(validity_period=validity_period, license_signature=signer.sign(signed_text.encode()))


def changed(arguments: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    """The arguments of a check, one of them another."""
    return {**arguments, name: value}


async def test_the_feature_that_was_asked_for(signer: Signer) -> None:
    """Believes an answer about the feature asked for, in whatever case the service writes it."""
    feature = await client_for(signer, bodies.feature(code="RENDER")).check_license_feature(**FEATURE)

    assert feature.code == "RENDER"


async def test_another_feature(signer: Signer) -> None:
    """Refuses a signed answer about another feature, naming both."""
    with pytest.raises(AnswerMismatch, match=r"'export'.*'render'") as caught:
        await client_for(signer, bodies.feature(code="export")).check_license_feature(**FEATURE)

    assert isinstance(caught.value, SignatureError)
    assert (caught.value.endpoint, caught.value.attempts) == ("check_license_feature", 1)


async def test_another_license(signer: Signer) -> None:
    """Refuses a signed answer about another license than license_id says, and takes the right one."""
    value = bodies.feature(code="render", license_id=17)

    with pytest.raises(AnswerMismatch, match="license_id"):
        await client_for(signer, value).check_license_feature(**FEATURE, license_id=18)
    assert (await client_for(signer, value).check_license_feature(**FEATURE, license_id=17)).license_id == 17


async def test_a_license_inside_a_bundle(signer: Signer) -> None:
    """Takes any license of the bundle, since a license_id may be the bundle's own."""
    client = client_for(signer, bodies.feature(code="render", license_id=17))

    assert (await client.check_license_feature(**FEATURE, license_id=18, bundle_code="SUITE")).license_id == 17


async def test_opting_out(signer: Signer) -> None:
    """Believes any signed answer with bind_answers=False."""
    feature = client_for(signer, bodies.feature(code="export"), bind=False).check_license_feature(**FEATURE)
    bundle = client_for(signer, [a_license(signer, "another")], bind=False).check_bundle(**DEVICE)

    assert ((await feature).code, len(await bundle)) == ("export", 1)


async def test_unverified_answers_are_bound_too() -> None:
    """Refuses an answer about another feature even when signatures are not checked."""
    with pytest.raises(AnswerMismatch):
        await a_client(answer(body=bodies.feature(code="export"))).check_license_feature(**FEATURE)


@pytest.mark.parametrize(
    ("validity_period", "signed"),
    [
        (None, "device-0003#license-key-0004#"),
        ("2031-06-18T00:00:00.000Z", "device-0003#license-key-0004#2031-06-18t00:00:00.000z"),
        ("2031-06-18T02:00:00.120+02:00", "device-0003#license-key-0004#2031-06-18t00:00:00.120z"),
    ],
)
async def test_a_bundle_signed_for_this_device(signer: Signer, validity_period: str | None, signed: str) -> None:
    """Believes licenses whose v1 signature covers this device, this key and their end."""
    client = client_for(signer, [a_license(signer, signed, validity_period)])

    assert len(await client.check_bundle(**DEVICE)) == 1


@pytest.mark.parametrize(
    "names",
    [
        {"user": bodies.user(email="ana@example.org|DSE2")},
        {"user": bodies.user(email="ana@example.org"), "username": "ana"},
        {"username": "ana@example.org|DSE2"},
    ],
    ids=["an e-mail address", "both", "a username"],
)
async def test_who_signed_on(signer: Signer, names: dict[str, Any]) -> None:
    """Believes a single sign-on whose answer names the user that its v1 signature covers, by e-mail or by name."""
    value = a_license(signer, "device-0003#ana@example.org#") | names
    del value["license_key"]
    license = await client_for(signer, value).activate_license(
        product="APP", hardware_id="device-0003", id_token="TOKEN", customer_account_code="ACME"
    )

    assert license.license_key is None


@pytest.mark.parametrize("names", [{}, {"user": bodies.user(email="eve@example.org"), "username": ""}])
async def test_somebody_else_signed_on(signer: Signer, names: dict[str, Any]) -> None:
    """Refuses a single sign-on whose answer names nobody, or another user than its v1 signature covers."""
    for signed in ("device-0003#ana@example.org#", "device-0003##"):
        value = a_license(signer, signed) | names
        del value["license_key"]
        with pytest.raises(AnswerMismatch, match="not signed for this device and this key or user"):
            await client_for(signer, value).activate_license(
                product="APP", hardware_id="device-0003", id_token="TOKEN", customer_account_code="ACME"
            )


async def test_a_bundle_of_a_user_with_a_suffix(signer: Signer) -> None:
    """Leaves the part of a username behind the bar out, and upper case, as the service does."""
    client = client_for(signer, [a_license(signer, "hw-1#ana@example.org#")])

    assert len(await client.check_bundle(product="APP", hardware_id="HW-1", username="Ana@example.org|DSE2")) == 1


@pytest.mark.parametrize(
    "signed",
    [
        "device-0004#license-key-0004#",
        "device-0003#license-key-0005#",
        "device-0003#license-key-0004#2031-06-18t00:00:00.000z",
    ],
)
async def test_a_bundle_signed_for_another(signer: Signer, signed: str) -> None:
    """Refuses a bundle with a license that was signed for another device, key or end, among good ones."""
    licenses = [a_license(signer, "device-0003#license-key-0004#"), a_license(signer, signed)]

    with pytest.raises(AnswerMismatch, match="'APP'") as caught:
        await client_for(signer, licenses).check_bundle(**DEVICE)

    assert [secret for secret in ("device-0003", "license-key-0004") if secret in str(caught.value)] == []


@pytest.mark.parametrize("signature", ["", " ", "%%%", "AAAA"])
async def test_a_signature_that_does_not_hold(signer: Signer, signature: str) -> None:
    """Refuses a license whose v1 signature is empty, garbage or another one."""
    with pytest.raises(AnswerMismatch):
        await client_for(signer, [bodies.license(license_signature=signature)]).check_bundle(**DEVICE)


@pytest.mark.parametrize("absent", [True, False])
async def test_a_license_without_a_signature(signer: Signer, absent: bool) -> None:
    """Believes a license that has no v1 signature, for there is nothing to compare."""
    value = bodies.license(license_signature=None)
    if absent:
        del value["license_signature"]

    assert len(await client_for(signer, [value]).check_bundle(**DEVICE)) == 1


# Each spells the first otherwise than the service would.
UNALIKE = [
    ("MASSE", "maße"),
    ("masse", "maße"),
    ("\u212a1", "k1"),
    ("\u00c4", "\u00e4"),
    ("\u0130", "i\u0307"),
    ("\ufb01", "fi"),
]


@pytest.mark.parametrize(("given", "asked"), [*UNALIKE, *(pair[::-1] for pair in UNALIKE)])
async def test_letters_that_only_unicode_folds(signer: Signer, given: str, asked: str) -> None:
    """Takes no feature, device, key or product for another that is the same only where Unicode folds case."""
    with pytest.raises(AnswerMismatch):
        await client_for(signer, bodies.feature(code=given)).check_license_feature(**changed(FEATURE, "feature", asked))
    for name in ("hardware_id", "license_key"):
        device, signed = changed(DEVICE, name, asked), changed(DEVICE, name, given)
        text = f"{signed['hardware_id']}#{signed['license_key']}#"
        value = a_license(signer, ascii_lower(text))
        with pytest.raises(AnswerMismatch):
            await client_for(signer, [value]).check_bundle(**device)
    with pytest.raises(AnswerMismatch):
        await client_for(signer, bodies.bundle(given)).check_bundle(**changed(DEVICE, "product", asked))


async def test_letters_of_any_language(signer: Signer) -> None:
    """Believes what the service signs for ids and keys beyond ASCII: only A to Z are in lower case."""
    client = client_for(signer, [a_license(signer, "gerÄt-ß#schlÜssel-1#")])

    assert len(await client.check_bundle(product="app", hardware_id="GerÄt-ß", license_key="SchlÜssel-1")) == 1


@pytest.mark.parametrize("key", ["KEY|A", "KEY|", "|KEY"])
async def test_a_key_has_no_suffix(signer: Signer, key: str) -> None:
    """Compares a key to its end: a bar in it is a part of the key, other than in a username."""
    asked = changed(DEVICE, "license_key", key)

    assert len(await client_for(signer, [a_license(signer, f"device-0003#{key.lower()}#")]).check_bundle(**asked)) == 1
    for other in ("KEY|B", "KEY", ""):
        with pytest.raises(AnswerMismatch):
            await client_for(signer, [a_license(signer, f"device-0003#{other.lower()}#")]).check_bundle(**asked)


@pytest.mark.parametrize(
    ("device", "key"), [("a", "b#c"), ("a#b", "c"), ("a#", "#c"), ("#", "c"), ("a", "b#2031-06-18t00:00:00.000z")]
)
@pytest.mark.parametrize("by", ["license_key", "username"])
async def test_a_text_that_reads_in_two_ways(signer: Signer, device: str, key: str, by: str) -> None:
    """Believes a license of a device or key with a # only if it names one of the two, as the signed text cannot."""
    asked: dict[str, Any] = {"product": "APP", "hardware_id": device, by: key}
    silent = a_license(signer, f"{device}#{key}#") | {"license_key": None}

    with pytest.raises(AnswerMismatch, match="told apart") as caught:
        await client_for(signer, [silent]).check_bundle(**asked)

    assert f"{device}#" not in str(caught.value)
    for named in ({by: key.upper()}, {"hardware_id": device.upper()}):
        assert len(await client_for(signer, [silent | named]).check_bundle(**asked)) == 1
    for other in ({by: f"{key}#"}, {"hardware_id": f"{device}#b"}):
        with pytest.raises(AnswerMismatch):
            await client_for(signer, [silent | other]).check_bundle(**asked)


async def test_a_license_that_names_another_device(signer: Signer) -> None:
    """Refuses a license whose own hardware_id is another, however it is signed."""
    value = a_license(signer, "device-0003#license-key-0004#") | {"hardware_id": "device-0004"}

    with pytest.raises(AnswerMismatch, match="another device"):
        await client_for(signer, [value]).check_bundle(**DEVICE)


async def test_another_bundle(signer: Signer) -> None:
    """Refuses a bundle none of whose licenses is of the product that was asked for, signed for this device or not."""
    other = a_license(signer, "device-0003#license-key-0004#") | {"product_details": bodies.product("OTHER")}

    with pytest.raises(AnswerMismatch, match="product 'APP'"):
        await client_for(signer, [other]).check_bundle(**DEVICE)
    with pytest.raises(AnswerMismatch):
        await a_client(answer(body=[other])).check_bundle(**DEVICE)
    assert len(await client_for(signer, []).check_bundle(**DEVICE)) == 0


async def test_another_bundle_license(signer: Signer) -> None:
    """Refuses a bundle without the license that license_id says, and takes the right one."""
    value = a_license(signer, "device-0003#license-key-0004#") | {"id": 17}

    with pytest.raises(AnswerMismatch, match="license_id"):
        await client_for(signer, [value]).check_bundle(**DEVICE, license_id=18)
    assert (await client_for(signer, [value]).check_bundle(**DEVICE, license_id=17))[0].id == 17
