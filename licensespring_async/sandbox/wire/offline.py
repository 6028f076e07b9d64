"""Offline requests: a Base64 text of JSON, in one of two schemas, that a key signs.

Schema 1 is a flat object whose `signature` covers its date, key or user, device and credentials. Schema 2 is
`{"request": {...}, "signature": ...}`, and the signature covers the text of the request.
https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-license-offline-method
"""

from __future__ import annotations

import binascii
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from typing import Any, Final, cast

import attrs

from .jsontext import JsonObject, encode
from .refusals import ServiceError

# An inner `request` is a text, and a quotation mark inside a text is escaped.
_REQUEST: Final = re.compile(r'"request"\s*:\s*(?={)')


@attrs.frozen
class OfflineRequest:
    """What an offline request says, and what its signature covers.

    Args:
        fields: Its fields, without the signature.
        signature: The signature.
        text: The text of the request in schema 2; None in schema 1.
    """

    fields: JsonObject
    signature: str
    text: str | None

    def is_signed_by(self, key: str, credential: str) -> bool:
        """Return whether a key signed it, that of an API key or an OAuth client."""
        own = self.signature.encode()
        return any(hmac.compare_digest(own, sign(key, text).encode()) for text in self._texts(credential))

    def _texts(self, credential: str) -> Iterator[str]:
        if self.text is None:
            named = self.fields.get("license_key") or self.fields.get("username")
            yield signed_text(str(self.fields.get("date")), str(named), str(self.fields.get("hardware_id")), credential)
            return
        yield self.text
        # Clients differ in how they write the text that they sign and the one that they send.
        for ascii_only in (False, True):
            for separators in ((",", ":"), (", ", ": ")):
                yield json.dumps(self.fields, ensure_ascii=ascii_only, separators=separators)


def sign(key: str, text: str) -> str:
    """Return the Base64 of a text's HMAC with SHA-256."""
    return b64encode(hmac.digest(key.encode(), text.encode(), sha256)).decode()


def signed_text(date: str, named: str, hardware_id: str, credential: str) -> str:
    """Return what the signature of schema 1 covers, and the `offline_signature` of an answer."""
    return f"licenseSpring\ndate: {date}\n{named}\n{hardware_id}\n{credential}"


def read_upload(body: bytes, content_type: str) -> str:
    """Return the text of a request: the body, or the part `file` of a form.

    Raises:
        ServiceError: missing_parameters without a body or the part, missing_content if it is empty.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        if not body:
            raise ServiceError("missing_parameters", "Missing the request's text.")
        return _content(body)
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") == "file":
            return _content(cast("bytes", part.get_payload(decode=True)))
    raise ServiceError("missing_parameters", "Missing the part file.")


def read_request(text: str) -> OfflineRequest:
    """Decode the text of a request.

    Raises:
        ServiceError: authorization_missing_params: it is not Base64, or lacks its signature.
    """
    try:
        content = b64decode(text.encode(), validate=True).decode()
        fields = cast("JsonObject", dict(json.loads(content)))
        signature = fields.pop("signature")
        inner = fields.get("request")
        if isinstance(inner, Mapping):
            own = dict(cast("Mapping[str, Any]", inner))
            return OfflineRequest(own, str(signature), _text_of_request(content))
        encode(fields)  # half of a surrogate pair can be escaped in JSON, and is not text
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise ServiceError("authorization_missing_params", "The text is not a signed offline request.") from error
    return OfflineRequest(fields, str(signature), None)


def _content(content: bytes) -> str:
    text = content.decode("latin-1").strip()
    if not text:
        raise ServiceError("missing_content")
    return text


def _text_of_request(content: str) -> str:
    """Return the value of `request` as it is written in an object that has it."""
    start = _REQUEST.search(content)
    assert start is not None  # noqa: S101 - it was parsed
    _, end = json.JSONDecoder().raw_decode(content, start.end())
    return content[start.end() : end]
