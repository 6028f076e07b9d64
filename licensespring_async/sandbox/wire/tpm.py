"""Signatures by a device's TPM key: ES256 (ECDSA, P-256, SHA-256) over the request's signature, or its date and token.

The documentation does not say how keys and signatures are encoded, so every usual encoding is accepted.
https://docs.licensespring.com/license-entitlements/license-activation-types/tpm-licensing
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Final

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

HEADER: Final = "licensespring-tpm-signature"
_SHAPE: Final = re.compile(r'algorithm="ES256",\s*signature="([^"]+)"', re.IGNORECASE)
_HALF: Final = 32  # bytes of a coordinate, and of each number of a signature


@attrs.frozen
class Proof:
    """A request's TPM signature.

    Args:
        header: The value of the header.
        message: The signed text.
    """

    header: str = attrs.field(repr=False)
    message: str = attrs.field(repr=False)

    def is_by(self, public_key: str) -> bool:
        """Return whether a key signed it; `public_key` has an encoding that `is_public_key` accepts."""
        found = _SHAPE.fullmatch(self.header.strip())
        key = _load(public_key)
        if found is None or key is None:
            return False
        try:
            signature = b64decode(found[1], validate=True)
            if len(signature) == 2 * _HALF:  # as in JSON Web Signatures; otherwise DER
                numbers = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
                signature = encode_dss_signature(*numbers)
            key.verify(signature, self.message.encode(), ECDSA(SHA256()))
        except (ValueError, InvalidSignature):
            return False
        return True


def is_public_key(text: str) -> bool:
    """Return whether a text is a P-256 public key: PEM, or Base64 of DER, of a point, or of its two coordinates."""
    return _load(text) is not None


def _load(text: str) -> EllipticCurvePublicKey | None:
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = load_pem_public_key(text.encode())
        else:
            content = b64decode(text, validate=True)
            if len(content) in (2 * _HALF, 2 * _HALF + 1):
                return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + content[-2 * _HALF :])
            key = load_der_public_key(content)
    except ValueError:
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None
