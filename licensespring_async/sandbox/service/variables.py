"""Device variables: texts, numbers and booleans by name.

Like the service, the two endpoints write a variable's time differently: track_device_variables as milliseconds since
the epoch, get_device_variables as text. Both write values as text.
https://docs.licensespring.com/license-api/device-variables/track-device-variables
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from ..wire.jsontext import Json, JsonObject, require_exact
from ..wire.moments import iso
from ..wire.parameters import nested, read_identity
from ..wire.refusals import ServiceError
from ..world.devices import Device
from .asked.call import WHO, Call, Route
from .asked.lookup import admit, device_of, find_license


def track_device_variables(call: Call) -> Sequence[JsonObject]:
    """Store the sent variables of a device, and list them; other variables stay as they are.

    Raises:
        ServiceError: The request is refused.
    """
    if "variables" not in call.values:
        raise ServiceError("missing_parameters", "Missing variables.")
    device = _admitted(call)
    names = keep_variables(call, device)
    return [
        {
            "variable": name,
            "value": _text(value),
            "device_id": device.id,
            "created_at": int(datetime.fromisoformat(str(created_at)).timestamp() * 1000),
        }
        for name, (value, created_at) in device.variables.items()
        if name in names
    ]


def get_device_variables(call: Call) -> Sequence[JsonObject]:
    """List the variables of a device.

    Raises:
        ServiceError: The request is refused.
    """
    device = _admitted(call)
    return [
        {
            "id": device.id + number,
            "created_at": created_at,
            "variable": name,
            "value": _text(value),
            "device_id": device.id,
        }
        for number, (name, (value, created_at)) in enumerate(device.variables.items(), start=1)
    ]


def keep_variables(call: Call, device: Device) -> Sequence[str]:
    """Store the variables of a call, and return their names."""
    sent = _sent(call)
    if sent:
        now = iso(call.now)
        device.variables = {**device.variables, **{name: [value, now] for name, value in sent.items()}}
    return tuple(sent)


def _admitted(call: Call) -> Device:
    identity = read_identity(call.values)
    license = find_license(call.world, identity)
    admit(call, license, identity.hardware_id, expired=True)
    return device_of(license, call.values)


def _sent(call: Call) -> JsonObject:
    variables = nested(call.values, "variables")
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        raise ServiceError("validation_error", "variables must be an object.")
    try:
        # Any name will do: no name becomes a key in an answer.
        return {name: _variable(value) for name, value in cast("JsonObject", variables).items()}
    except ValueError as error:
        raise ServiceError("validation_error", f"variables: {error}") from error


def _variable(value: Json) -> Json:
    if not isinstance(value, str | bool | int | float):
        raise ServiceError("validation_error", "A variable must be a text, a number, true or false.")
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    require_exact(value)
    return value


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


ROUTES: Final = (
    Route("POST", "track_device_variables", track_device_variables, reads=f"{WHO} bundle_code sdk_ver variables"),
    Route("GET", "get_device_variables", get_device_variables, reads=f"{WHO} bundle_code sdk_ver"),
)
