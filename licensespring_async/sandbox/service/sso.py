"""The login address for users of a customer account.

https://docs.licensespring.com/license-api/single-sign-on-url
"""

from __future__ import annotations

from secrets import token_hex
from typing import Final
from urllib.parse import urlencode

from ..wire.jsontext import JsonObject
from ..wire.parameters import required
from ..wire.refusals import ServiceError
from .asked.call import Call, Route
from .asked.lookup import find_product

_RESPONSE_TYPES: Final = {"code": "code", "token": "id_token token"}


def sso_url(call: Call) -> JsonObject:
    """Return the address of the sandbox's login page for a customer account.

    Raises:
        ServiceError: The request is refused.
    """
    short_code, account = (required(call.values, name) for name in ("product", "customer_account_code"))
    wanted = call.values.get("response_type", "code")
    if wanted not in _RESPONSE_TYPES:
        raise ServiceError("validation_error", "response_type must be code or token.")
    find_product(call.world, short_code)
    if not call.world.users_of_account(account):
        raise ServiceError("customer_account_not_found")
    realm = f"{call.origin}/realms/company-{call.world.home.tenant}"
    endpoints = f"{realm}/protocol/openid-connect"
    query = {
        "scope": "openid",
        "response_type": _RESPONSE_TYPES[wanted],
        "client_id": "license-users",
        "redirect_uri": call.values.get("redirect_uri", f"{call.origin}/signed-on"),
        "kc_idp_hint": account,
        "nonce": token_hex(8),
    }
    return {
        "url": f"{endpoints}/auth?{urlencode(query)}",
        "openid_configuration": {
            "issuer": realm,
            "end_session_endpoint": f"{endpoints}/logout",
            "token_endpoint": f"{endpoints}/token",
            "introspection_endpoint": f"{endpoints}/token/introspect",
        },
    }


ROUTES: Final = (
    Route("GET", "sso_url", sso_url, reads="product customer_account_code response_type redirect_uri bundle_code"),
)
