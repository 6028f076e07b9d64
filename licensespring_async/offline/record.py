"""The record in a license store, and its only encoding.

A record is one line of ASCII JSON, with its members in a fixed order and bytes in Base64. The last member seals
everything before it. A record is damaged unless encoding it again gives the same bytes.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, cast

import attrs

from ..errors import ResponseError
from ..models.json_body import decode
from ..redaction import Unpickled
from .store_errors import StoreDamaged, StoreTooNew
from .uses import Doubt, Uses

_VERSION: Final = 1
_LAST: Final = 250_000_000_000  # seconds since the epoch that a datetime can hold
_SEALED: Final = len(b',"seal":"') + 44 + len(b'"}\n')


class Kind(StrEnum):
    """The kind of a record's body."""

    NOTHING = "nothing"
    """Empty: only uses are kept."""
    ANSWER = "answer"
    """The body of an answer; its signature is a member of its own."""
    FILE = "file"
    """The text of an offline file, which contains its signatures."""
    AIR_GAP = "air gap"
    """An air-gap confirmation as JSON."""


@attrs.frozen(kw_only=True)
class Record(Unpickled):
    """A license as the service gave it, and the uses that were counted on this device.

    Attributes:
        kind: The kind of the body.
        body: The body, as it came.
        signature: The `LicenseSignature` header of an answer.
        came_at: When the body came, in whole seconds since the epoch.
        newest: The newest moment that was seen, likewise.
        uses: Uses that the service may not have counted.
        settled: Uses that it has counted since the body came, by feature; "" is the license itself.
    """

    kind: Kind = Kind.NOTHING
    body: bytes = attrs.field(default=b"", repr=False)
    signature: str | None = attrs.field(default=None, repr=False)
    came_at: int
    newest: int
    uses: Uses = attrs.field(factory=Uses)
    settled: Mapping[str, int] = attrs.field(factory=dict[str, int])


def encoded(record: Record, secret: bytes) -> bytes:
    """Return the bytes of a record. With an empty secret, the seal is only a checksum."""
    fields = {
        "version": _VERSION,
        "kind": record.kind,
        "body": b64encode(record.body).decode(),
        "signature": record.signature,
        "came_at": record.came_at,
        "newest": record.newest,
        "kept": dict(sorted(record.uses.kept.items())),
        "settled": dict(sorted(record.settled.items())),
        "whose": record.uses.whose,
        "doubts": [[each.id, each.feature, each.consumptions, each.sent_at] for each in record.uses.doubts],
    }
    return _sealed(json.dumps(fields, separators=(",", ":")).encode()[:-1], secret)


def decoded(raw: bytes, secret: bytes) -> Record:
    """Return the record that is encoded in bytes.

    Raises:
        StoreDamaged: `encoded` did not make them with this secret.
        StoreTooNew: A newer version of the package made them.
    """
    content = raw[:-_SEALED]
    # All versions seal in the same way, so a damaged version number is not taken for a newer one.
    if not hmac.compare_digest(_sealed(content, secret), raw):
        raise StoreDamaged("was damaged or changed, or it was sealed with another secret")
    try:
        # It may be as large as the answer in it; the file's size was limited when it was read.
        value = decode(content + b"}", is_signed=True)
    except ResponseError:
        value = None
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    version = fields.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise StoreTooNew(f"has version {version} of its format; this package reads up to {_VERSION}")
    record = _record(fields)
    # Without a secret, anyone can seal something that is not a record.
    if record is None or encoded(record, secret) != raw:
        raise StoreDamaged("does not contain a license")
    return record


def _record(fields: dict[str, object]) -> Record | None:
    kind, signature = fields.get("kind"), fields.get("signature")
    came_at, newest = _moment(fields.get("came_at")), _moment(fields.get("newest"))
    kept, settled, doubts = _counts(fields.get("kept")), _counts(fields.get("settled")), _doubts(fields.get("doubts"))
    body, whose = _bytes(fields.get("body")), fields.get("whose")
    if kind not in tuple(Kind) or body is None or came_at is None or newest is None:
        return None
    if kept is None or settled is None or doubts is None or not isinstance(whose, str):
        return None
    if isinstance(signature, str) != (kind == Kind.ANSWER):
        return None
    if kind == Kind.FILE and not body.isascii():
        return None
    return Record(
        kind=Kind(str(kind)),
        body=body,
        signature=signature if isinstance(signature, str) else None,
        came_at=came_at,
        newest=newest,
        uses=Uses(kept=kept, doubts=doubts, whose=whose),
        settled=settled,
    )


def _bytes(value: object) -> bytes | None:
    try:
        return binascii.a2b_base64(value, strict_mode=True) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < _LAST else None


def _counts(value: object) -> dict[str, int] | None:
    if not isinstance(value, dict):
        return None
    given = cast("dict[str, object]", value)
    counts = {name: each for name, each in given.items() if type(each) is int and each}
    return counts if len(counts) == len(given) else None


def _doubts(value: object) -> tuple[Doubt, ...] | None:
    if not isinstance(value, list):
        return None
    doubts = [_doubt(each) for each in cast("list[object]", value)]
    found = tuple(each for each in doubts if each is not None)
    return found if len(found) == len(doubts) else None


def _doubt(value: object) -> Doubt | None:
    if not isinstance(value, list) or len(cast("list[object]", value)) != 4:
        return None
    id, feature, consumptions, sent_at = cast("list[object]", value)
    if not isinstance(id, str) or not isinstance(feature, str | None) or type(consumptions) is not int:
        return None
    at = _moment(sent_at)
    return None if at is None else Doubt(id=id, feature=feature, consumptions=consumptions, sent_at=at)


def _sealed(content: bytes, secret: bytes) -> bytes:
    seal = b64encode(hmac.new(secret, content, hashlib.sha256).digest())
    return content + b',"seal":"' + seal + b'"}\n'
