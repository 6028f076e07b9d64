"""The sandbox as an ASGI application: routes, and the headers that every answer carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .activation import activate_bundle, activate_license, deactivate, release_floating_license
from .authorization import Gate
from .jsontext import Json, JsonObject, encode
from .parameters import Values, read_body, read_query, required
from .refusals import ServiceError
from .service import check_bundle, check_license, check_license_feature, release_floating_feature
from .signing import Signer
from .tokens import TOKEN_PATH, TokenError
from .world import World

_CODES: Final = {404: "not_found", 405: "method_not_allowed"}


@attrs.frozen(kw_only=True)
class Api:
    """Join the world, the gate, the signer and the clock into the endpoints."""

    world: World
    gate: Gate
    signer: Signer
    clock: Callable[[], float]

    def application(self, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]) -> Starlette:
        """Build the application; `lifespan` runs around its life."""
        application = Starlette(
            routes=[
                *_route("GET", "/api/v4/check_license_feature", self._check_license_feature),
                *_route("GET", "/api/v4/check_bundle", self._check_bundle),
                *_route("GET", "/api/v4/check_license", self._check_license),
                *_route("POST", "/api/v4/activate_license", self._activate_license),
                *_route("POST", "/api/v4/activate_bundle", self._activate_bundle),
                *_route("POST", "/api/v4/deactivate_license", self._deactivate_license),
                *_route("POST", "/api/v4/deactivate_bundle", self._deactivate_bundle),
                *_route("POST", "/api/v4/floating/release", self._release_floating_license),
                *_route("POST", "/api/v4/floating/feature_release", self._release_floating_feature),
                *_route("GET", "/api/v4/oauth_url", self._oauth_url),
                Route(TOKEN_PATH, self._token, methods=["POST"]),
            ],
            exception_handlers={
                ServiceError: self._refuse,
                HTTPException: self._refuse,
                TokenError: self._refuse_token,
                Exception: self._refuse,
            },
            lifespan=lifespan,
        )
        application.router.redirect_slashes = False
        return application

    async def _check_license_feature(self, request: Request) -> Response:
        values, now = self._admitted(request)
        return self._signed(check_license_feature(self.world, values, now), now)

    async def _check_bundle(self, request: Request) -> Response:
        values, now = self._admitted(request)
        return self._signed(check_bundle(self.world, values, now, self.signer.sign_text), now)

    async def _check_license(self, request: Request) -> Response:
        values, now = self._admitted(request)
        return self._signed(check_license(self.world, values, now, self.signer.sign_text), now)

    async def _activate_license(self, request: Request) -> Response:
        values, now = await self._admitted_body(request)
        return self._signed(activate_license(self.world, values, now, self.signer.sign_text), now)

    async def _activate_bundle(self, request: Request) -> Response:
        values, now = await self._admitted_body(request)
        return self._signed(activate_bundle(self.world, values, now, self.signer.sign_text), now)

    async def _deactivate_license(self, request: Request) -> Response:
        values, now = await self._admitted_body(request)
        return _answer(200, encode(deactivate(self.world, values, now, is_bundle=False)), now)

    async def _deactivate_bundle(self, request: Request) -> Response:
        values, now = await self._admitted_body(request)
        return _answer(200, encode(deactivate(self.world, values, now, is_bundle=True)), now)

    async def _release_floating_license(self, request: Request) -> Response:
        values, now = await self._admitted_body(request)
        release_floating_license(self.world, values, now)
        return _answer(200, b"", now)

    async def _release_floating_feature(self, request: Request) -> Response:
        values, now = await self._admitted_body(request)
        release_floating_feature(self.world, values, now)
        return _answer(200, b"", now)

    async def _oauth_url(self, request: Request) -> Response:
        values = read_query(request.scope["query_string"])
        login_type = required(values, "login_type")
        if login_type != "client_credentials":
            raise ServiceError("validation_error", "login_type has to be client_credentials.")
        # The address that the request came to, not the one that is bound: they differ behind a port mapping.
        url = str(request.base_url.replace(path=TOKEN_PATH))
        return self._signed({"url": url, "login_type": login_type}, self._now())

    async def _token(self, request: Request) -> Response:
        try:
            form = read_query(await request.body())
        except ServiceError as error:
            raise TokenError(400, "invalid_request", error.message) from error
        now = self._now()
        return _answer(200, encode(self.gate.tokens.answer(form, now)), now)

    def _admitted(self, request: Request) -> tuple[Values, datetime]:
        now = self._now()
        self.gate.authorize(request.headers, now)
        return read_query(request.scope["query_string"]), now

    async def _admitted_body(self, request: Request) -> tuple[Values, datetime]:
        now = self._now()
        self.gate.authorize(request.headers, now)
        return read_body(await request.body()), now

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def _signed(self, content: Json, now: datetime) -> Response:
        body = encode(content)
        response = _answer(200, body, now)
        response.headers["LicenseSignature"] = self.signer.sign(body)
        return response

    async def _refuse(self, _: Request, error: Exception) -> Response:
        refusal = _refusal(error)
        envelope: JsonObject = {"status": refusal.status, "code": refusal.code, "message": refusal.message}
        response = _answer(refusal.status, encode(envelope), self._now())
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    async def _refuse_token(self, _: Request, error: Exception) -> Response:
        refusal = error if isinstance(error, TokenError) else TokenError(500, "server_error", "")
        envelope = {"error": refusal.error, "error_description": refusal.description}
        return _answer(refusal.status, encode(envelope), self._now())


def _refusal(error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
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


def _route(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Sequence[Route]:
    routes = [Route(path, endpoint), Route(f"{path}/", endpoint)]
    for route in routes:
        # Starlette adds HEAD to GET, and a HEAD of a check would take a floating slot.
        route.methods = {method}
    return routes
