"""Air-gapped devices: codes that people type, checked with the company's own key. Licenses with keys only.

Source: https://docs.licensespring.com/license-entitlements/activation-types/air-gapped
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from typing import cast

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from ..endpoints.requests import required
from ..errors import AnswerMismatch, ConfigurationError, InvalidParameter, ResponseError, SignatureError
from ..models import JsonObject
from ..models.json_body import decode

_CURVE = ec.SECP256R1()
_HALF = 32  # bytes of a coordinate, and of each half of a signature


@attrs.frozen(kw_only=True)
class Policy:
    """What a policy file says of a license.

    Attributes:
        id: The policy's id, which the confirmation code covers.
        fields: The whole file, as it came. It is not signed by itself: believe what the confirmation covers.
    """

    id: int
    fields: JsonObject = attrs.field(repr=False)


class AirGap:
    """Makes the codes of an air-gapped device, and checks the portal's.

    Args:
        public_key: The company's air-gap key: Base64 of its two coordinates (P-256, 64 bytes).

    Raises:
        ConfigurationError: It is something else.
    """

    def __init__(self, public_key: str) -> None:
        raw = _base64(public_key)
        if raw is None or len(raw) != 2 * _HALF:
            raise ConfigurationError("public_key: must be the Base64 text of 64 bytes, as the vendor platform shows it")
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x04" + raw)
        except ValueError:
            raise ConfigurationError("public_key: is not a point of the curve P-256; copy it again") from None

    def activation_code(self, initialization_code: str, *, hardware_id: str, license_key: str) -> str:
        """Return the code that is typed into the portal to activate this device.

        Args:
            initialization_code: From the portal.
            hardware_id: Unique id of the device.
            license_key: The license's key.

        Raises:
            InvalidParameter: An argument cannot be used.
        """
        scalar = _base64(initialization_code)
        if scalar is None or not 0 < len(scalar) <= _HALF:
            raise InvalidParameter("initialization_code", "is not a code of the portal; copy it whole")
        try:
            key = ec.derive_private_key(int.from_bytes(scalar, "big"), _CURVE)
        except ValueError:
            raise InvalidParameter("initialization_code", "is not a code of the portal; copy it whole") from None
        # SHA-1 is the portal's choice, not ours.
        signature = key.sign(_message(hardware_id, license_key), ec.ECDSA(SHA1()))  # noqa: S303
        r, s = decode_dss_signature(signature)
        return b64encode(r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")).decode()

    def deactivation_code(self, initialization_code: str, *, hardware_id: str, license_key: str) -> str:
        """Return the code that is typed into the portal to deactivate this device; as `activation_code`."""
        return self.activation_code(initialization_code, hardware_id=hardware_id, license_key=license_key)

    def confirm(self, confirmation_code: str, *, hardware_id: str, license_key: str, policy_id: int) -> None:
        """Check the portal's confirmation of an activation or a deactivation.

        Args:
            confirmation_code: From the portal.
            hardware_id: Unique id of the device.
            license_key: The license's key.
            policy_id: Id of the policy; the policy file has it.

        Raises:
            SignatureError: It was not made by the company's key for this device, license and policy.
            InvalidParameter: An argument cannot be used.
        """
        policy = required(license_id=policy_id)["license_id"]
        raw = _base64(confirmation_code)
        if raw is None or len(raw) != 2 * _HALF:
            raise SignatureError("the confirmation code is not one of the portal's; copy it whole")
        r, s = int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big")
        message = _message(hardware_id, license_key) + str(policy).encode()
        try:
            self._key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise SignatureError(
                "the confirmation code was not made by the company's key for this device, license and policy"
            ) from None


def read_policy(text: str, *, policy_id: int) -> Policy:
    """Return the policy that a policy file holds.

    Args:
        text: The file: Base64 of JSON.
        policy_id: The id that the confirmation code covers.

    Raises:
        ResponseError: The file cannot be read.
        AnswerMismatch: It is the file of another policy.
    """
    raw = _base64(text.strip())
    if raw is None:
        raise ResponseError("the policy file is not one Base64 text; it is damaged or incomplete")
    value = decode(raw)
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if type(fields.get("id")) is not int:
        raise ResponseError("the policy file holds no policy")
    if fields["id"] != policy_id:
        raise AnswerMismatch("the policy file is of another policy than the confirmation code")
    return Policy(id=policy_id, fields=fields)


def _message(hardware_id: str, license_key: str) -> bytes:
    fields = required(hardware_id=hardware_id, license_key=license_key)
    return f"{fields['hardware_id']}{fields['license_key']}".encode()


def _base64(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
