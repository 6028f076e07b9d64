"""Offline requests, which another machine sends for a device without a network.

The documentation leaves these points open. A license that does not allow offline activation is refused with
validation_error. The signature of a bundle's answer covers the compact JSON of its licenses. A deactivation adds the
reported consumptions, but ignores reported features, whose format is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..wire.jsontext import Json, JsonObject, encode
from ..wire.offline import read_request, read_upload, sign, signed_text
from ..wire.parameters import Values, read_fields, required
from ..wire.refusals import ServiceError
from ..wire.tpm import HEADER, Proof
from .activation import ACTIVATES, DEACTIVATES, activate_bundle, activate_license, deactivate_bundle, deactivate_license
from .asked.call import Call, Route

_DOCUMENTED: Final = frozenset(
    f"{ACTIVATES} {DEACTIVATES} date request request_id schema_version api_key client_id app_name signature"
    " product_features consumptions licensespring-tpm-signature".split()
)
_SIGNATURES: Final = ("license_signature", "license_signature_v2")


def activate_offline(call: Call) -> JsonObject:
    """Activate a device on a license, and answer with the content of its license file.

    Raises:
        ServiceError: The request is refused.
    """
    request = _read(call, "activation")
    answer = _filed(activate_license(request.call), request)
    return {**answer, "license_signature_v2": call.sign(encode(_unsigned(answer)).decode())}


def activate_bundle_offline(call: Call) -> JsonObject:
    """Activate a device on a bundle's licenses, and answer with the content of its license file.

    Raises:
        ServiceError: The request is refused.
    """
    request = _read(call, "activation")
    licenses = [_filed(item, request) for item in activate_bundle(request.call, without_password=True)]
    return {"licenses": licenses, "bundle_signature_v2": call.sign(encode(licenses).decode())}


def deactivate_offline(call: Call) -> str:
    """Deactivate a device on a license.

    Raises:
        ServiceError: The request is refused.
    """
    return deactivate_license(_read(call, "deactivation").call)


def deactivate_bundle_offline(call: Call) -> str:
    """Deactivate a device on a bundle's licenses.

    Raises:
        ServiceError: The request is refused.
    """
    return deactivate_bundle(_read(call, "deactivation").call)


@attrs.frozen
class _Request:
    """A request signed by its company, as a call, with the date and the credentials for signing the answer."""

    call: Call
    date: str
    credential: str
    key: str


def _read(call: Call, kind: str) -> _Request:
    read = read_request(required(call.values, "request"))
    values = read_fields(read.fields, _DOCUMENTED)
    credential = values.get("api_key") or values.get("client_id") or ""
    key = call.keys.get(credential)
    if key is None or not read.is_signed_by(key, credential):
        raise ServiceError("signature_mismatch")
    if values.get("request", kind) != kind:
        raise ServiceError("validation_error", f"The request is not for {kind}.")
    own = {name: value for name, value in values.items() if name not in ("date", "request", HEADER)}
    proof = Proof(values[HEADER], read.signature) if HEADER in values else None
    return _Request(attrs.evolve(call, values=own, proof=proof), values.get("date", ""), credential, key)


def _filed(item: JsonObject, request: _Request) -> JsonObject:
    """Add the fields that make a license file of a license."""
    if not item["allow_offline_activation"]:  # the rollback of the transaction undoes the activation
        raise ServiceError("validation_error", "The license does not allow offline activation.")
    values = request.call.values
    signature = item.pop("license_signature")
    named = values.get("license_key") or values.get("username") or ""
    text = signed_text(request.date, named, values["hardware_id"], request.credential)
    filed: JsonObject = {**item, "date": request.date, "offline_signature": sign(request.key, text)}
    if "request_id" in values:
        filed["request_id"] = values["request_id"]
    return {**filed, "license_signature": signature}


def _unsigned(item: Mapping[str, Json]) -> JsonObject:
    return {name: value for name, value in item.items() if name not in _SIGNATURES}


def _upload(body: bytes, content_type: str) -> Values:
    return {"request": read_upload(body, content_type)}


ROUTES: Final = tuple(
    Route("POST", act.__name__, act, reads="request", decode=_upload)
    for act in (activate_offline, activate_bundle_offline, deactivate_offline, deactivate_bundle_offline)
)
