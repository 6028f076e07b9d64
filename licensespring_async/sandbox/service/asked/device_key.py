"""Keys of devices: enrolled by an activation of a license that asks for one, and proved by every later request.

What documentation leaves open: a missing or wrong proof is refused with validation_error.
https://docs.licensespring.com/license-entitlements/license-activation-types/tpm-licensing
"""

from __future__ import annotations

from typing import Final, cast

from ...wire.parameters import nested
from ...wire.refusals import ServiceError
from ...wire.tpm import HEADER, is_public_key
from ...world.devices import Device
from ...world.licenses import License
from .call import Call

_ENROLLED: Final = "tpm_signing_public_key"


def enrolled_key(device: Device | None) -> str | None:
    """Return the public key that a device has enrolled."""
    return None if device is None else device.details.get(_ENROLLED)


def require_proof(call: Call, license: License, device: Device) -> None:
    """Refuse a request that the key of its device does not prove, where the license asks for that."""
    if not license.is_tpm_auth:
        return
    key = enrolled_key(device)
    if key is None or call.proof is None or not call.proof.is_by(key):
        raise ServiceError("validation_error", f"The key of the device's TPM has to sign the request: {HEADER}.")


def enrol(call: Call, license: License, device: Device) -> None:
    """Keep the key that an activation brings; a device that has one proves it before it gets another."""
    sent = nested(call.values, "tpm_enrollment")
    if sent is None:
        if license.is_tpm_auth:
            require_proof(call, license, device)
        return
    key = cast("dict[str, object]", sent).get("signing_public_key") if isinstance(sent, dict) else None
    if not isinstance(key, str) or not is_public_key(key):
        raise ServiceError("validation_error", "tpm_enrollment: signing_public_key has to be a P-256 key.")
    if enrolled_key(device) not in (None, key):
        require_proof(call, license, device)
    device.details = {**device.details, _ENROLLED: key}
