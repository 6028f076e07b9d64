"""Access control for the control endpoints: this machine only, or anyone with the control token. Never another site."""

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
    """An application behind access control.

    Args:
        application: The protected application.
        token: The control token that requests must carry; None admits this machine only.
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
        except ValueError:  # from urlsplit
            await refused(request, HTTPException(403, "the Host or Origin header is not valid"))(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    def _refuse_strangers(self, request: Request) -> None:
        if self.token is not None:
            if not hmac.compare_digest(_token_of(request).encode(), self.token.encode()):
                raise HTTPException(401, "send Authorization: Bearer and the control token", _ASK_BROWSERS)
            return
        if request.client is None or not _is_loopback(request.client.host):
            raise HTTPException(403, "set a control token to control the sandbox from another machine")
        # DNS rebinding: another site's name may resolve to 127.0.0.1, but the browser still sends it as Host.
        if not _is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or ""):
            raise HTTPException(403, "use localhost or 127.0.0.1 as the host, or set a control token")


def refused(_: Request, refusal: Exception) -> JSONResponse:
    """Return a control endpoint's refusal as JSON."""
    if not isinstance(refusal, HTTPException):
        return JSONResponse({"status": 500, "message": "the sandbox failed; its log has the traceback"}, 500)
    content = {"status": refusal.status_code, "message": refusal.detail}
    return JSONResponse(content, refusal.status_code, headers=refusal.headers)


def _refuse_other_sites(request: Request) -> None:
    """Refuse requests that a browser sends on behalf of another site's page."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HTTPException(403, "another site's page may not control the sandbox")
    # Some requests have no Origin, such as a GET for an <img>. "none" is a typed address. A link from another site
    # may lead here, because that site cannot read the answer.
    site = request.headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none") and request.headers.get("sec-fetch-mode") != "navigate":
        raise HTTPException(403, "another site's page may not read the sandbox")


def _token_of(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":  # a browser sends this after it has asked for the password
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
