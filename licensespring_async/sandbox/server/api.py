"""The License API as an ASGI application: routes, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final, TypeAlias

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as Path

from ..._version import __version__
from ...signing import Signer
from ..service import (
    activation,
    checks,
    consumption,
    floating,
    offline,
    products,
    sso,
    trials,
    users,
    variables,
    versions,
)
from ..service.asked.call import Call, Route
from ..service.asked.sign_on import SignOn
from ..tenants.authorization import Authorizer, credential_of
from ..tenants.tokens import TOKEN_PATH, TokenError
from ..wire.jsontext import Json, JsonObject, encode
from ..wire.moments import iso
from ..wire.parameters import read_query, required
from ..wire.refusals import ServiceError, error_body
from ..wire.tpm import HEADER, Proof
from .files import FILE_PATH, served_file
from .login import LOGIN_PATH, SIGNED_ON_PATH, login_page, signed_on

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
_TOKEN_FORM: Final = ("grant_type", "client_id", "client_secret", "scope")
_CODES: Final = {404: "not_found", 405: "method_not_allowed"}
_ROUTES: Final = (
    *activation.ROUTES,
    *checks.ROUTES,
    *consumption.ROUTES,
    *floating.ROUTES,
    *offline.ROUTES,
    *products.ROUTES,
    *sso.ROUTES,
    *trials.ROUTES,
    *users.ROUTES,
    *variables.ROUTES,
    *versions.ROUTES,
)


@attrs.frozen(kw_only=True)
class Api:
    """The endpoints, with their authorizer, signer and clock."""

    authorizer: Authorizer
    signer: Signer
    clock: Callable[[], float]
    sign_on: SignOn = attrs.field(factory=SignOn)

    def application(self) -> Starlette:
        """Build the application."""
        application = Starlette(
            routes=[
                *(each for route in _ROUTES for each in _routes(route.method, route.path, self._endpoint(route))),
                *_routes("GET", "oauth_url", self._oauth_url),
                *_routes("GET", ".well-known", self._metadata),
                Path(FILE_PATH, served_file(self.authorizer.tenants)),
                Path(LOGIN_PATH, login_page(self.authorizer.tenants, self.sign_on, self._now)),
                Path(SIGNED_ON_PATH, signed_on),
                Path(TOKEN_PATH, self._token, methods=["POST"]),
            ],
            exception_handlers={
                ServiceError: self._refuse,
                HTTPException: self._refuse,
                TokenError: self._refuse_token,
                ClientDisconnect: self._refuse,
                Exception: self._refuse,
            },
        )
        application.router.redirect_slashes = False
        return application

    def _endpoint(self, route: Route) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            now = self._now()
            tenant = self.authorizer.authorize(request.headers, now)
            kind = request.headers.get("content-type", "")
            values = route.values(request.scope["query_string"], await request.body(), kind)
            call = Call(
                world=tenant.world,
                values=values,
                now=now,
                sign=self.signer.sign_text,
                keys={tenant.api_key: tenant.shared_key, tenant.client_id: tenant.client_secret},
                sign_on=self.sign_on,
                proof=_proof(request),
                origin=_origin(request),
            )
            with tenant.world.home.store.transaction():
                content = route.act(call)
            if content is None or isinstance(content, str):  # no client verifies these; the service may not sign them
                return _answer(200, b"" if content is None else encode(content), now)
            return self._signed(content, now)

        return endpoint

    async def _oauth_url(self, request: Request) -> Response:
        values = read_query(request.scope["query_string"], ("login_type",))
        login_type = required(values, "login_type")
        if login_type != "client_credentials":
            raise ServiceError("validation_error", "login_type must be client_credentials.")
        url = _origin(request) + TOKEN_PATH
        return self._signed({"url": url, "login_type": login_type}, self._now())

    async def _metadata(self, request: Request) -> Response:
        now = self._now()
        names = [("GET", ".well-known"), ("GET", "oauth_url"), *((route.method, route.path) for route in _ROUTES)]
        content: JsonObject = {
            "api_base_url": f"{_origin(request)}/api",
            "supported_api_versions": ["v4"],
            "default_api_version": "v4",
            "version": __version__,
            "environment": "sandbox",
            "timestamp": iso(now),
            "pub_key": self.signer.public_key,
            "endpoints": [{"method": method, "url": f"/api/v4/{name}/"} for method, name in names],
        }
        return self._signed(content, now)

    async def _token(self, request: Request) -> Response:
        try:
            form = read_query(await request.body(), _TOKEN_FORM)
        except ServiceError as error:
            raise TokenError(400, "invalid_request", error.message) from error
        now, authorization = self._now(), request.headers.get("authorization", "")
        return _answer(200, encode(self.authorizer.tokens.answer(form, authorization, now)), now)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def _signed(self, content: Json, now: datetime) -> Response:
        body = encode(content)
        response = _answer(200, body, now)
        response.headers["LicenseSignature"] = self.signer.sign(body)
        return response

    async def _refuse(self, _: Request, error: Exception) -> Response:
        refusal = _refusal(error)
        body = error_body(refusal.status, refusal.code, refusal.message)
        response = _answer(refusal.status, body, self._now())
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    async def _refuse_token(self, _: Request, error: Exception) -> Response:
        refusal = error if isinstance(error, TokenError) else TokenError(500, "server_error", "")
        envelope = {"error": refusal.error, "error_description": refusal.description}
        response = _answer(refusal.status, encode(envelope), self._now())
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="user-portal"'
        return response


def _origin(request: Request) -> str:
    """Return the address that the client used; behind a port mapping it is not the bound one."""
    return str(request.base_url).rstrip("/")


def _proof(request: Request) -> Proof | None:
    header = request.headers.get(HEADER)
    if header is None:
        return None
    return Proof(header, credential_of(request.headers))


def _refusal(error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, ClientDisconnect):  # only the journal hears of it
        return ServiceError("validation_error", "The client hung up before it had sent its whole request.")
    status = error.status_code if isinstance(error, HTTPException) else 500
    return ServiceError(_CODES.get(status, "internal_error"))


def _answer(status: int, body: bytes, now: datetime) -> Response:
    return Response(
        body,
        status_code=status,
        headers={
            "Date": format_datetime(now, usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
        },
    )


def _routes(method: str, name: str, endpoint: Endpoint) -> Sequence[Path]:
    routes = [Path(f"/api/v4/{name}", endpoint), Path(f"/api/v4/{name}/", endpoint)]
    for route in routes:
        # Starlette adds HEAD to GET, but a HEAD of a check would take a floating slot.
        route.methods = {method}
    return routes
