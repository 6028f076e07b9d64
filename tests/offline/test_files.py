"""License files are believed when the service signed them for this device and product, and only then."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensespring_async import (
    AnswerMismatch,
    ApiKey,
    ConfigurationError,
    InvalidParameter,
    License,
    LicenseSpringError,
    ResponseError,
    SignatureError,
)
from licensespring_async.offline import read_bundle, read_license, read_refresh

from ..unit import bodies
from ..unit.keys import Signer
from .making import AUTH, DEVICE, compact, encoded, license_fields, license_file, offline_signature, refresh_file

SIGNER = Signer()
FILE = license_file(SIGNER)


def read(text: str, **changes: object) -> License:
    given = {"auth": AUTH, "hardware_id": DEVICE, "product": "APP", "public_key": SIGNER.public_key, **changes}
    return read_license(text, **given)  # type: ignore[arg-type]


def test_a_file_for_this_device_is_read() -> None:
    """Gives the license that the service signed, as an online answer gives it."""
    license = read(FILE, request_id="7c0f")

    assert license.product_details.short_code == "APP"
    assert license.metadata == {"owner": "Zoë", "ratio": 1.5}


def test_line_ends_do_not_count() -> None:
    """Reads a file that an editor or a mail has broken into lines, or begun with a mark that cannot be seen."""
    in_lines = "\r\n".join(FILE[start : start + 76] for start in range(0, len(FILE), 76))
    for text in (f"\n{FILE}\n", in_lines, f"\ufeff{FILE}\r\n"):
        assert read(text).hardware_id == DEVICE


def test_the_order_and_the_numbers_of_the_file_survive() -> None:
    """Checks the text as it stands: 1.50 is not written as 1.5 before the signature is checked."""
    fields = license_fields(SIGNER)
    text = compact({name: value for name, value in fields.items() if name != "license_signature"})
    text = text.replace('"ratio":1.5', '"ratio":1.50').replace("Zoë", "Zo\\u00eb")
    signature = compact(SIGNER.sign(text.encode()))
    whole = (
        text[:-1] + f',"license_signature_v2":{signature},"license_signature":{compact(fields["license_signature"])}}}'
    )

    assert read(encoded(whole)).metadata == {"owner": "Zoë", "ratio": 1.5}


def test_a_refresh_file_is_read() -> None:
    """Checks a refresh file over its text with the v1 signature in it."""
    text = refresh_file(SIGNER)
    given = {"auth": AUTH, "hardware_id": DEVICE, "product": "APP", "public_key": SIGNER.public_key}

    assert read_refresh(text, **given).hardware_id == DEVICE  # type: ignore[arg-type]
    with pytest.raises(SignatureError):
        read(text)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"hardware_id": "Device-0004"}, "another device"),
        ({"product": "TOOLS"}, "another product"),
        ({"request_id": "another"}, "another request"),
    ],
)
def test_a_file_for_something_else_is_refused(changes: dict[str, object], problem: str) -> None:
    """Names what the file is for: another device, product or request."""
    with pytest.raises(AnswerMismatch, match=problem):
        read(FILE, **changes)


def test_other_credentials_are_refused() -> None:
    """Refuses a file whose offline signature was made with another shared key."""
    with pytest.raises(SignatureError, match="offline_signature"):
        read(FILE, auth=ApiKey(api_key="api-key-0001", shared_key="another"))


@pytest.mark.parametrize("auth", [None, "api-key-0001"])
def test_what_are_no_credentials_is_named_so(auth: Any) -> None:
    """Says which credentials are wanted."""
    with pytest.raises(ConfigurationError, match="auth: must be an ApiKey or ClientCredentials"):
        read(FILE, auth=auth)


def test_another_key_is_refused() -> None:
    """Refuses a file that another service signed."""
    with pytest.raises(SignatureError, match="license_signature_v2"):
        read(FILE, public_key=Signer().public_key)


@pytest.mark.parametrize(
    "names",
    [{"username": "ana@example.org|DSE2"}, {"user": bodies.user(email="ana@example.org")}],
    ids=["a username", "an e-mail address"],
)
def test_a_users_file_is_read(names: dict[str, Any]) -> None:
    """Believes the file of a user, by whichever name the file has."""
    named = names.get("username") or "ana@example.org"
    v1 = f"{DEVICE}#ana@example.org#{bodies.license()['validity_period']}".lower()
    signed = {"license_signature": SIGNER.sign(v1.encode()), "offline_signature": offline_signature(named)}
    fields = {name: value for name, value in license_fields(SIGNER, **names, **signed).items() if name != "license_key"}

    assert read(encoded(compact(signed_item(fields)))).license_key is None


def test_a_v1_signature_for_another_device_is_refused() -> None:
    """Checks the v1 signature too, where the file has one."""
    with pytest.raises(AnswerMismatch, match="not signed for this device"):
        read(license_file(SIGNER, license_signature=SIGNER.sign(b"something else")))


def test_an_online_answer_is_no_file() -> None:
    """Refuses an activation with the signature of its header written into its text: it must not outlive a grace."""
    v1 = f"{DEVICE}#{bodies.license()['license_key']}#{bodies.license()['validity_period']}".lower()
    fields = bodies.activation(hardware_id=DEVICE, license_signature=SIGNER.sign(v1.encode()))
    text, given = compact(fields), {"auth": AUTH, "hardware_id": DEVICE, "public_key": SIGNER.public_key}
    as_license = compact({**fields, "license_signature_v2": SIGNER.sign(text.encode())})
    as_bundle = f'{{"licenses":[{text}],"bundle_signature_v2":"{SIGNER.sign(f"[{text}]".encode())}"}}'

    with pytest.raises(SignatureError, match="no offline_signature"):
        read_refresh(encoded(as_license), product="APP", **given)  # type: ignore[arg-type]
    with pytest.raises(SignatureError, match="no offline_signature"):
        read_bundle(encoded(as_bundle), product="APP", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("signature", [None, "", 5])
def test_an_unsigned_file_is_refused(signature: object) -> None:
    """Believes no content that is not signed."""
    fields = license_fields(SIGNER)
    if signature is not None:
        fields["license_signature_v2"] = signature
    with pytest.raises(SignatureError, match="has no license_signature_v2"):
        read(encoded(compact(fields)))


@pytest.mark.parametrize(
    "text",
    ["", "é", FILE[:-1], FILE[: len(FILE) // 2], FILE * 2, FILE + "AAAA", encoded("[]"), encoded("{}"), encoded('"x"')],
    ids=["empty", "not ASCII", "a letter short", "half", "doubled", "more behind it", "array", "nothing in it", "text"],
)
def test_a_damaged_file_is_named_so(text: str) -> None:
    """Refuses what is damaged, incomplete or something else, with an error of this package."""
    with pytest.raises((ResponseError, SignatureError)):
        read(text)


@pytest.mark.parametrize("given", [b"e30=", bytearray(b"e30="), None, 5], ids=repr)
def test_what_is_no_text_is_named_so(given: Any) -> None:
    """Says what it is and what is wanted."""
    for reader in (read, read_all):
        with pytest.raises(InvalidParameter, match="text: must be the file's content as a string"):
            reader(given)


def test_a_name_twice_is_refused() -> None:
    """Refuses a file that says one thing twice, whichever of the two was signed."""
    raw = b64decode(FILE).decode()
    with pytest.raises(ResponseError, match="twice"):
        read(encoded(raw[:-1] + ',"license_active":true}'))


def test_every_changed_byte_is_refused() -> None:
    """Refuses the file with any one byte of its JSON changed."""
    raw = b64decode(FILE)
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 0x01]) + raw[at + 1 :]
        with pytest.raises(LicenseSpringError):
            read(b64encode(changed).decode())


@settings(max_examples=200)
@given(
    at=st.integers(0, len(FILE) - 1),
    letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="),
)
def test_every_changed_letter_is_refused(at: int, letter: str) -> None:
    """Refuses the file with any one letter of its Base64 changed, or gives the very same license."""
    changed = FILE[:at] + letter + FILE[at + 1 :]
    try:
        license = read(changed)
    except LicenseSpringError:
        return
    assert changed == FILE or license == read(FILE)


def test_a_signature_has_one_spelling() -> None:
    """Refuses a signature whose last letter has bits that Base64 does not use."""
    content = b64decode(FILE).decode()
    at = content.index('=="}') - 1
    changed = content[:at] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[content[at]] + content[at + 1 :]

    with pytest.raises(SignatureError):
        read(encoded(changed))


def a_bundle(*codes: str) -> list[dict[str, object]]:
    return [license_fields(SIGNER, product_details=bodies.product(code)) for code in codes]


def read_all(text: str, **changes: object) -> tuple[str, ...]:
    given = {"auth": AUTH, "hardware_id": DEVICE, "product": "SUITE", "public_key": SIGNER.public_key, **changes}
    return read_bundle(text, **given).products  # type: ignore[arg-type]


@pytest.mark.parametrize("covers", ["the array", "the file"])
def test_a_bundle_is_believed_by_its_signature(covers: str) -> None:
    """Takes a bundle whose signature holds over the array of licenses, or over the file without it."""
    licenses = a_bundle("SUITE", "APP")
    signed = licenses if covers == "the array" else {"licenses": licenses}
    whole = {"licenses": licenses, "bundle_signature_v2": SIGNER.sign(compact(signed).encode())}

    assert read_all(encoded(compact(whole)), request_id="7c0f") == ("SUITE", "APP")


def test_a_bundle_with_one_changed_feature_is_refused() -> None:
    """Refuses a bundle whose content is not what was signed."""
    licenses = a_bundle("SUITE", "APP")
    signature = SIGNER.sign(compact(licenses).encode())
    licenses[1]["max_activations"] = 1000
    with pytest.raises(SignatureError, match="bundle_signature_v2"):
        read_all(encoded(compact({"licenses": licenses, "bundle_signature_v2": signature})))


def signed_item(fields: dict[str, object]) -> dict[str, object]:
    content = {name: value for name, value in fields.items() if name != "license_signature"}
    return {**fields, "license_signature_v2": SIGNER.sign(compact(content).encode())}


def test_the_older_shape_is_believed_by_its_licenses() -> None:
    """Takes an entry for each product when each is signed by itself."""
    whole = {code: signed_item(fields) for code, fields in zip(("SUITE", "APP"), a_bundle("SUITE", "APP"), strict=True)}

    assert read_all(encoded(compact(whole))) == ("SUITE", "APP")


def test_a_bundle_whose_content_nothing_covers_is_refused_unless_said() -> None:
    """Refuses a file that only device, identity and end are signed in, and reads it when the caller says so."""
    text = encoded(compact({"licenses": a_bundle("SUITE", "APP")}))

    with pytest.raises(SignatureError, match="allow_uncovered"):
        read_all(text)
    assert read_all(text, allow_uncovered=True) == ("SUITE", "APP")


def test_a_bundle_is_asked_for_in_any_case() -> None:
    """Compares the product as the service does, like the readers of one license."""
    licenses = a_bundle("SUITE", "APP")
    whole = {"licenses": licenses, "bundle_signature_v2": SIGNER.sign(compact(licenses).encode())}

    assert read_all(encoded(compact(whole)), product="suite") == ("SUITE", "APP")
    assert read(FILE, product="app").product_details.short_code == "APP"


def test_another_bundle_is_refused() -> None:
    """Refuses a file without the bundle that was asked for."""
    licenses = a_bundle("OTHER", "APP")
    whole = {"licenses": licenses, "bundle_signature_v2": SIGNER.sign(compact(licenses).encode())}
    with pytest.raises(AnswerMismatch, match="another bundle"):
        read_all(encoded(compact(whole)))


@pytest.mark.parametrize("text", ["{}", '{"licenses":[]}', '{"licenses":{}}', '{"licenses":[5]}', '{"SUITE":5}', "[]"])
def test_what_is_no_bundle_is_named_so(text: str) -> None:
    """Refuses what holds no licenses."""
    with pytest.raises((ResponseError, SignatureError)):
        read_all(encoded(text))


def test_a_text_is_json_when_it_is_believed() -> None:
    """Agrees with a plain JSON reader on what the file says."""
    assert read(FILE).to_dict()["id"] == json.loads(b64decode(FILE))["id"]
