"""What a license store keeps, and the one encoding that each record has.

A record is one line of JSON in ASCII, its members in a fixed order and its bytes in Base64. The last member seals
everything before it. What is read must be, byte for byte, what would be written: otherwise it is damaged.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import b64encode
from typing import Final, cast

import attrs

from ..errors import ResponseError
from ..models.json_body import decode
from ..redaction import Unpickled
from .store_errors import StoreDamaged, StoreTooNew

_VERSION: Final = 1
_LAST: Final = 250_000_000_000  # seconds since the epoch that a datetime can hold
_SEALED: Final = len(b',"seal":"') + 44 + len(b'"}\n')


@attrs.frozen(kw_only=True)
class Record(Unpickled):
    """A license as the service gave it, and when.

    Attributes:
        body: Of an answer, or the text of an offline file; as it came.
        signature: Of an answer: its `LicenseSignature` header. None of a file, which holds its own.
        came_at: Whole seconds since the epoch.
        newest: The newest moment that was seen, likewise.
    """

    body: bytes = attrs.field(repr=False)
    signature: str | None = attrs.field(repr=False)
    came_at: int
    newest: int


def encoded(record: Record, secret: bytes) -> bytes:
    """Return the bytes of a record; an empty secret makes the seal a mere checksum."""
    fields = {
        "version": _VERSION,
        "body": b64encode(record.body).decode(),
        "signature": record.signature,
        "came_at": record.came_at,
        "newest": record.newest,
    }
    return _sealed(json.dumps(fields, separators=(",", ":")).encode()[:-1], secret)


def decoded(raw: bytes, secret: bytes) -> Record:
    """Return the record that bytes are.

    Raises:
        StoreDamaged: They are not what `encoded` makes with this secret.
        StoreTooNew: A newer version of the package made them.
    """
    content = raw[:-_SEALED]
    # The seal is checked in the same way in every version, so that a damaged version is not taken for a newer one.
    if not hmac.compare_digest(_sealed(content, secret), raw):
        raise StoreDamaged("was damaged or changed, or it was sealed with another secret")
    try:
        value = decode(content + b"}")
    except ResponseError:
        value = None
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    version = fields.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise StoreTooNew(f"has version {version} of its format; this package reads up to {_VERSION}")
    record = _record(fields)
    # Whoever has no secret to fear can seal what is no record.
    if record is None or encoded(record, secret) != raw:
        raise StoreDamaged("does not hold a license")
    return record


def _record(fields: dict[str, object]) -> Record | None:
    body, signature, times = fields.get("body"), fields.get("signature"), (fields.get("came_at"), fields.get("newest"))
    if not isinstance(body, str) or not isinstance(signature, str | None):
        return None
    came_at, newest = (each if type(each) is int and 0 <= each < _LAST else None for each in times)
    if came_at is None or newest is None:
        return None
    try:
        raw = binascii.a2b_base64(body, strict_mode=True)
    except ValueError:
        return None
    if signature is None and not raw.isascii():
        return None
    return Record(body=raw, signature=signature, came_at=came_at, newest=newest)


def _sealed(content: bytes, secret: bytes) -> bytes:
    seal = b64encode(hmac.new(secret, content, hashlib.sha256).digest())
    return content + b',"seal":"' + seal + b'"}\n'
