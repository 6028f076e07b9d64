"""The login page of single sign-on: a person chooses a user, and the browser returns with tokens or a code.

Programs put `login_hint` in the query to choose a user at once.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..service.asked.sign_on import SECONDS, Kind, SignOn
from ..tenants.tenants import Tenant

LOGIN_PATH: Final = "/realms/company-{tenant:int}/protocol/openid-connect/auth"
SIGNED_ON_PATH: Final = "/signed-on"
_DOCUMENT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><style>{style}</style></head>
<body><header><h1>{title}</h1></header><main><section>{content}</section></main></body>
</html>
"""


def login_page(
    tenants: Iterable[Tenant], sign_on: SignOn, now: Callable[[], datetime]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the login page."""

    async def endpoint(request: Request) -> Response:
        number, query = request.path_params["tenant"], request.query_params
        account, target = query.get("kc_idp_hint", ""), query.get("redirect_uri", "")
        worlds = [tenant.world for tenant in tenants if tenant.world.home.tenant == number]
        users = [user for world in worlds for user in world.users_of_account(account)]
        if not users or not target:
            raise HTTPException(404)
        chosen = next((user for user in users if user.username == query.get("login_hint")), None)
        if chosen is None:
            links = "".join(_link(request, user.username) for user in users)
            content = f"<h2>Who are you?</h2><p>The sandbox asks for no password.</p><ul>{links}</ul>"
            return _page(f"Log in to {account}", content)

        def issue(kind: Kind) -> str:
            return sign_on.issue(kind, chosen.username, company=number, account=account, now=now())

        state = {name: query[name] for name in ("state",) if name in query}
        if query.get("response_type") == "code":
            return RedirectResponse(_with_query(target, {"code": issue("code"), **state}), 302, headers=_headers())
        tokens = {
            "access_token": issue("access"),
            "id_token": issue("id"),
            "token_type": "Bearer",
            "expires_in": SECONDS["access"],
            **state,
        }
        return RedirectResponse(f"{target}#{urlencode(tokens)}", 302, headers=_headers())

    return endpoint


async def signed_on(_: Request) -> Response:
    """Answer the redirect of a client without a redirect_uri of its own."""
    return _page("Logged in", "<p>You are logged in. The address has the result.</p>")


def _page(title: str, content: str) -> Response:
    text = _DOCUMENT.format(title=escape(title), style=_style(), content=content)
    return HTMLResponse(text, headers=_headers())


@cache
def _style() -> str:
    """Return the style of the control page, which strangers may not fetch, but may see here."""
    return (files("licensespring_async.sandbox.steering") / "page.css").read_text("utf-8")


@cache
def _headers() -> Mapping[str, str]:
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; frame-ancestors 'none'"
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": allowed,
        "X-Content-Type-Options": "nosniff",
    }


def _link(request: Request, username: str) -> str:
    address = request.url.include_query_params(login_hint=username)
    return f'<li><a href="{escape(str(address))}">{escape(username)}</a></li>'


def _with_query(target: str, query: dict[str, str]) -> str:
    return f"{target}{'&' if '?' in target else '?'}{urlencode(query)}"
