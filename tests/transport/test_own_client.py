"""A caller's own httpx client: what its hooks, mocks and transports do is no surprise."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable

import anyio
import httpx
import pytest
import respx

from licensespring_async import (
    CertificateRefused,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    FloatingNotAvailable,
    LicenseSpring,
    ResponseError,
    RetryPolicy,
    TransportError,
)
from licensespring_async.transport import HttpRequest, HttpxEngine

from ..fakes import KEY
from ..unit import bodies
from ..unit.fakes import DEVICE, FEATURE
from ..unit.keys import Signer
from .loopback import answering, ok, serving

pytestmark = pytest.mark.anyio

SIGNER = Signer()
BODY = bodies.encoded(bodies.feature(code="render"))
SIGNED = f"LicenseSignature: {SIGNER.sign(BODY)}"
SECRET = "license-key-0004"
REQUEST = HttpRequest("GET", f"http://127.0.0.1:9/x?license_key={SECRET}", {})


def over(http: httpx.AsyncClient, base_url: str = "http://127.0.0.1:9") -> LicenseSpring:
    """A client that sends through a caller's own."""
    return LicenseSpring(
        auth=KEY,
        base_url=base_url,
        public_key=SIGNER.public_key,
        engine=HttpxEngine(client=http),
        retry=RetryPolicy(max_attempts=1),
    )


async def reads(response: httpx.Response) -> None:
    await response.aread()


def fails_with(error: Exception) -> httpx.AsyncClient:
    """A client whose transport raises."""

    async def handle(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.AsyncClient(transport=httpx.MockTransport(handle))


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_a_hook_may_read_the_answer(coding: str) -> None:
    """Believes a signed answer that a hook of the caller's has read before."""
    raw = ok(gzip.compress(BODY), SIGNED, "Content-Encoding: gzip") if coding == "gzip" else ok(BODY, SIGNED)
    hooks = {"response": [reads]}
    async with serving(answering(raw)) as server, httpx.AsyncClient(event_hooks=hooks, trust_env=False) as http:
        feature = await over(http, server.origin).check_license_feature(**FEATURE)

    assert feature.code == "render"


async def test_a_mocked_answer_is_read() -> None:
    """Reads the answers of httpx's own mock, errors and successes."""
    answers = [
        httpx.Response(400, json=bodies.error("floating_not_available")),
        httpx.Response(200, content=BODY, headers=dict([SIGNED.split(": ")])),
    ]
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answers.pop(0))) as http:
        client = over(http)
        with pytest.raises(FloatingNotAvailable):
            await client.check_bundle(**DEVICE)

        assert (await client.check_license_feature(**FEATURE)).code == "render"


async def test_respx_may_mock_httpx_itself() -> None:
    """Reads the answers that respx gives in the place of httpx's transport."""
    async with httpx.AsyncClient() as http:
        with respx.mock(using="httpx") as router:
            router.get(url__startswith="http://127.0.0.1:9").respond(400, json=bodies.error("floating_not_available"))
            with pytest.raises(FloatingNotAvailable):
                await over(http).check_bundle(**DEVICE)


async def test_an_answer_that_was_read_before_is_bounded_too() -> None:
    """Refuses a body over the limit, whoever has read it."""
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * 9))
    ) as http:
        with pytest.raises(ResponseError, match="8 bytes"):
            await HttpxEngine(client=http, max_body=8).send(REQUEST, 5)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(5, f"cannot send {REQUEST.url}"), ConnectionLost),
        (ConnectionRefusedError(111, REQUEST.url), ConnectionFailed),
        (ssl.SSLError(1, REQUEST.url), ConnectionLost),
        (ssl.SSLCertVerificationError(1, REQUEST.url), CertificateRefused),
        (TimeoutError(REQUEST.url), ConnectionLost),
        (anyio.BrokenResourceError(REQUEST.url), ConnectionLost),
        (anyio.ClosedResourceError(REQUEST.url), ConnectionLost),
        (anyio.EndOfStream(REQUEST.url), ConnectionLost),
        (httpx.StreamError(REQUEST.url), ConnectionLost),
        (httpx.StreamConsumed(), ConnectionLost),
        (httpx.CookieConflict(REQUEST.url), ConnectionLost),
        (httpx.ConnectError(REQUEST.url), ConnectionFailed),
        (httpx.ReadError(REQUEST.url), ConnectionLost),
        (httpx.InvalidURL(REQUEST.url), ConnectionLost),
        (ValueError(f"bad URL {REQUEST.url}"), ConnectionLost),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_what_a_transport_raises_is_ours(error: Exception, kind: type[TransportError]) -> None:
    """Raises a TransportError for whatever a caller's transport fails with, and shows nothing of its text."""
    async with fails_with(error) as http:
        with pytest.raises(kind) as caught:
            await HttpxEngine(client=http).send(REQUEST, 5)

    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)
    assert type(error).__name__ in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


async def test_a_closed_client_is_a_mistake() -> None:
    """Refuses a caller's client that is closed, when the engine is made as when it sends."""
    http = httpx.AsyncClient()
    client = over(http)
    await http.aclose()

    with pytest.raises(ConfigurationError, match="is closed"):
        await client.check_bundle(**DEVICE)
    with pytest.raises(ConfigurationError, match="is closed"):
        HttpxEngine(client=http)


async def test_params_of_the_client_are_refused() -> None:
    """Refuses a caller's client with params, which httpx would send in the place of ours, also if they come later."""
    async with httpx.AsyncClient() as http:
        client = over(http)
        http.params = httpx.QueryParams(trace="1")

        with pytest.raises(ConfigurationError, match="has params"):
            await client.check_bundle(**DEVICE)
        with pytest.raises(ConfigurationError, match="make it without"):
            HttpxEngine(client=http)


@pytest.mark.parametrize("make", [lambda: HttpxEngine(max_body=-1), lambda: HttpxEngine(max_body="x")])  # type: ignore[arg-type]
def test_a_limit_is_a_number_of_bytes(make: Callable[[], HttpxEngine]) -> None:
    """Refuses a limit that is none."""
    with pytest.raises(ConfigurationError, match=r"^max_body: "):
        make()


@pytest.mark.parametrize("proxy", [5, b"http://127.0.0.1:9", ["http://127.0.0.1:9"]])
def test_a_proxy_is_a_url(proxy: str) -> None:
    """Refuses a proxy that is no text."""
    with pytest.raises(ConfigurationError, match=r"^proxy: "):
        HttpxEngine(proxy=proxy)
