"""RSA keys to sign answers with."""

from __future__ import annotations

from base64 import b64encode

import attrs
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def pem(key: PublicKeyTypes) -> str:
    """A public key as it is given to the client."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@attrs.frozen
class Signer:
    """Signs answers as the service does."""

    key: rsa.RSAPrivateKey = attrs.field(factory=new_key, repr=False)

    @property
    def public_key(self) -> str:
        return pem(self.key.public_key())

    def sign(self, body: bytes) -> str:
        return b64encode(self.key.sign(body, PKCS1v15(), SHA256())).decode()

    def headers(self, body: bytes) -> dict[str, str]:
        """The header that travels with a body."""
        return {"licensesignature": self.sign(body)}
