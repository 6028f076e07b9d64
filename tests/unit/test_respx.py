"""Users who mock httpx in their own tests mock this client too."""

from __future__ import annotations

import anyio
import httpx
import pytest
import respx

from licensespring_async import (
    ConnectionFailed,
    ConnectionLost,
    FloatingNotAvailable,
    LicenseSpring,
    RetryPolicy,
    SignatureError,
)

from ..fakes import KEY
from . import bodies
from .fakes import DEVICE, FEATURE
from .keys import Signer

pytestmark = pytest.mark.anyio

ORIGIN = "https://api.licensespring.com/api/v4"
ONCE = RetryPolicy(max_attempts=1)


def believing() -> LicenseSpring:
    """A client, as a user makes one for tests, that believes every answer."""
    with pytest.warns(UserWarning, match="verify_signatures"):
        return LicenseSpring(auth=KEY, verify_signatures=False, retry=ONCE)


async def test_a_feature_check_is_intercepted() -> None:
    """Answers a feature check with what a user's test says."""
    async with believing() as client:
        with respx.mock:
            route = respx.get(f"{ORIGIN}/check_license_feature").respond(json=bodies.feature())

            feature = await client.check_license_feature(**FEATURE)

    assert feature.code == "render"
    assert dict(route.calls.last.request.url.params) == FEATURE


async def test_a_bundle_check_is_intercepted() -> None:
    """Answers a bundle check with what a user's test says."""
    async with believing() as client:
        with respx.mock:
            route = respx.get(f"{ORIGIN}/check_bundle", params=dict(DEVICE)).respond(json=bodies.bundle("APP"))

            bundle = await client.check_bundle(**DEVICE)

    assert bundle.products == ("APP",)
    assert route.called


async def test_a_signed_answer_is_verified(signer: Signer) -> None:
    """Verifies a mocked answer that a user's test has signed."""
    body = bodies.encoded(bodies.feature())

    async with LicenseSpring(auth=KEY, public_key=signer.public_key) as client:
        with respx.mock:
            respx.get(f"{ORIGIN}/check_license_feature").respond(
                content=body, headers={"LicenseSignature": signer.sign(body)}
            )

            raw = await client.with_raw_response.check_license_feature(**FEATURE)

    assert raw.verified
    assert raw.body == body


async def test_an_unsigned_answer_is_refused(signer: Signer) -> None:
    """Refuses a mocked answer that is not signed."""
    async with LicenseSpring(auth=KEY, public_key=signer.public_key) as client:
        with respx.mock:
            respx.get(f"{ORIGIN}/check_bundle").respond(json=[])

            with pytest.raises(SignatureError):
                await client.check_bundle(**DEVICE)


async def test_a_refusal_is_raised() -> None:
    """Raises the class of the code that a user's test answers."""
    async with believing() as client:
        with respx.mock:
            respx.get(f"{ORIGIN}/check_bundle").respond(400, json=bodies.error("floating_not_available"))

            with pytest.raises(FloatingNotAvailable):
                await client.check_bundle(**DEVICE)


@pytest.mark.parametrize("effect", [httpx.ConnectError, httpx.ConnectTimeout])
async def test_no_connection(effect: type[httpx.TransportError]) -> None:
    """Raises ConnectionFailed for httpx's own errors of connecting."""
    async with believing() as client:
        with respx.mock:
            respx.get(f"{ORIGIN}/check_bundle").mock(side_effect=effect)

            with pytest.raises(ConnectionFailed) as caught:
                await client.check_bundle(**DEVICE)

    assert not caught.value.may_have_acted


@pytest.mark.parametrize("effect", [httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError])
async def test_a_lost_connection(effect: type[httpx.TransportError]) -> None:
    """Raises ConnectionLost for httpx's own errors behind connecting."""
    async with believing() as client:
        with respx.mock:
            respx.get(f"{ORIGIN}/check_bundle").mock(side_effect=effect)

            with pytest.raises(ConnectionLost) as caught:
                await client.check_bundle(**DEVICE)

    assert caught.value.may_have_acted


async def test_several_answers_in_turn() -> None:
    """Repeats an attempt against the next mocked answer."""
    with pytest.warns(UserWarning, match="verify_signatures"):
        client = LicenseSpring(auth=KEY, verify_signatures=False, random=lambda: 0.0)

    async with client:
        with respx.mock:
            route = respx.get(f"{ORIGIN}/check_bundle")
            route.side_effect = [httpx.Response(503), httpx.ConnectError, httpx.Response(200, json=[])]

            raw = await client.with_raw_response.check_bundle(**DEVICE)

    assert raw.attempts == route.call_count == 3


async def test_any_number_of_mocked_calls_is_answered() -> None:
    """Answers a burst of mocked calls again and again: a mock has no connection that others could wait for."""
    async with believing() as client:
        with respx.mock:
            route = respx.get(f"{ORIGIN}/check_license_feature").respond(json=bodies.feature())
            for _ in range(3):
                async with anyio.create_task_group() as group:
                    for _ in range(30):
                        group.start_soon(lambda: client.check_license_feature(**FEATURE))

    assert route.call_count == 90
