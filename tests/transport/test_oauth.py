"""OAuth client credentials, on a virtual clock."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import anyio
import pytest

from licensespring_async import (
    ApiError,
    ClientCredentials,
    ConnectionFailed,
    InvalidClient,
    LicenseSpring,
    LicenseSpringError,
    OauthTokenExpired,
    RateLimited,
    ResponseError,
)
from licensespring_async.transport import HttpRequest, HttpResponse

from ..fakes import CHECK, ScriptedEngine, answer, client, refusal
from . import virtual

pytestmark = pytest.mark.parametrize("backend", virtual.BACKENDS)

TOKEN_URL = "https://auth.licensespring.com/token"


class Service(ScriptedEngine):
    """Gives tokens `t1`, `t2`, ... and accepts only those in `good`."""

    def __init__(self, **options: Any) -> None:
        super().__init__([answer()], **options)
        self.answers = [self.respond]
        self.issued = 0
        self.good: set[str] = set()
        self.expires_in = 480
        self.token_answer: HttpResponse | Exception | None = None
        self.accepts_new = True

    def respond(self, request: HttpRequest) -> HttpResponse:
        if "/oauth_url" in request.url:
            return answer(body={"url": TOKEN_URL, "login_type": "client_credentials"})
        if request.url == TOKEN_URL:
            return self.give_token()
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return answer() if token in self.good else refusal("oauth_token_expired")

    def give_token(self) -> HttpResponse:
        if isinstance(self.token_answer, Exception):
            raise self.token_answer
        if self.token_answer is not None:
            return self.token_answer
        self.issued += 1
        if self.accepts_new:
            self.good.add(f"t{self.issued}")
        return answer(body={"access_token": f"t{self.issued}", "expires_in": self.expires_in, "token_type": "Bearer"})

    def paths(self) -> list[str]:
        return [request.url.split("?")[0].rsplit("/", 1)[1] for request in self.requests]


def of(service: Service, **options: Any) -> LicenseSpring:
    auth = ClientCredentials(
        client_id="the-client", client_secret="the-secret", token_url=options.pop("token_url", None)
    )
    return client(service, virtual.clock(), auth=auth, **options)


def test_discovers_the_endpoint_and_sends_the_token(backend: str) -> None:
    """Asks the License API for the token endpoint, gets a token there, and checks with it."""
    service = Service()

    async def main() -> None:
        await of(service).check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert service.paths() == ["oauth_url", "token", "check_license_feature"]
    discovery, token, check = service.requests
    assert discovery.url == "https://api.licensespring.com/api/v4/oauth_url?login_type=client_credentials"
    assert "Authorization" not in discovery.headers
    assert token.method == "POST"
    assert parse_qs((token.body or b"").decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["the-client"],
        "client_secret": ["the-secret"],
    }
    assert check.headers["Authorization"] == "Bearer t1"
    assert "Date" in check.headers


def test_a_given_token_url_needs_no_discovery(backend: str) -> None:
    """Uses token_url when it is given."""
    service = Service()

    async def main() -> None:
        await of(service, token_url=TOKEN_URL).check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert service.paths() == ["token", "check_license_feature"]


def test_one_fetch_for_many_callers(backend: str) -> None:
    """Fetches one token for a hundred concurrent callers."""
    service = Service(seconds=1)

    async def main() -> None:
        its_client = of(service)
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))

    virtual.run(backend, main)
    assert service.paths().count("token") == 1
    assert service.paths().count("oauth_url") == 1
    assert service.paths().count("check_license_feature") == 100


def test_refreshes_before_expiry(backend: str) -> None:
    """Keeps a token while it is good, and replaces it half a minute before it ends."""
    service = Service()

    async def main() -> list[int]:
        its_client = of(service)
        fetched: list[int] = []
        for wait in (0, 440, 20, 0):
            await anyio.sleep(wait)
            await its_client.check_license_feature(**CHECK)
            fetched.append(service.issued)
        return fetched

    assert virtual.run(backend, main) == [1, 1, 2, 2]


@pytest.mark.parametrize("code", ["oauth_token_expired", "oauth_token_malformed"])
def test_refreshes_and_retries_once_when_refused(backend: str, code: str) -> None:
    """Fetches another token and repeats the call at once when the service refuses the one it has."""
    service = Service()

    async def main() -> float:
        its_client = of(service)
        await its_client.check_license_feature(**CHECK)
        service.good.clear()
        start = anyio.current_time()
        await its_client.check_license_feature(**CHECK)
        return anyio.current_time() - start

    assert virtual.run(backend, main) == 0
    assert service.paths()[-3:] == ["check_license_feature", "token", "check_license_feature"]


def test_retries_exactly_once(backend: str) -> None:
    """Gives up with the service's error when a fresh token is refused as well."""
    service = Service()
    service.accepts_new = False

    async def main() -> LicenseSpringError:
        with pytest.raises(OauthTokenExpired) as caught:
            await of(service).check_license_feature(**CHECK)
        return caught.value

    error = virtual.run(backend, main)
    assert service.paths() == ["oauth_url", "token", "check_license_feature", "token", "check_license_feature"]
    assert error.attempts == 2


def test_concurrent_refusals_cost_one_refresh(backend: str) -> None:
    """Fetches one new token when fifty calls in flight are refused together."""
    service = Service()

    async def main() -> None:
        its_client = of(service)
        await its_client.check_license_feature(**CHECK)
        service.good.clear()
        service.seconds = 1
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(lambda: its_client.check_license_feature(**CHECK))

    virtual.run(backend, main)
    assert service.issued == 2


def test_keycloak_errors_are_typed(backend: str) -> None:
    """Turns the token endpoint's own error shape into a typed error that names no secret."""
    service = Service()
    service.token_answer = answer(401, {"error": "invalid_client", "error_description": "Invalid client the-secret"})

    async def main() -> LicenseSpringError:
        with pytest.raises(InvalidClient) as caught:
            await of(service).check_license_feature(**CHECK)
        return caught.value

    error = virtual.run(backend, main)
    assert isinstance(error, InvalidClient)
    assert (error.status, error.code) == (401, "invalid_client")
    assert "the-secret" not in str(error)
    assert service.paths() == ["oauth_url", "token"]


def test_a_failed_fetch_fails_its_waiters(backend: str) -> None:
    """Asks once, not once for each caller, when the token endpoint refuses."""
    service = Service(seconds=1)
    service.token_answer = answer(401, {"error": "invalid_client", "error_description": "no"})
    errors: list[LicenseSpringError] = []

    async def main() -> None:
        its_client = of(service)

        async def ask() -> None:
            try:
                await its_client.check_license_feature(**CHECK)
            except LicenseSpringError as e:
                errors.append(e)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)

    virtual.run(backend, main)
    assert service.paths().count("token") == 1
    assert len(errors) == 20
    assert len({id(error) for error in errors}) == 20
    assert all(isinstance(error, InvalidClient) for error in errors)


def test_a_throttled_token_endpoint_is_left_alone(backend: str) -> None:
    """Asks a token endpoint that answered 429 no more until its Retry-After has passed."""
    service = Service()
    service.token_answer = answer(429, "", retry_after="30")

    async def main() -> list[float | None]:
        its_client = of(service, token_url=TOKEN_URL)
        waits: list[float | None] = []
        for _ in range(5):
            with pytest.raises(RateLimited) as caught:
                await its_client.check_license_feature(**CHECK)
            waits.append(caught.value.retry_after)
        service.token_answer = None
        await anyio.sleep(31)
        await its_client.check_license_feature(**CHECK)
        return waits

    assert virtual.run(backend, main) == [30] * 5
    assert service.paths() == ["token", "token", "check_license_feature"]


def test_notes_are_each_errors_own(backend: str) -> None:
    """Says where it failed once on each of the errors that one failed fetch gives to many callers."""
    service = Service(seconds=1)
    service.token_answer = answer(401, {"error": "invalid_client", "error_description": "no"})
    notes: list[list[str]] = []

    async def main() -> None:
        its_client = of(service, token_url=TOKEN_URL)

        async def ask() -> None:
            with pytest.raises(InvalidClient) as caught:
                await its_client.check_license_feature(**CHECK)
            notes.append(caught.value.__notes__)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)

    virtual.run(backend, main)
    assert [len(each) for each in notes] == [1] * 5
    assert "access token" in notes[0][0]


def test_a_cancelled_fetch_is_taken_over(backend: str) -> None:
    """Lets the next waiter fetch the token when the first one is cancelled."""
    service = Service(seconds=5)

    async def main() -> None:
        its_client = of(service, token_url=TOKEN_URL, timeout=60)
        async with anyio.create_task_group() as group:

            async def impatient() -> None:
                with anyio.move_on_after(1):
                    await its_client.check_license_feature(**CHECK)

            group.start_soon(impatient)
            await anyio.wait_all_tasks_blocked()
            await its_client.check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert service.paths() == ["token", "token", "check_license_feature"]


def test_a_token_endpoint_that_is_down_is_retried(backend: str) -> None:
    """Retries the fetch as it would a check, and reports it when it stays down."""
    service = Service()
    service.token_answer = ConnectionFailed("down")

    async def main() -> LicenseSpringError:
        with pytest.raises(ConnectionFailed) as caught:
            await of(service, token_url=TOKEN_URL).check_license_feature(**CHECK)
        return caught.value

    virtual.run(backend, main)
    assert service.paths() == ["token"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "t", "expires_in": "480"},
        {"expires_in": 480},
        {"access_token": "a b", "expires_in": 480},
        {"access_token": "", "expires_in": 480},
        {"access_token": "t", "expires_in": 480, "token_type": "MAC"},
        {"access_token": "t", "expires_in": -5},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": 480.5},
        {"access_token": "t", "expires_in": True},
        {"access_token": "t", "expires_in": 10**50},
        {"access_token": "t", "expires_in": float("nan")},
        {"access_token": "t", "expires_in": float("inf")},
        {"access_token": "t\r\nX-Injected: 1", "expires_in": 480},
        {"access_token": "t\0", "expires_in": 480},
        {"access_token": "t\x7f", "expires_in": 480},
        {"access_token": "tö", "expires_in": 480},
        {"access_token": "t" * 20_000, "expires_in": 480},
        {"access_token": ["t"], "expires_in": 480},
        [{"access_token": "t", "expires_in": 480}],
        "not json",
        "t" * 500_000,
    ],
)
def test_a_misshapen_token_answer_is_an_error(backend: str, body: object) -> None:
    """Refuses a token answer that is not what RFC 6749 describes, by no name of a class that nobody knows."""
    service = Service()
    service.token_answer = answer(body=body)

    async def main() -> None:
        with pytest.raises(ResponseError) as caught:
            await of(service).check_license_feature(**CHECK)
        assert "_Token" not in str(caught.value)

    virtual.run(backend, main)


def test_a_name_twice_in_a_token_answer_is_an_error(backend: str) -> None:
    """Takes no token of which there are two."""
    service = Service()
    service.token_answer = HttpResponse(200, {}, b'{"access_token":"a","access_token":"b","expires_in":480}')

    async def main() -> None:
        with pytest.raises(ResponseError, match="twice"):
            await of(service).check_license_feature(**CHECK)

    virtual.run(backend, main)


def test_a_token_may_be_good_for_centuries(backend: str) -> None:
    """Keeps a token that never seems to end."""
    service = Service()
    service.expires_in = 10**30

    async def main() -> None:
        for _ in range(2):
            await (one := of(service)).check_license_feature(**CHECK)
            await one.check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert service.paths().count("token") == 2


@pytest.mark.parametrize("code", ["license_not_found", "device_not_found", "floating_not_available"])
@pytest.mark.parametrize("where", ["token", "oauth_url"])
def test_a_token_endpoint_refuses_no_license(backend: str, where: str, code: str) -> None:
    """Takes a license's refusal from the License API alone: a token endpoint has looked at no license."""
    service = Service()
    if where == "token":
        service.token_answer = refusal(code)
    else:
        service.answers = [refusal(code)]

    async def main() -> LicenseSpringError:
        with pytest.raises(LicenseSpringError) as caught:
            await of(service).check_license_feature(**CHECK)
        return caught.value

    error = virtual.run(backend, main)
    assert type(error) is ApiError
    assert error.code == code


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.licensespring.com/token",
        "https://127.0.0.1/token",
        "https://[::1]/token",
        "https://localhost/token",
        "https://user:pass@auth.licensespring.com/token",
        "https://auth.licensespring.com/token#x",
        "https://auth.licensespring.com/to ken",
        "https://auth.licensespring.com/token\r\nX: 1",
        "https://auth.licensespring.com\\@example.org/token",
        "//auth.licensespring.com/token",
        "ftp://auth.licensespring.com/token",
        "https://" + "a" * 300 + "/token",
        "https://auth.licensespring.com/" + "a" * 5_000,
        "javascript:1",
        "",
    ],
)
def test_a_discovered_endpoint_must_be_safe(backend: str, url: str) -> None:
    """Sends the secret nowhere when the discovered token endpoint is not https, or is on this machine."""
    service = Service()
    service.answers = [answer(body={"url": url, "login_type": "client_credentials"})]

    async def main() -> None:
        with pytest.raises(ResponseError, match="token endpoint"):
            await of(service).check_license_feature(**CHECK)

    virtual.run(backend, main)
    assert service.paths() == ["oauth_url"]


def test_an_api_error_of_discovery_is_reported(backend: str) -> None:
    """Reports an error that the service answers to the discovery."""
    service = Service()
    service.answers = [refusal("oauth_not_enabled", 403)]

    async def main() -> LicenseSpringError:
        with pytest.raises(ApiError) as caught:
            await of(service).check_license_feature(**CHECK)
        return caught.value

    error = virtual.run(backend, main)
    assert isinstance(error, ApiError)
    assert error.code == "oauth_not_enabled"
