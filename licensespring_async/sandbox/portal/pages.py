"""The portal's web page: people upload request files, download license files, and exchange air-gap codes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ..wire.offline import read_upload
from ..wire.refusals import ServiceError
from .portal import Portal

_LICENSE: Final = ("license_key", "License key")
_DEVICE: Final = ("hardware_id", "Hardware id")
_FORMS: Final[Sequence[tuple[str, str, str, Sequence[tuple[str, str]]]]] = (
    ("refresh", "Refresh file", "Download the file", (("product", "Product"), _LICENSE, _DEVICE)),
    ("policy", "Air gap: policy file", "Download the file", (_LICENSE,)),
    ("begin", "Air gap: initialization code", "Show the code", (_LICENSE,)),
    ("activate", "Air gap: confirm an activation", "Show the code", (_LICENSE, _DEVICE, ("code", "Activation code"))),
    (
        "deactivate",
        "Air gap: confirm a deactivation",
        "Show the code",
        (_LICENSE, _DEVICE, ("code", "Deactivation code")),
    ),
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>License sandbox: devices without a network</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="../page.css"></head>
<body><header><h1>Devices without a network</h1><p><a href="../">License sandbox</a></p></header>
<main>{content}</main></body>
</html>
"""
_BACK: Final = '<p><a href=".">Back</a></p>'
_UPLOAD: Final = """<section><h2>Request file</h2>
<form class="row" method="post" action="request" enctype="multipart/form-data">
<label>The .req file <input type="file" name="file" required></label> <button>Get the .lic file</button></form>
</section>
"""


def portal_routes(path: str, portal: Portal, headers: Mapping[str, str]) -> Sequence[Route]:
    """Return the routes of the page and its forms, below a path."""

    async def page(_: Request) -> Response:
        return _shown(_UPLOAD + "".join(map(_form, _FORMS)), headers)

    async def request_file(request: Request) -> Response:
        text = read_upload(await request.body(), request.headers.get("content-type", ""))
        answer = portal.answer(text)
        if answer == "license_deactivated":
            return _shown(f"<p>The device was deactivated.</p>{_BACK}", headers)
        return _download(answer, "license.lic", headers)

    async def refresh(given: Mapping[str, str]) -> Response:
        text = portal.refresh(
            product=given["product"], hardware_id=given["hardware_id"], license_key=given["license_key"]
        )
        return _download(text, "license_refresh.lic", headers)

    async def policy(given: Mapping[str, str]) -> Response:
        return _download(portal.policy(given["license_key"]), "air_gap_license.lic", headers)

    async def begin(given: Mapping[str, str]) -> Response:
        return _code("Initialization code", portal.initialization_code(given["license_key"]))

    async def activate(given: Mapping[str, str], *, deactivates: bool = False) -> Response:
        key = given["license_key"]
        code = portal.confirmation_code(key, given["hardware_id"], given["code"], deactivates=deactivates)
        return _code(f"Confirmation code, policy {portal.policy_id(key)}", code)

    async def deactivate(given: Mapping[str, str]) -> Response:
        return await activate(given, deactivates=True)

    def _code(title: str, code: str) -> Response:
        return _shown(f"<section><h2>{escape(title)}</h2><p><code>{escape(code)}</code></p></section>{_BACK}", headers)

    acts = {"refresh": refresh, "policy": policy, "begin": begin, "activate": activate, "deactivate": deactivate}
    return (
        Route(f"{path}/", page),
        Route(f"{path}/request", _or_refusal(request_file, headers), methods=["POST"]),
        *(
            Route(
                f"{path}/{name}",
                _or_refusal(_from_form(acts[name], [field for field, _ in fields]), headers),
                methods=["POST"],
            )
            for name, _, _, fields in _FORMS
        ),
    )


def _from_form(
    act: Callable[[Mapping[str, str]], Awaitable[Response]], names: Sequence[str]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode("latin-1")))
        if missing := [name for name in names if not given.get(name, "").strip()]:
            raise ServiceError("missing_parameters", f"Missing {', '.join(missing)}.")
        return await act({name: given[name].strip() for name in names})

    return endpoint


def _or_refusal(
    endpoint: Callable[[Request], Awaitable[Response]], headers: Mapping[str, str]
) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ServiceError as error:
            text = f'<p role="alert" class="bad">{escape(error.code)}: {escape(error.message)}</p>{_BACK}'
            return _shown(text, headers, status=400)

    return answered


def _form(form: tuple[str, str, str, Sequence[tuple[str, str]]]) -> str:
    action, title, button, fields = form
    inputs = "".join(f'<label>{label} <input name="{name}" required></label> ' for name, label in fields)
    return (
        f'<section><h2>{title}</h2><form class="row" method="post" action="{action}">{inputs}'
        f"<button>{button}</button></form></section>"
    )


def _shown(content: str, headers: Mapping[str, str], status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(content=content), status, headers=headers)


def _download(text: str, name: str, headers: Mapping[str, str]) -> Response:
    named = {**headers, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/octet-stream", headers=named)
