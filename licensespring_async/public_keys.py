"""The keys that verify signatures: RSA, SHA-256, PKCS#1 v1.5."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .errors import ConfigurationError

_SMALLEST = 2048  # bits
_PADDING = PKCS1v15()
_HASH = SHA256()


class PublicKey:
    """An RSA key of at least 2048 bits.

    Args:
        pem: Its text (SubjectPublicKeyInfo).

    Raises:
        ConfigurationError: The key cannot be read, is not RSA or is too short.
    """

    def __init__(self, pem: str | bytes) -> None:
        self._key = _load(pem)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Return whether a signature was made by this key over a message."""
        try:
            self._key.verify(signature, message, _PADDING, _HASH)
        except InvalidSignature:
            return False
        return True


def _load(pem: str | bytes) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode() if isinstance(pem, str) else pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError("public_key: not a PEM public key (-----BEGIN PUBLIC KEY-----)") from None
    if not isinstance(key, RSAPublicKey):
        raise ConfigurationError("public_key: must be an RSA key, the kind that the License API signs with")
    if key.key_size < _SMALLEST:
        raise ConfigurationError(f"public_key: {key.key_size} bits are too short; at least {_SMALLEST} are needed")
    return key
