"""A call from its arguments to its model, over an engine without a network."""

from __future__ import annotations

import pytest

from licensespring_async import (
    ApiError,
    ApiKey,
    Bundle,
    ConnectionFailed,
    DeviceNotFound,
    LicenseFeature,
    LicenseSpring,
    LicenseSpringError,
    RawResponse,
    ResponseError,
    SignatureError,
)
from licensespring_async.auth import imf_fixdate
from licensespring_async.transport import HttpResponse

from ..fakes import KEY, Script, ScriptedEngine, answer, client, http_date, refusal
from . import bodies
from .fakes import DEVICE, FEATURE, VirtualTime, a_client
from .keys import Signer

pytestmark = pytest.mark.anyio


def signed(signer: Signer, body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(status, signer.headers(body), body)


def trusting(signer: Signer, *answers: Script) -> LicenseSpring:
    """A client that believes only the signer."""
    engine = ScriptedEngine(list(answers))
    return client(engine, VirtualTime().clock, public_key=signer.public_key, verify_signatures=True)


async def failure(client: LicenseSpring) -> LicenseSpringError:
    """What a bundle check fails with."""
    with pytest.raises(LicenseSpringError) as caught:
        await client.check_bundle(**DEVICE)
    return caught.value


async def test_a_feature_check_returns_a_feature() -> None:
    """Returns the feature that the service answered."""
    feature = await a_client(answer(body=bodies.feature())).check_license_feature(**FEATURE)

    assert type(feature) is LicenseFeature
    assert feature.code == "render"


async def test_a_bundle_check_returns_a_bundle() -> None:
    """Returns the bundle that the service answered."""
    bundle = await a_client(answer(body=bodies.bundle("SUITE", "APP"))).check_bundle(**DEVICE)

    assert type(bundle) is Bundle
    assert bundle.products == ("SUITE", "APP")


async def test_what_goes_over_the_wire() -> None:
    """Sends the target of the endpoint, and headers that are signed for this very moment."""
    engine = ScriptedEngine([answer(body=bodies.feature())])
    time = VirtualTime()

    await client(engine, time.clock).check_license_feature(**FEATURE)

    (request,) = engine.requests
    date = imf_fixdate(time.now)
    assert (request.method, request.body) == ("GET", None)
    assert request.url == (
        "https://api.licensespring.com/api/v4/check_license_feature"
        "?hardware_id=device-0003&product=APP&feature=render&license_key=license-key-0004"
    )
    assert request.headers["Date"] == date
    assert request.headers["Authorization"] == KEY.authorization(date)
    assert request.headers["Accept"] == "application/json"


async def test_the_repr_of_a_request_holds_no_secret() -> None:
    """Shows neither address, headers nor body of what went over the wire."""
    engine = ScriptedEngine([answer(body=[], set_cookie="SECRET")])

    raw = await client(engine).with_raw_response.check_bundle(**DEVICE)

    shown = f"{engine.requests[0]!r} {answer(body=[], set_cookie='SECRET')!r} {raw!r}"
    secrets = ["device-0003", "license-key-0004", "api-key-0001", "shared-key-0002", "hmac", "SECRET"]
    assert [secret for secret in secrets if secret in shown] == []


async def test_a_signed_answer_is_believed(signer: Signer) -> None:
    """Believes an answer that a trusted key has signed."""
    bundle = [{**each, "license_signature": None} for each in bodies.bundle("APP")]
    client = trusting(signer, signed(signer, bodies.encoded(bundle)))

    assert (await client.check_bundle(**DEVICE)).products == ("APP",)


@pytest.mark.parametrize("headers", [{}, {"licensesignature": ""}])
async def test_an_unsigned_answer_is_not_believed(signer: Signer, headers: dict[str, str]) -> None:
    """Refuses an answer without a signature."""
    error = await failure(trusting(signer, answer(200, [], **headers)))

    assert type(error) is SignatureError


async def test_the_signature_of_another_answer_is_not_believed(signer: Signer) -> None:
    """Refuses an answer with the signature of another one."""
    body = bodies.encoded(bodies.bundle("APP"))

    error = await failure(trusting(signer, HttpResponse(200, signer.headers(b"[]"), body)))

    assert type(error) is SignatureError


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[" * 100_000, b"", bodies.encoded({"id": "wrong"})])
async def test_nothing_is_parsed_before_its_signature_holds(signer: Signer, stranger: Signer, body: bytes) -> None:
    """Refuses what is not signed as not signed, even if it could not be read either."""
    error = await failure(trusting(signer, signed(stranger, body)))

    assert type(error) is SignatureError


async def test_a_signed_answer_may_still_be_unusable(signer: Signer) -> None:
    """Refuses a signed answer that cannot be read, with its status."""
    error = await failure(trusting(signer, signed(signer, b"<html>", status=201)))

    assert isinstance(error, ResponseError)
    assert error.status == 201


async def test_a_misshapen_answer_names_its_problems() -> None:
    """Refuses an answer of another shape, with status and places."""
    error = await failure(a_client(answer(body=[{**bodies.license(), "id": "7"}])))

    assert isinstance(error, ResponseError)
    assert (error.status, error.problems) == (200, ("expected an integer, got a string @ $[0].id",))


async def test_an_error_answer_needs_no_signature(signer: Signer) -> None:
    """Reports an error of the service, which is never signed."""
    error = await failure(trusting(signer, refusal("device_not_found")))

    assert type(error) is DeviceNotFound


async def test_an_error_knows_its_call() -> None:
    """Carries endpoint, attempts and time of its call."""
    error = await failure(a_client(refusal("device_not_found")))

    assert (error.endpoint, error.attempts, error.elapsed, error.earlier) == ("check_bundle", 1, 0.0, ())


async def test_an_error_in_the_answer_knows_its_call(signer: Signer) -> None:
    """Carries endpoint and attempts also when the answer came and was no good."""
    unsigned = await failure(trusting(signer, answer(body=[])))
    unreadable = await failure(a_client(HttpResponse(200, {}, b"<html>")))

    assert (unsigned.endpoint, unsigned.attempts) == ("check_bundle", 1)
    assert (unreadable.endpoint, unreadable.attempts) == ("check_bundle", 1)


async def test_an_error_knows_what_went_before() -> None:
    """Carries the errors of the attempts before, oldest first, and the seconds that passed."""
    first = ConnectionFailed("first")
    time = VirtualTime()
    client = a_client(first, answer(503, ""), refusal("device_not_found"), time=time)

    error = await failure(client)

    assert (type(error), error.attempts) == (DeviceNotFound, 3)
    assert [repr(each) for each in error.earlier] == [repr(first), repr(ApiError(503, "", ""))]
    assert error.elapsed == pytest.approx(sum(time.naps), abs=1e-6)


async def test_an_error_that_a_retry_mends_is_gone() -> None:
    """Returns the answer of a later attempt as if it had been the first."""
    client = a_client(ConnectionFailed("first"), answer(body=bodies.bundle("APP")))

    assert len(await client.check_bundle(**DEVICE)) == 1


async def test_a_client_shows_what_is_left_of_its_retry_budget() -> None:
    """Shows the tokens that retries cost."""
    client = a_client(answer(503, ""))
    full = client.retry_budget.tokens

    await failure(client)

    assert client.retry_budget.tokens == full - 2 * 14


async def test_an_error_hides_who_was_asked_for() -> None:
    """Hides key and device that the service echoes in its error."""
    echo = bodies.error("device_not_found", "No device device-0003 on license-key-0004.")

    error = await failure(a_client(answer(400, echo)))

    shown = f"{error} {error!r}"
    assert DEVICE["hardware_id"] not in shown
    assert DEVICE["license_key"] not in shown


async def test_a_raw_answer_tells_how_it_came_about(signer: Signer) -> None:
    """Gives value, status, headers, bytes, attempts, seconds, and whether the signature was checked."""
    body = bodies.encoded(bodies.feature())
    client = trusting(signer, ConnectionFailed("first"), signed(signer, body, status=201))

    raw = await client.with_raw_response.check_license_feature(**FEATURE)

    assert type(raw) is RawResponse
    assert type(raw.value) is LicenseFeature
    assert (raw.status, raw.body, raw.attempts, raw.verified) == (201, body, 2, True)
    assert raw.headers == signer.headers(body)
    assert raw.elapsed == pytest.approx(0.05, abs=1e-6)


async def test_a_raw_answer_that_nobody_checked_says_so() -> None:
    """Is not verified when the client believes everybody."""
    raw = await a_client(answer(body=bodies.bundle("APP"))).with_raw_response.check_bundle(**DEVICE)

    assert not raw.verified
    assert raw.value.products == ("APP",)


async def test_the_clock_of_the_service_is_learnt() -> None:
    """Knows how far the service's clock is ahead after an answer."""
    time = VirtualTime()
    client = a_client(answer(body=[], date=http_date(time.now + 90)), time=time)

    await client.check_bundle(**DEVICE)

    assert client.clock_skew == 90


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"])
async def test_a_clock_at_the_end_of_the_calendar_breaks_nothing(date: str) -> None:
    """Survives a `Date` that no later `Date` can follow."""
    time = VirtualTime()
    client = a_client(refusal("device_not_found", date=date), answer(body=[]), time=time)
    with pytest.raises(DeviceNotFound):
        await client.check_bundle(**DEVICE)
    time.now += 2

    assert len(await client.check_bundle(**DEVICE)) == 0


async def test_an_answer_larger_than_any_real_one(signer: Signer) -> None:
    """Reads a signed bundle of many licenses."""
    licenses = bodies.bundle("APP", *(f"P{number}" for number in range(199)))
    body = bodies.encoded([each | {"license_signature": None} for each in licenses])

    bundle = await trusting(signer, signed(signer, body)).check_bundle(**DEVICE)

    assert bundle["P198"].id == 200


async def test_another_key_signs_otherwise() -> None:
    """Signs with the key that the client was given."""
    engine = ScriptedEngine([answer(body=[])])
    key = ApiKey(api_key="another", shared_key="pair")

    await client(engine, auth=key).check_bundle(**DEVICE)

    headers = engine.requests[0].headers
    assert headers["Authorization"] == key.authorization(headers["Date"])
