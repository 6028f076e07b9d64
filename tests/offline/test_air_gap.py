"""Codes of an air-gapped device, against an independent implementation of the formulas (`vectors.json`)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1

from licensespring_async import (
    AnswerMismatch,
    ConfigurationError,
    InvalidParameter,
    License,
    ResponseError,
    SignatureError,
)
from licensespring_async.offline import AirGap, AirGapConfirmation, read_policy

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
COMPANY = VECTORS["public_key"]
CONFIRMED = VECTORS["confirmations"]


@pytest.mark.parametrize("vector", CONFIRMED, ids=lambda vector: vector["about"])
def test_the_portals_confirmations_hold(vector: dict[str, Any]) -> None:
    """Takes what the company's key has signed for this device, license and policy."""
    AirGap(COMPANY).confirm(
        vector["confirmation_code"],
        hardware_id=vector["hardware_id"],
        license_key=vector["license_key"],
        policy_id=vector["policy_id"],
    )


@pytest.mark.parametrize(
    "change",
    [{"hardware_id": "other"}, {"license_key": "OTHER"}, {"policy_id": 5}],
    ids=lambda change: next(iter(change)),
)
def test_another_device_license_or_policy_is_refused(change: dict[str, Any]) -> None:
    """Refuses a confirmation that was made for something else."""
    given = {key: CONFIRMED[0][key] for key in ("hardware_id", "license_key", "policy_id")} | change
    with pytest.raises(SignatureError):
        AirGap(COMPANY).confirm(CONFIRMED[0]["confirmation_code"], **given)


def test_every_changed_byte_of_a_confirmation_is_refused() -> None:
    """Refuses a confirmation in which one byte is another."""
    vector, raw = CONFIRMED[0], b64decode(CONFIRMED[0]["confirmation_code"])
    for at in range(len(raw)):
        changed = b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        with pytest.raises(SignatureError):
            AirGap(COMPANY).confirm(
                changed,
                hardware_id=vector["hardware_id"],
                license_key=vector["license_key"],
                policy_id=vector["policy_id"],
            )


@pytest.mark.parametrize(
    "code", ["", "not Base64", b64encode(bytes(63)).decode(), b64encode(bytes(64)).decode(), "é", None, 5]
)
def test_what_is_no_confirmation_is_refused(code: Any) -> None:
    """Refuses a code that was not copied whole."""
    with pytest.raises(SignatureError):
        AirGap(COMPANY).confirm(code, hardware_id="d", license_key="K", policy_id=1)


@pytest.mark.parametrize("vector", VECTORS["initializations"], ids=lambda vector: vector["about"])
def test_an_activation_code_is_signed_with_the_portals_key(vector: dict[str, Any]) -> None:
    """Signs device and license with the key of the initialization code, over SHA-1, as Base64 of r and s."""
    key = {"hardware_id": "device-ä", "license_key": "KEY-1"}
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + b64decode(vector["public"]))
    for make in (AirGap(COMPANY).activation_code, AirGap(COMPANY).deactivation_code):
        raw = b64decode(make(vector["initialization_code"], **key))
        assert len(raw) == 64
        signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(signature, "device-äKEY-1".encode(), ec.ECDSA(SHA1()))  # noqa: S303
        with pytest.raises(InvalidSignature):
            public.verify(signature, b"another deviceKEY-1", ec.ECDSA(SHA1()))  # noqa: S303


@pytest.mark.parametrize(
    "code",
    ["", "?", b64encode(bytes(32)).decode(), b64encode(b"\xff" * 32).decode(), b64encode(bytes(33)).decode(), None, 5],
)
def test_what_is_no_initialization_code_is_refused(code: Any) -> None:
    """Names the argument when the code is not one of the portal's."""
    with pytest.raises(InvalidParameter, match="initialization_code"):
        AirGap(COMPANY).activation_code(code, hardware_id="d", license_key="K")


@pytest.mark.parametrize("key", ["", "?", b64encode(bytes(63)).decode(), b64encode(bytes(64)).decode(), None, 5])
def test_what_is_no_company_key_is_refused(key: Any) -> None:
    """Refuses a key that is no point of the curve."""
    with pytest.raises(ConfigurationError, match="public_key"):
        AirGap(key)


def policy(**fields: object) -> str:
    return b64encode(json.dumps({"id": 7, "default_license_type": "perpetual", **fields}).encode()).decode()


def test_a_policy_file_is_of_its_policy() -> None:
    """Reads a policy file when its id is the one that was confirmed."""
    for text in (f" {policy()}\n", f"\ufeff{policy()}"):
        assert read_policy(text, policy_id=7).fields["default_license_type"] == "perpetual"
    with pytest.raises(AnswerMismatch):
        read_policy(policy(), policy_id=8)


@pytest.mark.parametrize(
    "text", ["", "?", policy()[:-3], policy() * 2, policy(id="7"), policy(id=None), "W10=", None, {"id": 7}]
)
def test_a_damaged_policy_file_is_named_so(text: Any) -> None:
    """Refuses a file that is damaged, doubled or something else."""
    with pytest.raises(ResponseError):
        read_policy(text, policy_id=7)


VECTOR = next(each for each in CONFIRMED if each["policy_id"] == 7)
CONFIRMATION = AirGapConfirmation(
    license_key=VECTOR["license_key"], policy_id=7, confirmation_code=VECTOR["confirmation_code"]
)


def licensed(*policies: str, product: str = "CAD", confirmation: AirGapConfirmation = CONFIRMATION) -> License:
    air_gap = AirGap(COMPANY, policies=policies)
    return air_gap.license(confirmation, hardware_id=VECTOR["hardware_id"], product=product)


def test_a_confirmation_is_a_license_of_its_policy() -> None:
    """Gives the license of the confirmed policy: its features and uses, active, and nothing that it does not say."""
    features = [{"code": "export"}, {"code": "scan", "feature_type": "consumption", "max_consumption": 4}]
    license = licensed(policy(id=1), policy(product="CAD", features=features))

    assert license.is_valid()
    assert (license.license_type, license.license_key, license.ends_at) == ("perpetual", "KEY-0005", None)
    assert license.is_air_gapped
    assert license.product_features[1].remaining_consumptions == 4
    assert license.feature("print") is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"product": None}, "product_details"),
        ({"product": "CAD", "default_license_type": None}, "license_type"),
        ({"product": "CAD", "default_license_type": "time-limited"}, "until when"),
        ({"product": "CAD", "is_trial": True, "trial_days": 30}, "is a trial, but does not say until when"),
        ({"product": "CAD", "is_floating": True}, "is floating"),
        ({"product": "CAD", "features": {}}, "product_features"),
        ({"product": "CAD", "features": [5]}, "product_features"),
    ],
)
def test_a_policy_that_leaves_something_open_licenses_nothing(fields: dict[str, Any], problem: str) -> None:
    """Refuses a policy that does not say what is licensed, or until when."""
    with pytest.raises(ResponseError, match=problem):
        licensed(policy(**fields))


def test_a_time_limited_policy_ends() -> None:
    """Takes the end of a license that has one from the policy."""
    fields = {"product": "CAD", "default_license_type": "time-limited", "validity_period": "2020-01-01"}
    assert not licensed(policy(**fields)).is_valid()


def test_only_the_programs_policies_count() -> None:
    """Takes no policy that the program does not bring along, and none of another product."""
    with pytest.raises(ConfigurationError, match="policies: the confirmed policy 7 is missing"):
        licensed(policy(id=8, product="CAD"))
    with pytest.raises(AnswerMismatch, match="another product"):
        licensed(policy(product="TOOLS"))


def test_a_confirmation_of_another_policy_is_no_license() -> None:
    """Refuses the code of one policy with the id of another."""
    other = attrs.evolve(CONFIRMATION, policy_id=8)
    with pytest.raises(SignatureError):
        licensed(policy(id=8, product="CAD"), confirmation=other)


def test_a_confirmation_is_of_one_policy() -> None:
    """Refuses policies of which one's confirmation holds for the other: no mark parts key and policy in the text."""
    AirGap(COMPANY).confirm(
        VECTOR["confirmation_code"], hardware_id=VECTOR["hardware_id"], license_key="KEY-000", policy_id=57
    )

    with pytest.raises(ConfigurationError, match="policies: 57 ends with 7"):
        AirGap(COMPANY, policies=[policy(), policy(id=57)])


@pytest.mark.parametrize("body", [b"{}", b"[]", b"5", b"{", b'{"license_key":5,"policy_id":1,"confirmation_code":"c"}'])
def test_a_damaged_confirmation_is_named_so(body: bytes) -> None:
    """Refuses what is no confirmation."""
    with pytest.raises(ResponseError):
        AirGapConfirmation.decoded(body)
    assert AirGapConfirmation.decoded(CONFIRMATION.encoded()) == CONFIRMATION
    assert "KEY-0005" not in repr(CONFIRMATION)
