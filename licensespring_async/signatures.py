"""Response signatures: RSA, SHA-256, PKCS#1 v1.5, Base64.

The documentation calls them HMAC; its own sample code, and the size of a signature, say RSA.
"""

from __future__ import annotations

import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, TypeAlias

from .errors import ConfigurationError, SignatureError

SIGNATURE_HEADER = "licensesignature"

PRODUCTION_PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAwEt7ZQWSzeBYNBwyi3KW
+XU/6I+ju90R5ZpTvSE4VWL8KSgVJ6bWKIhaKTL2hbUpIQQgS5ZKfa4SEEMdIm5k
xe0u2F64JFAVQunx/1O/UXsD7ADVt93Q/hxA9Npa16tKepZoyhi79sxpaxyy/WTd
sZKuTLApX7bWX6/XPhaPjNyiWeeK2Naka44B+F+PwN/ey3rZUra3pBltShwy2dmK
IxJVmprf5ttMYBB+ouqPin3VgDw5Jq1FZwpLBiOe+ogR+sHu7QYWwLq6AgC4e3Jq
gryEvqfJr/XkvOnAdcAIZm6tK6DdnLWCy6Onrk7t0VQK5nnGF1CKE+jcAByWopcI
VCwfYrs1UCSY1YibKXNJoyvEhgLyCC+KAgXKf8omcg1Q18XKu5XSrvrCzXLnRnaF
NpFDjcg5AJJab78hX7qGPC+e8PjuBYwh2vtx5mFj7/c+T59JM/vXwwvW9DsnDztD
WEDFhzGanU71NgwrZbRoNSyTW0UjbZsyJVSIX6233Ng0y5L9mDe8p8P+u1B0sXAA
ozEKL/yG4Qu5r4LIw4iv6JVPT1xbWlH4Vc4KaN3toaf4+G0EkFy6ncvBncWifLAR
SoWpQ5YsygDdQNVYdmMsoQ76UTuNxo3eZ0sQJjbQVBqlkcXrAdtUCpuojPRsl/Xs
9zVOJrzZPG0I98E5quNbRkMCAwEAAQ==
-----END PUBLIC KEY-----
"""

PublicKeys: TypeAlias = str | bytes | Iterable[str | bytes]
"""One PEM, or several while keys rotate."""

_REMEMBERED: Final = 4096


class Verifier:
    """Checks that an answer's bytes were signed by one of the trusted keys.

    Fleets, leases and gates get the same answers again and again. So it caches which bytes (by their SHA-256) had a
    valid signature; invalid ones are never cached. Thread-safe.

    Args:
        public_keys: PEM texts (SubjectPublicKeyInfo) of RSA keys of at least 2048 bits; several while keys rotate.
        remembered: Size of the cache in pairs of body and signature; the least recently used is dropped.

    Attributes:
        public_keys: The keys as given.

    Raises:
        ConfigurationError: A key cannot be read, is not RSA or is too short, or there is no key.
    """

    def __init__(self, public_keys: PublicKeys, *, remembered: int = _REMEMBERED) -> None:
        if not isinstance(public_keys, str | bytes | Iterable):
            raise ConfigurationError("public_key: must be the text of a PEM, or several")
        keys = [public_keys] if isinstance(public_keys, str | bytes) else list(public_keys)
        if not all(isinstance(key, str | bytes) for key in keys):
            raise ConfigurationError("public_key: must be the text of a PEM, or several; read the file first")
        if not keys:
            raise ConfigurationError("public_key: no key was given; pass a PEM, or verify_signatures=False")
        from .public_keys import PublicKey  # noqa: PLC0415  # cryptography is kept out of the package's import

        self.public_keys: Final = tuple(keys)
        self._keys = [PublicKey(pem) for pem in keys]
        self._held: OrderedDict[tuple[bytes, str], None] = OrderedDict()
        self._remembered = remembered

    def verify(self, body: bytes, signature: str | None) -> None:
        """Check a v2 signature, the `LicenseSignature` header, over the raw body.

        Args:
            body: The body after content decoding, before parsing.
            signature: The header's value, or None if there was none.

        Raises:
            SignatureError: It is missing, not Base64, or not made by a trusted key over these bytes.

        Cost: about 70 us for each key tried (RSA-4096); only a hash for cached bytes.
        Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature-v2
        """
        if not signature:
            raise SignatureError("the answer has no LicenseSignature header; it was discarded")
        if self.holds(body, signature):
            return
        if _base64(signature) is None:
            raise SignatureError("the answer's LicenseSignature is not one Base64 text; it was discarded")
        raise SignatureError(
            "the answer's LicenseSignature was not made by a trusted key; it was discarded. "
            "If `base_url` is not the vendor's own service, pass that server's `public_key`."
        )

    def holds(self, text: bytes, signature: str) -> bool:
        """Return whether a Base64 signature inside an answer, such as v1, was made by a trusted key over a text.

        Cost: as `verify`.
        """
        seen = hashlib.sha256(text).digest(), signature
        if seen in self._held:
            with suppress(KeyError):  # another thread has just forgotten it
                self._held.move_to_end(seen)
            return True
        raw = _base64(signature)
        if raw is None or not any(key.has_signed(text, raw) for key in self._keys):
            return False
        self._held[seen] = None
        while len(self._held) > self._remembered:
            self._held.popitem(last=False)
        return True


def _base64(text: str) -> bytes | None:
    try:
        decoded = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # not ASCII, or not Base64
        return None
    # The last letter may have unused bits: one signature would have several spellings.
    return decoded if binascii.b2a_base64(decoded, newline=False) == text.encode() else None
