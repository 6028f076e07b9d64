"""The control endpoints below /_sandbox/: JSON for programs, and a page for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Final, cast

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ..spelling import suggestion
from ..tenants.tenants import Tenant
from ..wire.jsontext import encode
from .access import Admitted, refused
from .control import CONTROL_PATH, Control
from .controls import connection
from .faults import Fault
from .overview import licenses_of, shown_fault, shown_tenant
from .page import render

_STATIC: Final = {"page.css": "text/css", "page.js": "text/javascript"}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send the portal's forms with Origin: null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@attrs.frozen(kw_only=True)
class Panel:
    """The endpoints that control a sandbox over HTTP."""

    control: Control
    tenants: Iterable[Tenant]
    reset: Callable[[], None]
    keys: Callable[[], Mapping[str, object]]
    token: str | None = attrs.field(default=None, repr=False)
    portal: Callable[[Mapping[str, str]], Sequence[Route]]

    def application(self) -> ASGIApp:
        """Build the application, behind access control."""
        application = Starlette(
            routes=[
                Route(f"{CONTROL_PATH}/", self._page),
                *(Route(f"{CONTROL_PATH}/{name}", _static) for name in _STATIC),
                Route(f"{CONTROL_PATH}/connection", self._connection),
                Route(f"{CONTROL_PATH}/state", self._state),
                Route(f"{CONTROL_PATH}/journal", self._journal),
                Route(f"{CONTROL_PATH}/counters", self._counters),
                Route(f"{CONTROL_PATH}/clock", self._clock, methods=["GET", "POST"]),
                Route(f"{CONTROL_PATH}/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route(f"{CONTROL_PATH}/licenses", self._licenses, methods=["POST"]),
                Route(f"{CONTROL_PATH}/reset", self._reset, methods=["POST"]),
                *self.portal(_HEADERS),
            ],
            exception_handlers={HTTPException: refused},
        )
        return Admitted(application, self.token)

    async def _page(self, request: Request) -> Response:
        now = self.control.clock.moment()
        text = render(
            self.control,
            tuple(self.tenants),
            now,
            find=request.query_params.get("find", ""),
            connection=connection(_origin(request), self.keys()),
        )
        return HTMLResponse(text, headers=_HEADERS)

    async def _connection(self, request: Request) -> Response:
        return JSONResponse({"url": _origin(request), **self.keys()}, headers=_HEADERS)

    async def _state(self, _: Request) -> Response:
        now = self.control.clock.moment()
        tenants = [
            {**shown_tenant(tenant), "licenses": [row.shown() for row in licenses_of(tenant.world, now)]}
            for tenant in self.tenants
        ]
        return JSONResponse({"tenants": tenants})

    async def _journal(self, _: Request) -> Response:
        return JSONResponse([attrs.asdict(entry) for entry in self.control.journal.entries])

    async def _counters(self, _: Request) -> Response:
        return JSONResponse(self.control.journal.counters.to_json())

    async def _clock(self, request: Request) -> Response:
        clock = self.control.clock
        if request.method == "POST":
            wanted = await _content(request, ("offset", "advance", "frozen"))
            offset, advance = (_seconds(wanted, name) for name in ("offset", "advance"))
            frozen = wanted.get("frozen")
            if frozen is not None and not isinstance(frozen, bool):
                raise HTTPException(400, "frozen: send true or false")
            try:
                if offset is not None:
                    clock.set_offset(offset)
                if advance is not None:
                    clock.advance(advance)
            except ValueError as error:
                raise HTTPException(400, str(error)) from error
            if frozen is not None:
                (clock.freeze if frozen else clock.resume)()
        return JSONResponse({"now": clock(), "offset": clock.offset, "frozen": clock.is_frozen})

    async def _faults(self, request: Request) -> Response:
        faults = self.control.faults
        if request.method == "POST":
            content = await _content(request, [attribute.name for attribute in attrs.fields(Fault)])
            if "effect" not in content:
                raise HTTPException(400, "not a fault: effect is missing")
            try:
                faults.add(Fault(**content))  # type: ignore[arg-type]  # pyright: ignore
            except (TypeError, ValueError) as error:
                raise HTTPException(400, f"not a fault: {error.args[0]}") from error
        elif request.method == "DELETE":
            faults.clear()
        return JSONResponse([shown_fault(fault) for fault in faults.active])

    async def _licenses(self, request: Request) -> Response:
        wanted = await _content(request, ("company", "id", "enabled"))
        company, enabled = wanted.get("company"), wanted.get("enabled")
        if not isinstance(wanted.get("id"), int):
            raise HTTPException(400, "id: send a number; GET state lists the ids")
        if not isinstance(enabled, bool):
            raise HTTPException(400, "enabled: send true or false")
        tenants = [each for each in self.tenants if company in (None, shown_tenant(each)["api_key"])]
        licenses = [license for each in tenants[:1] for license in each.world.licenses]
        license = next((each for each in licenses if each.id == wanted.get("id")), None)
        if license is None:
            raise HTTPException(404, "there is no license with this id; GET state lists the ids")
        self.control.enable(license, enabled=enabled)
        return JSONResponse({"id": license.id, "enabled": license.enabled})

    async def _reset(self, _: Request) -> Response:
        self.reset()
        return JSONResponse({})


async def _static(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    content = (files("licensespring_async.sandbox.steering") / name).read_bytes()
    return Response(content, media_type=_STATIC[name], headers=_HEADERS)


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _seconds(wanted: Mapping[str, object], name: str) -> float | None:
    value = wanted.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise HTTPException(400, f"{name}: send a number of seconds")
    return float(value)


async def _content(request: Request, known: Sequence[str]) -> dict[str, object]:
    # A browser sends other types to another site without a preflight.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "send application/json")
    try:
        content = json.loads(await request.body())
        encode(content)  # raises for half a surrogate pair, which JSON can escape
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(content, dict):
        raise HTTPException(400, "the body is not a JSON object")
    fields = cast("dict[str, object]", content)
    for name in fields:
        if name not in known:
            raise HTTPException(400, f"unknown: {name[:100]}{suggestion(name, known)}")
    return fields
