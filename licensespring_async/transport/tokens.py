"""Access tokens: fetched once for all calls, and again before they expire."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import anyio
import attrs

from ..auth import ClientCredentials, is_loopback, require_secure
from ..errors import (
    ApiError,
    ConfigurationError,
    DeadlineExceeded,
    LicenseRefused,
    LicenseSpringError,
    RateLimited,
    ResponseError,
)
from ..models.converter import structure
from ..models.json_body import decode
from .authorizer import Sign
from .clock import Clock
from .failures import failure
from .loops import InLoop
from .policies.deadline import Deadline
from .policies.windows import seconds_asked
from .values import HttpRequest, HttpResponse

_TOKEN_CODES = frozenset({"oauth_token_expired", "oauth_token_malformed"})
_LONGEST_TOKEN = 16 * 1024  # bytes; no server accepts a longer header
_LONGEST_URL = 2048
_EARLY = 30.0  # seconds before its end at which a token is replaced, so that it does not expire in flight

Send: TypeAlias = Callable[[HttpRequest, float], Awaitable[HttpResponse]]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _TokenAnswer:
    access_token: str = attrs.field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105
    extra: dict[str, object] = attrs.field(factory=dict[str, object], repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _TokenUrl:
    url: str
    extra: dict[str, object] = attrs.field(factory=dict[str, object], repr=False)


class TokenAuthorizer:
    """Fetches a bearer token once for all callers, and again before it expires.

    Callers that arrive during a fetch wait for it. If it fails, they fail too, without another fetch. If its caller is
    cancelled or runs out of time, the next in line fetches.

    Source: RFC 6749, 4.4; https://docs.licensespring.com/license-api/license-api-authorization/oauth-authorization
    """

    def __init__(self, credentials: ClientCredentials, base_url: str, send: Send, clock: Clock) -> None:
        self._credentials = credentials
        self._base_url = base_url
        self._token_url = credentials.token_url
        self._send = send
        self._clock = clock
        self._fetching = InLoop(lambda: anyio.Lock(fast_acquire=True))
        self._headers: Mapping[str, str] | None = None
        self._good_until = 0.0
        self._failures = 0
        self._not_before = -math.inf
        self._failure: LicenseSpringError | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._credentials.client_secret, self._credentials.client_id)

    async def ready(self, deadline: Deadline) -> Sign:
        headers = self._fresh() or await self._wait_for_token(deadline)
        return lambda _: headers

    async def _wait_for_token(self, deadline: Deadline) -> Mapping[str, str]:
        failures_before = self._failures
        with deadline.limit("waiting for an access token"):
            async with self._fetching.get():
                headers = self._fresh()
                if headers is not None:
                    return headers
                # A failure counts for every caller that waited for it, and a 429 until its Retry-After has passed.
                is_shared = self._failures > failures_before or self._clock.monotonic() < self._not_before
                if self._failure is not None and is_shared:
                    raise _again(self._failure)
                return await self._fetch(deadline)
        raise AssertionError("unreachable")  # pragma: no cover

    def tpm_message(self, date: str, headers: Mapping[str, str]) -> str:
        return date + headers["Authorization"].removeprefix("Bearer ")

    def may_recover(self, error: ApiError, headers: Mapping[str, str]) -> bool:
        if error.code not in _TOKEN_CODES:
            return False
        if self._headers is headers:  # else another caller has already replaced them
            self._headers = None
        return True

    def _fresh(self) -> Mapping[str, str] | None:
        return self._headers if self._clock.monotonic() < self._good_until else None

    async def _fetch(self, deadline: Deadline) -> Mapping[str, str]:
        try:
            if self._token_url is None:
                self._token_url = await self._discover(deadline)
            asked = self._clock.monotonic()
            token = structure(await self._ask_token(self._token_url, deadline), _TokenAnswer, called="token answer")
            if token.token_type.lower() != "bearer" or not _is_token(token.access_token) or token.expires_in <= 0:
                raise ResponseError("the token endpoint gave no usable bearer token")
        except DeadlineExceeded:
            raise  # this caller ran out of time; others may not have
        except LicenseSpringError as e:
            e.add_note(f"while fetching an access token for {self._credentials!r}")
            self._failures += 1
            self._failure = _again(e)
            if isinstance(e, RateLimited):
                self._not_before = self._clock.monotonic() + seconds_asked(e)
            raise
        self._good_until = asked + token.expires_in - min(_EARLY, token.expires_in * 0.1)
        self._headers = {"Authorization": f"Bearer {token.access_token}"}
        return self._headers

    async def _ask_token(self, url: str, deadline: Deadline) -> object:
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if not urlsplit(url).path:
            url += "/"
        request = HttpRequest("POST", url, headers, self._credentials.token_request_body())
        return await self._ask(request, deadline)

    async def _discover(self, deadline: Deadline) -> str:
        url = f"{self._base_url}/api/v4/oauth_url?login_type=client_credentials"
        request = HttpRequest("GET", url, {"Accept": "application/json"})
        answer = structure(await self._ask(request, deadline), _TokenUrl, called="token endpoint's address")
        if len(answer.url) > _LONGEST_URL:
            raise ResponseError("the service names a token endpoint whose URL is too long")
        try:
            require_secure("token_url", answer.url)
        except ConfigurationError as e:
            raise ResponseError(f"the service names a token endpoint that cannot be trusted: {e}") from e
        host = urlsplit(answer.url).hostname or ""
        if is_loopback(host) and not is_loopback(urlsplit(self._base_url).hostname or ""):
            raise ResponseError("the service names a token endpoint on this machine; pass token_url")
        return answer.url

    async def _ask(self, request: HttpRequest, deadline: Deadline) -> object:
        response = await self._send(request, deadline.left)
        error = failure(response, self.secrets, self._clock.time())
        if isinstance(error, LicenseRefused):
            # The token endpoint does not check licenses, so this must not read as a refusal.
            raise ApiError(error.status, error.code, error.message)
        if error is not None:
            raise error
        return decode(response.body)


def _again(error: LicenseSpringError) -> LicenseSpringError:
    # One exception object must not be raised by several tasks: each would add to its traceback.
    copy = type(error)(*error.args)
    copy.__dict__.update(error.__dict__)
    copy.__dict__["__notes__"] = list(getattr(error, "__notes__", ()))
    return copy


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and 0 < len(text) <= _LONGEST_TOKEN
