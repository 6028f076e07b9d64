"""Installation files whose content is in the world, served whole or as a byte range."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..tenants.tenants import Tenant
from ..world.world import World

FILE_PATH: Final = "/files/{tenant:int}/{md5}/{name:path}"
_RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?")


def served_file(tenants: Iterable[Tenant]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that serves the tenants' installation files; it needs no credentials."""

    async def endpoint(request: Request) -> Response:
        number, md5 = request.path_params["tenant"], request.path_params["md5"]
        found = (_content(tenant.world, md5) for tenant in tenants if tenant.world.home.tenant == number)
        content = next((each for each in found if each is not None), None)
        if content is None:
            raise HTTPException(404)
        headers = {"Accept-Ranges": "bytes", "ETag": f'"{md5}"'}
        wanted = _RANGE.fullmatch(request.headers.get("range", ""))
        if wanted is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
            return Response(content, media_type="application/octet-stream", headers=headers)
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        if not first <= last:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Response(content[first : last + 1], 206, media_type="application/octet-stream", headers=headers)

    return endpoint


def _content(world: World, md5: str) -> bytes | None:
    for product in tuple(world.products.values()):
        for file in tuple(product.installation_files):
            if file.content is not None and file.hash_md5 == md5:
                return file.content.encode()
    return None
