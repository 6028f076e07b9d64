"""Codes for air-gapped devices, and policy files.

The documentation does not list a policy file's fields. Here it has those fields of a license that concern no device.
https://docs.licensespring.com/license-entitlements/activation-types/air-gapped
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from hashlib import sha256
from secrets import randbelow
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from ..wire.jsontext import JsonObject, encode
from ..wire.moments import iso
from ..wire.refusals import ServiceError
from ..world.licenses import License

_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Codes:
    """The codes of all companies in a sandbox, which share one key.

    Args:
        seed: Text from which the key is derived.
    """

    def __init__(self, seed: str) -> None:
        scalar = int.from_bytes(sha256(b"air gap " + seed.encode()).digest(), "big") % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(scalar, _CURVE)
        numbers = self._key.public_key().public_numbers()
        self.public_key = _halves(numbers.x, numbers.y)
        self._begun: dict[int, ec.EllipticCurvePublicKey] = {}

    def begin(self, license: License) -> str:
        """Return a new initialization code, which is a private key, and invalidate the previous one.

        Raises:
            ServiceError: The license is not air-gapped.
        """
        if not license.is_air_gapped:
            raise ServiceError("validation_error", "The license is not air-gapped.")
        scalar = randbelow(_ORDER - 1) + 1
        self._begun[license.id] = ec.derive_private_key(scalar, _CURVE).public_key()
        return b64encode(scalar.to_bytes(32, "big")).decode()

    def confirm(self, license: License, hardware_id: str, code: str, *, deactivates: bool) -> str:
        """Activate or deactivate the device, and return the confirmation code.

        Raises:
            ServiceError: The code does not match the initialization code, the license is full, or the device unknown.
        """
        key = self._begun.get(license.id)
        named = f"{hardware_id}{license.identifier}"
        if key is None or not _is_signed(key, code, named):
            raise ServiceError("signature_mismatch")
        if deactivates and license.device(hardware_id) is None:
            raise ServiceError("device_not_found")
        if not deactivates and license.device(hardware_id) is None and license.is_full:
            raise ServiceError("license_activated_max_times")
        (license.deactivate if deactivates else license.activate)(hardware_id)
        del self._begun[license.id]
        return _halves(*decode_dss_signature(self._key.sign(f"{named}{license.id}".encode(), ec.ECDSA(SHA256()))))

    def policy(self, license: License) -> str:
        """Return a license's policy file."""
        counted = license.consumption
        fields: JsonObject = {
            "id": license.id,
            "product": license.product.short_code,
            "default_license_type": license.license_type,
            "validity_period": iso(license.validity_period),
            "is_air_gapped": True,
            "product_features": [
                {
                    "id": each.id,
                    "code": each.code,
                    "feature_type": each.feature_type,
                    "expiry_date": iso(each.expiry_date),
                    "max_consumption": 0 if each.consumption is None else each.consumption.maximum,
                    "metadata": each.metadata,
                }
                for each in license.features.values()
            ],
        }
        if counted is not None:
            fields["max_consumptions"] = counted.maximum
        return b64encode(encode(fields)).decode()


def _halves(*numbers: int) -> str:
    return b64encode(b"".join(each.to_bytes(32, "big") for each in numbers)).decode()


def _is_signed(key: ec.EllipticCurvePublicKey, code: str, text: str) -> bool:
    try:
        raw = b64decode(code.encode(), validate=True)
        signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(signature, text.encode(), ec.ECDSA(SHA1()))  # noqa: S303  # as the vendor's portal does
    except (binascii.Error, InvalidSignature, ValueError):
        return False
    return len(raw) == 64
