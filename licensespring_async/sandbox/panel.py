"""The control endpoints under /_sandbox/: JSON for programs, and one page for people."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from html import escape
from ipaddress import ip_address
from typing import Final, cast
from urllib.parse import urlsplit

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..redaction import fingerprint
from .control import CONTROL_PATH, Control, Entry
from .faults import Fault
from .licenses import License
from .moments import iso
from .slots import Slots
from .world import World

_LAST: Final = 20
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>License sandbox</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark }} body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem;
padding: 0 1rem }} table {{ border-collapse: collapse; width: 100% }} th, td {{ text-align: left; padding: .25rem .6rem;
border-bottom: 1px solid #8884 }} h2 {{ margin-top: 2rem }} code {{ font-size: .9em }}</style>
<main><h1>License sandbox</h1>{body}</main><script>
setInterval(async () => {{ try {{
  const text = await (await fetch(location.href)).text();
  document.querySelector("main").replaceWith(new DOMParser().parseFromString(text, "text/html").querySelector("main"));
}} catch {{ /* the sandbox has ended: keep what it said last */ }} }}, 2000);
</script></html>"""


@attrs.frozen(kw_only=True)
class Panel:
    """Steer a sandbox over HTTP; refused off loopback unless a token is set, and then refused without it."""

    control: Control
    world: World
    token: str | None = attrs.field(default=None, repr=False)

    def application(self) -> Starlette:
        """Build the application."""
        return Starlette(
            routes=[
                Route(f"{CONTROL_PATH}/", self._page),
                Route(f"{CONTROL_PATH}/state", self._state),
                Route(f"{CONTROL_PATH}/journal", self._journal),
                Route(f"{CONTROL_PATH}/counters", self._counters),
                Route(f"{CONTROL_PATH}/clock", self._clock, methods=["GET", "POST"]),
                Route(f"{CONTROL_PATH}/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route(f"{CONTROL_PATH}/reset", self._reset, methods=["POST"]),
            ],
            exception_handlers={HTTPException: _refuse},
        )

    async def _page(self, request: Request) -> Response:
        self._admit(request)
        return HTMLResponse(_PAGE.format(body=self._tables()))

    async def _state(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse({"licenses": self._licenses()})

    async def _journal(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse([attrs.asdict(entry) for entry in self.control.journal])

    async def _counters(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse(dict(self.control.counters))

    async def _clock(self, request: Request) -> Response:
        self._admit(request)
        clock = self.control.clock
        if request.method == "POST":
            wanted = await _content(request)
            try:
                if "offset" in wanted:
                    clock.set_offset(float(str(wanted["offset"])))
                clock.advance(float(str(wanted.get("advance", 0))))
            except ValueError as error:
                raise HTTPException(400, str(error)) from error
            if "frozen" in wanted:
                (clock.freeze if wanted["frozen"] is True else clock.resume)()
        return JSONResponse({"now": clock(), "offset": clock.offset, "frozen": clock.is_frozen})

    async def _faults(self, request: Request) -> Response:
        self._admit(request)
        faults = self.control.faults
        if request.method == "POST":
            try:
                faults.add(Fault(**await _content(request)))  # type: ignore[arg-type]  # pyright: ignore
            except (TypeError, ValueError) as error:
                raise HTTPException(400, f"not a fault: {error.args[0]}") from error
        elif request.method == "DELETE":
            faults.clear()
        return JSONResponse([_shown(fault) for fault in faults.active])

    async def _reset(self, request: Request) -> Response:
        self._admit(request)
        self.control.reset()
        return JSONResponse({})

    def _admit(self, request: Request) -> None:
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if origin is not None and urlsplit(origin).netloc != host:
            raise HTTPException(403, "another site's page may not steer the sandbox")
        if self.token is not None:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                raise HTTPException(401, "send Authorization: Bearer and the control token")
            return
        # A name that was rebound to 127.0.0.1 reaches this port from a browser, but keeps its Host.
        named = urlsplit(f"//{host}").hostname or ""
        if not (request.client and _is_loopback(request.client.host) and _is_loopback(named)):
            raise HTTPException(403, "set a control token to steer the sandbox from another machine")

    def _licenses(self) -> list[dict[str, object]]:
        return [
            {
                "product": product.short_code,
                "license": fingerprint(license.identifier),
                "type": license.license_type,
                "enabled": license.enabled,
                "active": license.active,
                "expires": iso(license.validity_period),
                "devices": f"{license.times_activated} of {license.max_activations}",
                "slots": self._slots(license),
            }
            for product in tuple(self.world.products.values())
            for license in product.licenses
        ]

    def _slots(self, license: License) -> str:
        now = self.control.clock.moment()
        holders: list[tuple[str, Slots | None]] = [("license", license.slots)]
        holders += [(code, feature.slots) for code, feature in tuple(license.features.items())]
        return ", ".join(
            f"{name}: {slots.in_use(now)} of {slots.allowed}" for name, slots in holders if slots is not None
        )

    def _tables(self) -> str:
        entries = list(self.control.journal)[-_LAST:]
        return (
            f"<p>The sandbox's time is {iso(self.control.clock.moment())}.</p>"
            + _table("Active faults", [_shown(fault) for fault in self.control.faults.active])
            + _table("Last requests", [_row(entry) for entry in reversed(entries)])
            + _table("Licenses", self._licenses())
        )


def _row(entry: Entry) -> dict[str, object]:
    said = " ".join(f"{name}={value}" for name, value in entry.parameters.items())
    return {"request": f"{entry.method} {entry.path}", "parameters": said, "status": entry.status, "fault": entry.fault}


def _shown(fault: Fault) -> dict[str, object]:
    shown = {name: value for name, value in attrs.asdict(fault).items() if value is not None}
    if fault.hardware_id is not None:
        shown["hardware_id"] = fingerprint(fault.hardware_id)
    return shown


def _table(title: str, rows: list[dict[str, object]]) -> str:
    if not rows:
        return f"<h2>{title}</h2><p>None.</p>"
    names: Iterable[str] = dict.fromkeys(name for row in rows for name in row)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = ("".join(f"<td>{escape(_text(row.get(name)))}</td>" for name in names) for row in rows)
    return f"<h2>{title}</h2><table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _text(value: object) -> str:
    return {None: "", True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool | None) else str(value)


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


async def _content(request: Request) -> dict[str, object]:
    # Browsers send other types across sites without asking first.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "send application/json")
    try:
        content = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(content, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return cast("dict[str, object]", content)


async def _refuse(_: Request, error: Exception) -> Response:
    status, text = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "failed")
    return JSONResponse({"status": status, "message": text}, status_code=status)
