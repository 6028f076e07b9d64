"""License files: the service signed them for a device, and they are checked before they are believed.

A file is believed if a key of the service signed its content (`license_signature_v2`), if it is for this device and
product, and if its other signatures hold. It must have an `offline_signature`; an online activation has none. The
signature of the content covers the JSON text without its signatures, in the order of the file. It is checked over the
text as it stands, because new JSON could write a number or a letter differently.

Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-license-offline-method
"""

from __future__ import annotations

import binascii
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from ..auth import ApiKey, ClientCredentials
from ..endpoints.binding import SameDevice
from ..endpoints.requests import optional, required
from ..errors import AnswerMismatch, InvalidParameter, ResponseError, SignatureError
from ..models import Bundle, License
from ..models.converter import structure
from ..models.json_body import decode
from ..models.json_types import is_same
from ..signatures import PRODUCTION_PUBLIC_KEY, PublicKeys, Verifier
from .request import offline_signature

_SIGNATURE = "license_signature_v2"
_BUNDLE_SIGNATURE = "bundle_signature_v2"
_SPACE = re.compile(r"[ \t\r\n]*")

_Fields = Mapping[str, object]


def read_license(
    text: str,
    *,
    auth: ApiKey | ClientCredentials,
    hardware_id: str,
    product: str,
    public_key: PublicKeys | None = None,
    request_id: str | None = None,
) -> License:
    """Return the license of a `.lic` file: the answer to an activation request.

    Args:
        text: The text of the file: Base64 of JSON. White space around it is ignored.
        auth: The credentials that the request was signed with.
        hardware_id: Unique id of this device.
        product: Short code of the product.
        public_key: PEM of the key that the service signs with; None for the vendor's.
        request_id: Id of the request; None if it was not kept. Then an older file for this device is accepted too.

    Raises:
        ResponseError: The file is damaged, incomplete, or not a license.
        SignatureError: No key of the service signed it; `AnswerMismatch`: it is for another device, product or request.

    Cost: two RSA verifications.
    """
    body, fields = opened(text)
    verifier = Verifier(PRODUCTION_PUBLIC_KEY if public_key is None else public_key)
    _check_content(body.decode(), fields, verifier, without=(_SIGNATURE, "license_signature"))
    _check_request(fields, request_id)
    return _license(fields, auth, verifier, hardware_id=hardware_id, product=product)


def read_refresh(
    text: str,
    *,
    auth: ApiKey | ClientCredentials,
    hardware_id: str,
    product: str,
    public_key: PublicKeys | None = None,
) -> License:
    """Return the license of a refresh file, which the vendor platform makes for a device.

    Args:
        text: The text of the file: Base64 of JSON.
        auth: The credentials of the program.
        hardware_id: Unique id of this device.
        product: Short code of the product.
        public_key: PEM of the key that the service signs with; None for the vendor's.

    Raises:
        ResponseError: The file is damaged, incomplete, or not a license.
        SignatureError: No key of the service signed it; `AnswerMismatch`: it is for another device or product.

    Cost: two RSA verifications.
    """
    body, fields = opened(text)
    verifier = Verifier(PRODUCTION_PUBLIC_KEY if public_key is None else public_key)
    _check_content(body.decode(), fields, verifier, without=(_SIGNATURE,))
    return _license(fields, auth, verifier, hardware_id=hardware_id, product=product)


def read_either(
    text: str,
    *,
    auth: ApiKey | ClientCredentials,
    hardware_id: str,
    product: str,
    public_key: PublicKeys | None = None,
) -> License:
    """Return the license of a `.lic` or a refresh file, as `read_license` and `read_refresh` do."""
    try:
        return read_license(text, auth=auth, hardware_id=hardware_id, product=product, public_key=public_key)
    except AnswerMismatch:
        raise
    except SignatureError:
        # The two are signed differently, and only the signature shows which of them this is.
        return read_refresh(text, auth=auth, hardware_id=hardware_id, product=product, public_key=public_key)


def read_bundle(
    text: str,
    *,
    auth: ApiKey | ClientCredentials,
    hardware_id: str,
    product: str,
    public_key: PublicKeys | None = None,
    request_id: str | None = None,
    allow_uncovered: bool = False,
) -> Bundle:
    """Return the licenses of a bundle's file, of either shape: `{"licenses": [...]}` or one entry for each product.

    How the content of a bundle is signed is not documented. A file is believed if its `bundle_signature_v2` holds over
    the rest of the text, or over the array of licenses, or if each license has a `license_signature_v2` that holds. A
    `bundle_signature_v2` that does not hold is refused. Without any of these, signatures cover only the device, the
    identity and the end of each license, and anyone can change features, counts and states. Such a file is refused
    unless `allow_uncovered` is true.

    Args:
        text: The text of the file: Base64 of JSON.
        auth: The credentials that the request was signed with.
        hardware_id: Unique id of this device.
        product: Short code of the bundle.
        public_key: PEM of the key that the service signs with; None for the vendor's.
        request_id: Id of the request; None if it was not kept.
        allow_uncovered: Whether to believe a file without a signature over its content.

    Raises:
        ResponseError: The file is damaged, incomplete, or not a bundle.
        SignatureError: No key of the service signed it; `AnswerMismatch`: it is for another device, product or request.

    Cost: one RSA verification for the file, and one or two for each license.
    """
    body, fields = opened(text)
    verifier = Verifier(PRODUCTION_PUBLIC_KEY if public_key is None else public_key)
    members = dict(_members(body.decode()))
    in_array = "licenses" in fields
    items: object = fields["licenses"] if in_array else [*fields.values()]
    if not isinstance(items, list) or not items:
        raise ResponseError("the file contains no licenses")
    texts = [*_items(members["licenses"])] if in_array else [*members.values()]
    is_covered = _BUNDLE_SIGNATURE in fields
    if is_covered:
        _check_bundle(fields, members, verifier)
    licenses: list[License] = []
    for each, its_text in zip(cast("list[object]", items), texts, strict=True):
        item = _an_object(each)
        if not is_covered:
            _check_item(its_text, item, verifier, allow_uncovered=allow_uncovered)
        _check_request(item, request_id)
        licenses.append(_license(item, auth, verifier, hardware_id=hardware_id, product=None))
    bundle = Bundle(licenses=tuple(licenses))
    if not any(is_same(product, each) for each in bundle.products):
        raise AnswerMismatch("the file is for another bundle")
    return bundle


def opened(text: str) -> tuple[bytes, Mapping[str, object]]:
    """Return the JSON text of a file, and its members. Nothing is verified.

    Raises:
        InvalidParameter: It is not a string.
        ResponseError: The file is damaged, incomplete, or something else.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidParameter("text", f"must be the file's content as a string, not {type(text).__name__}")
    try:
        body = binascii.a2b_base64(unmarked(text), strict_mode=True)
    except ValueError:
        raise ResponseError("the file is not one Base64 text; it is damaged or incomplete") from None
    return body, _an_object(decode(body))


def unmarked(text: str) -> str:
    """Return a file's text without white space, and without the byte order mark that some editors put before it."""
    return "".join(text.removeprefix("\ufeff").split())


def _an_object(value: object) -> _Fields:
    if not isinstance(value, dict):
        raise ResponseError("the file has the wrong content: a license is a JSON object")
    return cast("_Fields", value)


def _check_content(text: str, fields: _Fields, verifier: Verifier, *, without: tuple[str, ...]) -> None:
    """Raise SignatureError unless `license_signature_v2` covers the content."""
    signature = fields.get(_SIGNATURE)
    if not isinstance(signature, str) or not signature:
        raise SignatureError(f"the file has no {_SIGNATURE} over its content")
    if not any(verifier.holds(form.encode(), signature) for form in _forms(text, fields, without)):
        raise SignatureError(f"the file's {_SIGNATURE} was not made by a trusted key over this content")


def _check_item(text: str, fields: _Fields, verifier: Verifier, *, allow_uncovered: bool) -> None:
    if _SIGNATURE not in fields:
        if allow_uncovered:
            return
        raise SignatureError("no signature covers the content of the file; see allow_uncovered of read_bundle")
    signature = fields[_SIGNATURE]
    forms = {*_forms(text, fields, (_SIGNATURE, "license_signature")), *_forms(text, fields, (_SIGNATURE,))}
    if not isinstance(signature, str) or not any(verifier.holds(form.encode(), signature) for form in forms):
        raise SignatureError(f"a {_SIGNATURE} in the file was not made by a trusted key over its content")


def _check_bundle(fields: _Fields, members: Mapping[str, str], verifier: Verifier) -> None:
    signature = fields[_BUNDLE_SIGNATURE]
    rest = {name: value for name, value in fields.items() if name != _BUNDLE_SIGNATURE}
    forms = {
        _joined({name: text for name, text in members.items() if name != _BUNDLE_SIGNATURE}),
        _compact(rest),
        members.get("licenses", ""),
        _compact(fields.get("licenses")),
    }
    if not isinstance(signature, str) or not any(verifier.holds(form.encode(), signature) for form in forms):
        raise SignatureError(f"the file's {_BUNDLE_SIGNATURE} was not made by a trusted key over its content")


def _check_request(fields: _Fields, request_id: str | None) -> None:
    if request_id is not None and fields.get("request_id") != request_id:
        raise AnswerMismatch("the file answers another request")


def _license(
    fields: _Fields, auth: ApiKey | ClientCredentials, verifier: Verifier, *, hardware_id: str, product: str | None
) -> License:
    license = structure(fields, License, called="license")
    if license.hardware_id is None or not is_same(license.hardware_id, hardware_id):
        raise AnswerMismatch("the file is for another device")
    if product is not None and not is_same(license.product_details.short_code, product):
        raise AnswerMismatch("the file is for another product")
    asked = required(hardware_id=hardware_id, product=license.product_details.short_code)
    SameDevice(asked | optional(license_key=license.license_key))(license, verifier)
    _check_offline_signature(fields, license, auth)
    return license


def _check_offline_signature(fields: _Fields, license: License, auth: ApiKey | ClientCredentials) -> None:
    signature = license.offline_signature
    if signature is None:
        # A recorded online answer would otherwise be a file, and stand without the service for ever.
        raise SignatureError("the file has no offline_signature; it may be an online answer, which is no file")
    date, email = str(fields.get("date")), None if license.user is None else license.user.email
    names = [each for each in (license.license_key, license.username, email) if each]
    made = [offline_signature(auth, date, each, str(license.hardware_id)) for each in names]
    if not any(hmac.compare_digest(each.encode(), signature.encode()) for each in made):
        raise SignatureError("the file's offline_signature was not made with these credentials for this license")


def _forms(text: str, fields: _Fields, without: tuple[str, ...]) -> Iterator[str]:
    """Return the texts that a signature may cover: the text as it stands, and its compact form."""
    yield _joined({name: value for name, value in _members(text) if name not in without})
    yield _compact({name: value for name, value in fields.items() if name not in without})


def _joined(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_compact(name)}:{text}" for name, text in members.items()) + "}"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Return the names of a JSON object's members, and their values' texts as they stand."""
    decoder, at = json.JSONDecoder(), text.index("{") + 1
    while text[at := _past_space(text, at)] != "}":
        at += text[at] == ","
        name, at = decoder.raw_decode(text, _past_space(text, at))
        start = _past_space(text, _past_space(text, at) + 1)
        _, at = decoder.raw_decode(text, start)
        yield name, text[start:at]


def _items(text: str) -> Iterator[str]:
    """Return the texts of the items of a JSON array, as they stand."""
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    while text[at := _past_space(text, at)] != "]":
        at += text[at] == ","
        start = _past_space(text, at)
        _, at = decoder.raw_decode(text, start)
        yield text[start:at]


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()
