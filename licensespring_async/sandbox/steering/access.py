"""Who may steer a sandbox: programs on this machine, or those with the control token; no other site's page."""

from __future__ import annotations

import hmac
from base64 import b64decode
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_ASK_BROWSERS: Final = {"WWW-Authenticate": 'Basic realm="sandbox: any name, the control token as password"'}


@attrs.frozen
class Admitted:
    """An application that only those reach who may steer.

    Args:
        application: What is behind.
        token: Required if it is set; otherwise only this machine is let through.
    """

    application: ASGIApp
    token: str | None = attrs.field(repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request as ASGI does."""
        request = Request(scope)
        try:
            _refuse_other_sites(request)
            self._refuse_strangers(request)
        except HTTPException as refusal:
            await refused(request, refusal)(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    def _refuse_strangers(self, request: Request) -> None:
        if self.token is not None:
            if not hmac.compare_digest(_token_of(request).encode(), self.token.encode()):
                raise HTTPException(401, "send Authorization: Bearer and the control token", _ASK_BROWSERS)
            return
        if request.client is None or not _is_loopback(request.client.host):
            raise HTTPException(403, "set a control token to steer the sandbox from another machine")
        # A name that was rebound to 127.0.0.1 reaches this port from a browser, but keeps its Host.
        if not _is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or ""):
            raise HTTPException(403, "ask for it as localhost or 127.0.0.1, or set a control token")


def refused(_: Request, refusal: Exception) -> JSONResponse:
    """Write a refusal of the control endpoints."""
    if not isinstance(refusal, HTTPException):
        return JSONResponse({"status": 500, "message": "the sandbox failed; its log has the traceback"}, 500)
    content = {"status": refusal.status_code, "message": refusal.detail}
    return JSONResponse(content, refusal.status_code, headers=refusal.headers)


def _refuse_other_sites(request: Request) -> None:
    """Refuse what a browser sends for another site's page, which the person at it knows nothing of."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HTTPException(403, "another site's page may not steer the sandbox")
    # What has no Origin, as a GET from an <img>; "none" is what a person typed. A link may lead here: it reads nothing.
    site = request.headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none") and request.headers.get("sec-fetch-mode") != "navigate":
        raise HTTPException(403, "another site's page may not read the sandbox")


def _token_of(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":  # what a browser sends once it has asked
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
