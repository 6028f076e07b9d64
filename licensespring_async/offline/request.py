"""Offline requests: a device makes the text of a `.req` file, and another machine sends it.

Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-license-offline-method
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time as time_module
import uuid
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

import attrs

from ..auth import ApiKey, ClientCredentials, imf_fixdate
from ..endpoints.parameters import Value
from ..endpoints.parameters import text as checked_text
from ..endpoints.requests import optional, required, who
from ..errors import ConfigurationError, InvalidParameter
from ..transport.clock import is_number

_YEAR_10000 = 253_402_300_800  # no date can tell it


@attrs.frozen(kw_only=True)
class OfflineRequest:
    """A request that can be carried to a machine with a network.

    Attributes:
        text: The content of the `.req` file, Base64. `client.activate_offline(request=text)` sends it.
        request_id: Names this request. The answer repeats it. Keep it, to check that an answer is for this request.
    """

    text: str = attrs.field(repr=False)
    request_id: str


def activation_request(
    *,
    auth: ApiKey | ClientCredentials,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    schema: Literal[1, 2] = 2,
    license_id: int | None = None,
    bundle_code: str | None = None,
    is_vm: bool | None = None,
    vm_info: str | None = None,
    os_ver: str | None = None,
    hostname: str | None = None,
    os_hostname: str | None = None,
    ip: str | None = None,
    ip_local: str | None = None,
    app_ver: str | None = None,
    sdk_ver: str | None = None,
    mac_address: str | None = None,
    variables: Mapping[str, str | int | bool] | None = None,
    consumptions: int | None = None,
    time: float | None = None,
    request_id: str | None = None,
) -> OfflineRequest:
    """Make the request that activates a license, or a bundle, for a device without a network.

    Args:
        auth: The credentials that sign the request. The program that makes the request contains them as a secret.
        product: Short code of the product; of the bundle to activate a bundle.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user; goes with `password` to activate a license.
        password: The user's password.
        schema: With 2 the signature covers the whole request; with 1 only date, license, device and credentials.
        license_id: Picks one license if the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.
        is_vm, vm_info, os_ver, hostname, os_hostname, ip, ip_local, app_ver, sdk_ver, mac_address: The device, as in
            `activate_license`.
        variables: Variables of the device: whole numbers, strings and booleans.
        consumptions: Uses to check out of a pool.
        time: Seconds since the epoch for the request's date; now if left out.
        request_id: A UUID that names the request; a new one if left out.

    Returns:
        The text and its id.

    Raises:
        InvalidParameter: An argument cannot be sent.
    """
    return _request(
        "activation",
        auth,
        required(hardware_id=hardware_id, product=product, **who(license_key=license_key, username=username))
        | optional(
            password=password,
            license_id=license_id,
            bundle_code=bundle_code,
            is_vm=is_vm,
            vm_info=vm_info,
            os_ver=os_ver,
            hostname=hostname,
            os_hostname=os_hostname,
            ip=ip,
            ip_local=ip_local,
            app_ver=app_ver,
            sdk_ver=sdk_ver,
            mac_address=mac_address,
            variables=variables,
            consumptions=consumptions,
        ),
        schema=schema,
        time=time,
        request_id=request_id,
    )


def deactivation_request(
    *,
    auth: ApiKey | ClientCredentials,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    schema: Literal[1, 2] = 2,
    license_id: int | None = None,
    bundle_code: str | None = None,
    variables: Mapping[str, str | int | bool] | None = None,
    consumptions: int | None = None,
    time: float | None = None,
    request_id: str | None = None,
) -> OfflineRequest:
    """Make the request that deactivates a license, or a bundle, on a device without a network.

    Args:
        auth: The credentials that sign the request.
        product: Short code of the product; of the bundle to deactivate a bundle.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        schema: With 2 the signature covers the whole request; with 1 only date, license, device and credentials.
        license_id: Picks one license if the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.
        variables: Variables of the device: whole numbers, strings and booleans.
        consumptions: Uses that were counted while there was no network.
        time: Seconds since the epoch for the request's date; now if left out.
        request_id: A UUID that names the request; a new one if left out.

    Returns:
        The text and its id.

    Raises:
        InvalidParameter: An argument cannot be sent.
    """
    return _request(
        "deactivation",
        auth,
        required(hardware_id=hardware_id, product=product, **who(license_key=license_key, username=username))
        | optional(license_id=license_id, bundle_code=bundle_code, variables=variables, consumptions=consumptions),
        schema=schema,
        time=time,
        request_id=request_id,
    )


def _request(
    kind: str,
    auth: ApiKey | ClientCredentials,
    fields: dict[str, Value],
    *,
    schema: int,
    time: float | None,
    request_id: str | None,
) -> OfflineRequest:
    if schema not in (1, 2):
        raise InvalidParameter("schema", "must be 1 or 2")
    if "password" in fields and "username" not in fields:
        raise InvalidParameter("password", "does not go with license_key; it goes with username")
    variables = fields.get("variables")
    if isinstance(variables, dict) and any(isinstance(each, float) for each in variables.values()):
        # The service may encode the request again before it checks the signature, and 1.0 may become 1.
        raise InvalidParameter("variables", "must be strings, whole numbers or booleans in an offline request")
    request_id = checked_text("request_id", str(uuid.uuid4()) if request_id is None else request_id)
    if time is not None and not (is_number(time) and 0 <= time < _YEAR_10000):
        raise InvalidParameter("time", "must be seconds since the epoch, such as time.time()")
    date = imf_fixdate(time_module.time() if time is None else time)
    payload: dict[str, Value] = {"request": kind, "request_id": request_id, "date": date} | fields | caller_of(auth)
    if schema == 1:
        payload["signature"] = offline_signature(
            auth, date, str(fields.get("license_key") or fields["username"]), str(fields["hardware_id"])
        )
        text = _compact(payload)
    else:
        # The signed text is embedded as it is, so that exactly this text is checked.
        inner = _compact(payload | {"schema_version": 2})
        text = f'{{"request":{inner},"signature":{_compact(_sign(auth, inner))}}}'
    return OfflineRequest(text=b64encode(text.encode()).decode(), request_id=request_id)


def offline_signature(auth: ApiKey | ClientCredentials, date: str, identity: str, hardware_id: str) -> str:
    """Return the Base64 signature over date, license, device and credentials, as in requests and answers."""
    (caller,) = caller_of(auth).values()
    return _sign(auth, f"licenseSpring\ndate: {date}\n{identity}\n{hardware_id}\n{caller}")


def caller_of(auth: ApiKey | ClientCredentials) -> dict[str, Value]:
    """Return the field that names the credentials.

    Raises:
        ConfigurationError: They are neither an ApiKey nor ClientCredentials.
    """
    if isinstance(auth, ApiKey):
        return {"api_key": auth.api_key}
    if isinstance(auth, ClientCredentials):
        return {"client_id": auth.client_id}
    raise ConfigurationError("auth: must be an ApiKey or ClientCredentials")


def _sign(auth: ApiKey | ClientCredentials, text: str) -> str:
    secret = auth.shared_key if isinstance(auth, ApiKey) else auth.client_secret
    return b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
