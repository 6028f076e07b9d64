"""The login page of single sign-on: a person chooses a user, and the browser returns with tokens or a code.

Programs put `login_hint` in the query to choose a user at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..service.asked.sign_on import SECONDS, Kind, SignOn
from ..tenants.tenants import Tenant
from ..world.customers import User

LOGIN_PATH: Final = "/realms/company-{tenant:int}/protocol/openid-connect/auth"
SIGNED_ON_PATH: Final = "/signed-on"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in to the sandbox</title></head>
<body><h1>Log in to {account}</h1><p>The sandbox asks for no password. Who are you?</p><ul>{users}</ul></body>
</html>
"""
_SIGNED_ON: Final = "<!doctype html><title>Logged in</title><p>You are logged in. The address has the result.</p>"


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
            return HTMLResponse(_page(request, account, users), headers=_HEADERS)

        def issue(kind: Kind) -> str:
            return sign_on.issue(kind, chosen.username, company=number, account=account, now=now())

        state = {name: query[name] for name in ("state",) if name in query}
        if query.get("response_type") == "code":
            return RedirectResponse(_with_query(target, {"code": issue("code"), **state}), 302, headers=_HEADERS)
        tokens = {
            "access_token": issue("access"),
            "id_token": issue("id"),
            "token_type": "Bearer",
            "expires_in": SECONDS["access"],
            **state,
        }
        return RedirectResponse(f"{target}#{urlencode(tokens)}", 302, headers=_HEADERS)

    return endpoint


async def signed_on(_: Request) -> Response:
    """Answer the redirect of a client without a redirect_uri of its own."""
    return HTMLResponse(_SIGNED_ON, headers=_HEADERS)


def _page(request: Request, account: str, users: Sequence[User]) -> str:
    links = [
        f'<li><a href="{escape(str(request.url.include_query_params(login_hint=user.username)))}">'
        f"{escape(user.username)}</a></li>"
        for user in users
    ]
    return _PAGE.format(account=escape(account), users="".join(links))


def _with_query(target: str, query: dict[str, str]) -> str:
    return f"{target}{'&' if '?' in target else '?'}{urlencode(query)}"
