"""Signs answers as the service does, by a key of our own, for the sandbox and for tests: RSA, PKCS#1 v1.5, SHA-256.

https://docs.licensespring.com/license-api/license-api-authorization/response-signature-v2
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

_KEY_BITS = 2048
_REMEMBERED_SIGNATURES = 4096


class Signer:
    """A private key that signs bytes.

    Args:
        private_key: PEM of the RSA key; a new one is made without.
    """

    def __init__(self, private_key: str | None = None) -> None:
        self._key = generate_private_key(65537, _KEY_BITS) if private_key is None else _load(private_key)
        public_key = self._key.public_key()
        self.public_key = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        # A PKCS#1 v1.5 signature of a text is always the same, one costs about a millisecond, and a fleet of
        # devices on one license asks for the same text again and again.
        self.sign = lru_cache(maxsize=_REMEMBERED_SIGNATURES)(self._sign)

    def private_key(self) -> str:
        """Return the PEM of the key, to store with the sandbox's other secrets."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def sign_text(self, text: str) -> str:
        """Sign a text's UTF-8 bytes."""
        return self.sign(text.encode())

    def _sign(self, content: bytes) -> str:
        return b64encode(self._key.sign(content, PKCS1v15(), SHA256())).decode()


def _load(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("responses are signed with an RSA key")
    return key
