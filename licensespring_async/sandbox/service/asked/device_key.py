"""TPM keys of devices: an activation enrolls the key, and every later request must be signed with it.

The documentation has no code for a missing or wrong signature. Here it is validation_error.
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
    """Return a device's enrolled public key."""
    return None if device is None else device.details.get(_ENROLLED)


def require_proof(call: Call, license: License, device: Device) -> None:
    """Refuse a request without a valid TPM signature, if the license requires one."""
    if not license.is_tpm_auth:
        return
    key = enrolled_key(device)
    if key is None or call.proof is None or not call.proof.is_by(key):
        raise ServiceError("validation_error", f"The device's TPM key must sign the request: {HEADER}.")


def enrol(call: Call, license: License, device: Device) -> None:
    """Store an activation's TPM key; to replace a key, the request must be signed with the old one."""
    sent = nested(call.values, "tpm_enrollment")
    if sent is None:
        require_proof(call, license, device)
        return
    key = cast("dict[str, object]", sent).get("signing_public_key") if isinstance(sent, dict) else None
    if not isinstance(key, str) or not is_public_key(key):
        raise ServiceError("validation_error", "tpm_enrollment: signing_public_key must be a P-256 key.")
    if enrolled_key(device) not in (None, key):
        require_proof(call, license, device)
    device.details = {**device.details, _ENROLLED: key}
