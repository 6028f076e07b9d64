"""Codes of an air-gapped device, against an independent implementation of the formulas (`vectors.json`)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1

from licensespring_async import AnswerMismatch, ConfigurationError, InvalidParameter, ResponseError, SignatureError
from licensespring_async.offline import AirGap
from licensespring_async.offline.air_gap import read_policy

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


@pytest.mark.parametrize("code", ["", "not Base64", b64encode(bytes(63)).decode(), b64encode(bytes(64)).decode(), "é"])
def test_what_is_no_confirmation_is_refused(code: str) -> None:
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
    "code", ["", "?", b64encode(bytes(32)).decode(), b64encode(b"\xff" * 32).decode(), b64encode(bytes(33)).decode()]
)
def test_what_is_no_initialization_code_is_refused(code: str) -> None:
    """Names the argument when the code is not one of the portal's."""
    with pytest.raises(InvalidParameter, match="initialization_code"):
        AirGap(COMPANY).activation_code(code, hardware_id="d", license_key="K")


@pytest.mark.parametrize("key", ["", "?", b64encode(bytes(63)).decode(), b64encode(bytes(64)).decode()])
def test_what_is_no_company_key_is_refused(key: str) -> None:
    """Refuses a key that is no point of the curve."""
    with pytest.raises(ConfigurationError, match="public_key"):
        AirGap(key)


def policy(**fields: object) -> str:
    return b64encode(json.dumps({"id": 7, "default_license_type": "perpetual", **fields}).encode()).decode()


def test_a_policy_file_is_of_its_policy() -> None:
    """Reads a policy file when its id is the one that was confirmed."""
    assert read_policy(f" {policy()}\n", policy_id=7).fields["default_license_type"] == "perpetual"
    with pytest.raises(AnswerMismatch):
        read_policy(policy(), policy_id=8)


@pytest.mark.parametrize("text", ["", "?", policy()[:-3], policy() * 2, policy(id="7"), policy(id=None), "W10="])
def test_a_damaged_policy_file_is_named_so(text: str) -> None:
    """Refuses a file that is damaged, doubled or something else."""
    with pytest.raises(ResponseError):
        read_policy(text, policy_id=7)
