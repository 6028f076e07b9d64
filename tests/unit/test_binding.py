"""Answers are tied to what was asked: a recorded answer to another request does not pass."""

from __future__ import annotations

import pytest

from licensespring_async import AnswerMismatch, LicenseSpring, SignatureError

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


async def test_a_signature_that_is_no_base64(signer: Signer) -> None:
    """Refuses a license whose v1 signature is garbage."""
    with pytest.raises(AnswerMismatch):
        await client_for(signer, [bodies.license(license_signature="%%%")]).check_bundle(**DEVICE)
