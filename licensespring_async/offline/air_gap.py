"""Air-gapped devices: codes that people type, checked with the company's own key. Only for licenses with a key.

Source: https://docs.licensespring.com/license-entitlements/activation-types/air-gapped
"""

from __future__ import annotations

import binascii
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import Final, cast

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from ..endpoints.requests import required
from ..errors import AnswerMismatch, ConfigurationError, InvalidParameter, ResponseError, SignatureError
from ..models import JsonObject, License, LicenseType
from ..models.converter import structure
from ..models.json_body import decode
from ..models.json_types import ascii_lower
from ..redaction import Unpickled
from .files import unmarked

_CURVE = ec.SECP256R1()
_HALF = 32  # bytes of a coordinate, and of each half of a signature
# Licenses of these types need no end, but trials do. For others it is not documented where a policy has the end.
_ENDLESS: Final = (LicenseType.PERPETUAL, LicenseType.CONSUMPTION)


@attrs.frozen(kw_only=True)
class Policy:
    """What a policy file says about a license.

    Attributes:
        id: The policy's id, which the confirmation code covers.
        fields: The whole file, as it came. It is not signed: believe only what the confirmation code covers.
    """

    id: int
    fields: JsonObject = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class AirGapConfirmation(Unpickled):
    """The portal's confirmation that a license is active on this device, typed in by a person.

    Attributes:
        license_key: The license's key.
        policy_id: Id of the license policy.
        confirmation_code: From the portal.
    """

    license_key: str = attrs.field(repr=False)
    policy_id: int
    confirmation_code: str = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        required(license_key=self.license_key, license_id=self.policy_id)
        if not isinstance(self.confirmation_code, str):
            raise InvalidParameter("confirmation_code", "must be a string")

    def encoded(self) -> bytes:
        """Return the confirmation as JSON."""
        return json.dumps(attrs.asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decoded(cls, body: bytes) -> AirGapConfirmation:
        """Return the confirmation that `encoded` made into JSON.

        Raises:
            ResponseError: The text is something else.
        """
        try:
            return cls(**cast("dict[str, object]", decode(body)))  # type: ignore[arg-type]  # checked by the class
        except (TypeError, InvalidParameter):
            raise ResponseError("the air-gap confirmation is damaged") from None


class AirGap:
    """Make the codes of an air-gapped device, and check those of the portal.

    Args:
        public_key: The company's air-gap key: Base64 of its two coordinates (P-256, 64 bytes).
        policies: Texts of the policy files that licenses of the program may have. No signature covers them. Ship them
            in the program, like the key, and not in files that its users can change.

    Raises:
        ConfigurationError: The key is not such a text, or the id of one policy ends with that of another.
        ResponseError: A policy file cannot be read.
    """

    def __init__(self, public_key: str, *, policies: Iterable[str] = ()) -> None:
        raw = _base64(public_key)
        if raw is None or len(raw) != 2 * _HALF:
            raise ConfigurationError("public_key: must be the Base64 text of 64 bytes, as the vendor platform shows it")
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x04" + raw)
        except ValueError:
            raise ConfigurationError("public_key: is not a point on the curve P-256; copy it again") from None
        self._policies = {policy.id: policy for policy in map(_policy, policies)}
        _check_apart(self._policies)

    def license(self, confirmation: AirGapConfirmation, *, hardware_id: str, product: str) -> License:
        """Return the license that a confirmation stands for: that of its policy, active on this device.

        Args:
            confirmation: The confirmation that was typed in.
            hardware_id: Unique id of this device.
            product: Short code of the product.

        Raises:
            SignatureError: The company's key did not make the code for this device, license and policy;
                `AnswerMismatch`: the policy is for another product.
            ConfigurationError: The program does not have the policy.
            ResponseError: The policy does not say what is licensed, or until when.
        """
        self.confirm(
            confirmation.confirmation_code,
            hardware_id=hardware_id,
            license_key=confirmation.license_key,
            policy_id=confirmation.policy_id,
        )
        policy = self._policies.get(confirmation.policy_id)
        if policy is None:
            raise ConfigurationError(
                f"policies: the confirmed policy {confirmation.policy_id} is missing; pass the text of its file"
            )
        license = _licensed(policy, confirmation, hardware_id)
        if ascii_lower(license.product_details.short_code) != ascii_lower(product):
            raise AnswerMismatch("the confirmed policy is for another product")
        return license

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
            policy_id: Id of the policy, from the policy file.

        Raises:
            SignatureError: The company's key did not make it for this device, license and policy.
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
    """Return the policy in a policy file.

    Args:
        text: The file: Base64 of JSON.
        policy_id: The id that the confirmation code covers.

    Raises:
        ResponseError: The file cannot be read.
        AnswerMismatch: The file has another policy.
    """
    policy = _policy(text)
    if policy.id != policy_id:
        raise AnswerMismatch("the policy file and the confirmation code are for different policies")
    return policy


def _policy(text: str) -> Policy:
    raw = _base64(unmarked(text) if isinstance(text, str) else text)
    if raw is None:
        raise ResponseError("the policy file is not one Base64 text; it is damaged or incomplete")
    value = decode(raw)
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    id = fields.get("id")
    if type(id) is not int:
        raise ResponseError("the policy file contains no policy")
    return Policy(id=id, fields=fields)


def _check_apart(ids: Iterable[int]) -> None:
    """Raise if a confirmation may hold for two policies: that of key K5 and policy 7 is that of key K and policy 57."""
    for one, other in permutations(map(str, ids), 2):
        if one.endswith(other):
            raise ConfigurationError(
                f"policies: {one} ends with {other}, so a confirmation of one may hold for the other; pass only one"
            )


def _licensed(policy: Policy, confirmation: AirGapConfirmation, hardware_id: str) -> License:
    """Return a policy as a license that is active on a device. Only what the policy names is licensed."""
    fields: Mapping[str, object] = policy.fields
    product = fields.get("product_details", fields.get("product"))
    license = structure(
        {
            "validity_period": None,
            "total_consumptions": 0,
            **fields,
            "license_type": fields.get("license_type", fields.get("default_license_type")),
            "product_details": {"short_code": product} if isinstance(product, str) else product,
            "product_features": _features(fields.get("product_features", fields.get("features", []))),
            "license_active": True,
            "license_enabled": True,
            "is_air_gapped": True,
            "license_key": confirmation.license_key,
            "hardware_id": hardware_id,
        },
        License,
        called="policy",
    )
    if license.validity_period is None and (license.is_trial or license.license_type not in _ENDLESS):
        kind = "a trial" if license.is_trial else license.license_type
        raise ResponseError(f"the policy is {kind}, but does not say until when")
    if license.floats:
        raise ResponseError("the policy is floating, and there are no slots without a network")
    return license


def _features(value: object) -> object:
    """Return the features of a policy as those of an unused license."""
    if not isinstance(value, list):
        return value
    fresh: dict[str, object] = {"expiry_date": None, "total_consumptions": 0}
    features = cast("list[object]", value)
    return [{**fresh, **cast("JsonObject", each)} if isinstance(each, dict) else each for each in features]


def _message(hardware_id: str, license_key: str) -> bytes:
    fields = required(hardware_id=hardware_id, license_key=license_key)
    return f"{fields['hardware_id']}{fields['license_key']}".encode()


def _base64(text: object) -> bytes | None:
    try:
        return binascii.a2b_base64(text, strict_mode=True) if isinstance(text, str) else None
    except ValueError:
        return None
