"""Offline requests: signed JSON in Base64, in one of two schemas.

Schema 1 is a flat object; its `signature` covers date, license key or user, device, and API key or OAuth client. Schema
2 is `{"request": {...}, "signature": ...}`; the signature covers the text of the request.
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

# Cannot match inside a string, because quotation marks are escaped there; an inner `request` is a string.
_REQUEST: Final = re.compile(r'"request"\s*:\s*(?={)')


@attrs.frozen
class OfflineRequest:
    """A decoded offline request.

    Args:
        fields: Its fields, without the signature.
        signature: The signature.
        text: The signed text in schema 2; None in schema 1.
    """

    fields: JsonObject
    signature: str
    text: str | None

    def is_signed_by(self, key: str, credential: str) -> bool:
        """Return whether the secret `key` of an API key or OAuth client (`credential`) signed it."""
        own = self.signature.encode()
        return any(hmac.compare_digest(own, sign(key, text).encode()) for text in self._texts(credential))

    def _texts(self, credential: str) -> Iterator[str]:
        if self.text is None:
            named = self.fields.get("license_key") or self.fields.get("username")
            yield signed_text(str(self.fields.get("date")), str(named), str(self.fields.get("hardware_id")), credential)
            return
        yield self.text
        # Some clients sign another spelling of the JSON than the one they send.
        for ascii_only in (False, True):
            for separators in ((",", ":"), (", ", ": ")):
                yield json.dumps(self.fields, ensure_ascii=ascii_only, separators=separators)


def sign(key: str, text: str) -> str:
    """Return the HMAC-SHA256 of a text in Base64."""
    return b64encode(hmac.digest(key.encode(), text.encode(), sha256)).decode()


def signed_text(date: str, named: str, hardware_id: str, credential: str) -> str:
    """Return the text that the signature of schema 1, and the `offline_signature` of an answer, cover."""
    return f"licenseSpring\ndate: {date}\n{named}\n{hardware_id}\n{credential}"


def read_upload(body: bytes, content_type: str) -> str:
    """Return the text of a request: the body, or the part `file` of a form.

    Raises:
        ServiceError: missing_parameters without a body or that part; missing_content if it is empty.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        if not body:
            raise ServiceError("missing_parameters", "Missing the request's text.")
        return _content(body)
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") == "file":
            return _content(cast("bytes | None", part.get_payload(decode=True)) or b"")  # None: a form in the form
    raise ServiceError("missing_parameters", "Missing the part file.")


def read_request(text: str) -> OfflineRequest:
    """Decode the text of a request.

    Raises:
        ServiceError: authorization_missing_params if it is not Base64 or has no signature.
    """
    try:
        content = b64decode(text.encode(), validate=True).decode()
        fields = _object(content)
        signature = fields.pop("signature")
        inner = fields.get("request")
        if isinstance(inner, Mapping):
            own = dict(cast("Mapping[str, Any]", inner))
            return OfflineRequest(own, str(signature), _text_of_request(content))
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise ServiceError("authorization_missing_params", "The text is not a signed offline request.") from error
    return OfflineRequest(fields, str(signature), None)


def _object(text: str) -> JsonObject:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise TypeError("not an object")
    encode(cast("JsonObject", fields))  # raises for half a surrogate pair, which JSON can escape
    return cast("JsonObject", fields)


def _content(content: bytes) -> str:
    text = content.decode("latin-1").strip()
    if not text:
        raise ServiceError("missing_content")
    return text


def _text_of_request(content: str) -> str:
    """Return the exact text of the value of `request`; raise ValueError if that name is written with escapes."""
    start = _REQUEST.search(content)
    if start is None:
        raise ValueError("request is written with escapes")
    _, end = json.JSONDecoder().raw_decode(content, start.end())
    return content[start.end() : end]
