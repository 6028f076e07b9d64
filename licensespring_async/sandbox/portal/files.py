"""License files and refresh files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from email.utils import format_datetime

from ..service.asked.call import Call
from ..service.asked.lookup import admit, find_product
from ..service.checks import checked
from ..service.offline import (
    activate_bundle_offline,
    activate_offline,
    deactivate_bundle_offline,
    deactivate_offline,
)
from ..tenants.tenants import Tenant
from ..wire.jsontext import Json, JsonObject, encode
from ..wire.offline import read_request, sign, signed_text
from ..wire.refusals import ServiceError
from ..world.licenses import License


def answered(text: str, tenants: Iterable[Tenant], call: Callable[[Tenant, dict[str, str]], Call]) -> str:
    """Return the license file for a request file, as the offline endpoints do.

    Raises:
        ServiceError: The request is refused.
    """
    text = "".join(text.split())
    fields = read_request(text).fields
    named = fields.get("api_key") or fields.get("client_id")
    tenant = next((each for each in tenants if named in (each.api_key, each.client_id)), None)
    if tenant is None:
        raise ServiceError("invalid_api_key")
    is_bundle = find_product(tenant.world, str(fields.get("product"))).is_bundle
    if fields.get("request") == "deactivation":
        act: Callable[[Call], Json] = deactivate_bundle_offline if is_bundle else deactivate_offline
    else:
        act = activate_bundle_offline if is_bundle else activate_offline
    with tenant.world.home.store.transaction():
        content = act(call(tenant, {"request": text}))
    return content if isinstance(content, str) else _file(content)


def refreshed(call: Call, license: License, tenant: Tenant) -> str:
    """Return a refresh file: the answer to a check, for a device without a network.

    The v2 signature covers the v1 signature too, unlike in a license file.

    Raises:
        ServiceError: The device may not use the license.
    """
    device, key = call.values["hardware_id"], call.values["license_key"]
    admit(call, license, device)
    date = format_datetime(call.now, usegmt=True)
    item: JsonObject = {
        **checked(call, license, include_expired=False),
        "hardware_id": device,
        "date": date,
        "offline_signature": sign(tenant.shared_key, signed_text(date, key, device, tenant.api_key)),
    }
    return _file({**item, "license_signature_v2": call.sign(encode(item).decode())})


def _file(content: Json) -> str:
    return b64encode(encode(content)).decode()
