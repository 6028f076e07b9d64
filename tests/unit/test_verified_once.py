"""An answer that held is verified once; whatever else comes is verified again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from licensespring_async import AnswerMismatch, LicenseSpring, SignatureError
from licensespring_async.auth import imf_fixdate
from licensespring_async.signatures import Verifier
from licensespring_async.transport import HttpResponse

from ..fakes import KEY, ScriptedEngine
from . import bodies
from .fakes import FEATURE, DeviceFeature, VirtualTime
from .keys import Signer

BODY = bodies.encoded(bodies.feature(code="render"))


def checks(work: Callable[[], object]) -> int:
    """Count the RSA checks that something does."""
    count = 0

    def watch(_: object, event: str, function: object) -> None:
        nonlocal count
        count += event == "c_call" and getattr(function, "__name__", "") == "verify"

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def refused(verifier: Verifier, body: bytes, signature: str) -> Callable[[], None]:
    """Return what verifies something that does not hold."""

    def work() -> None:
        with suppress(SignatureError):
            verifier.verify(body, signature)
            raise AssertionError("it was believed")

    return work


def test_the_same_answer_is_verified_once(signer: Signer) -> None:
    """Believes bytes and signature that held before without another check."""
    verifier, signature = Verifier(signer.public_key), signer.sign(BODY)

    assert checks(lambda: verifier.verify(BODY, signature)) == 1
    assert checks(lambda: verifier.verify(bytes(bytearray(BODY)), signature)) == 0
    assert checks(lambda: verifier.holds(BODY, signature)) == 0


def test_what_did_not_hold_is_not_remembered(signer: Signer, stranger: Signer) -> None:
    """Checks what it has refused each time, and believes the right signature afterwards."""
    verifier = Verifier(signer.public_key)
    forged = refused(verifier, BODY, stranger.sign(BODY))

    assert [checks(forged) for _ in range(3)] == [1, 1, 1]
    assert checks(lambda: verifier.verify(BODY, signer.sign(BODY))) == 1


def test_both_have_to_be_the_same(signer: Signer) -> None:
    """Checks another body with a signature that held, and another signature of a body that held."""
    verifier, other = Verifier(signer.public_key), BODY + b" "
    verifier.verify(BODY, signer.sign(BODY))
    verifier.verify(other, signer.sign(other))

    assert checks(refused(verifier, BODY, signer.sign(other))) == 1
    assert checks(refused(verifier, other, signer.sign(BODY))) == 1


def test_each_set_of_keys_remembers_its_own(signer: Signer, stranger: Signer) -> None:
    """Believes nothing because a verifier with other keys did."""
    Verifier(signer.public_key).verify(BODY, signer.sign(BODY))

    assert checks(refused(Verifier(stranger.public_key), BODY, signer.sign(BODY))) == 1


def test_its_memory_is_bounded(signer: Signer) -> None:
    """Forgets what was not used for the longest time."""
    verifier = Verifier(signer.public_key, remembered=2)
    several = [(body, signer.sign(body)) for body in (b"1", b"2", b"3")]
    for body, signature in (several[0], several[1], several[0], several[2]):
        verifier.verify(body, signature)

    again = [checks(partial(verifier.verify, *several[number])) for number in (0, 2, 1)]

    assert again == [0, 0, 1]


@pytest.mark.anyio
async def test_age_and_binding_are_checked_again(signer: Signer) -> None:
    """Refuses an answer that held before when it is too old, or answers another question."""
    clock, engine = VirtualTime(), ScriptedEngine([])
    client = LicenseSpring(auth=KEY, engine=engine, public_key=signer.public_key, clock=clock.clock)

    async def ask(age: str, feature: str = "render") -> str:
        headers = {"date": imf_fixdate(clock.now), "age": age, **signer.headers(BODY)}
        engine.answers = [HttpResponse(200, headers, BODY)]
        asked: DeviceFeature = {**FEATURE, "feature": feature}
        return (await client.check_license_feature(**asked)).code

    assert await ask("0") == "render"
    assert await ask("0") == "render"
    with pytest.raises(AnswerMismatch):
        await ask("301")
    with pytest.raises(AnswerMismatch):
        await ask("0", feature="export")
