"""Licenses that ask for a key of the device's TPM, with our own client and a key that stands in for it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from licensespring_async import ClientCredentials, LicenseSpring, ValidationError
from licensespring_async.sandbox import Sandbox, World

pytestmark = pytest.mark.anyio


def der(signature: bytes) -> bytes:
    return signature


def two_numbers(signature: bytes) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))


@attrs.frozen
class SoftTpm:
    """A key in memory; how it writes keys and signatures is up to a test."""

    shape: Callable[[bytes], bytes] = der
    is_point: bool = False
    _key: EllipticCurvePrivateKey = attrs.field(factory=lambda: generate_private_key(SECP256R1()))

    @property
    def public_key(self) -> str:
        key = self._key.public_key()
        if self.is_point:
            return b64encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]).decode()
        return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    def sign(self, message: str) -> str:
        return b64encode(self.shape(self._key.sign(message.encode(), ECDSA(SHA256())))).decode()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    world = World()
    world.add_product("TP").add_license(key="K", is_tpm_auth=True, max_activations=2)
    async with Sandbox(world) as served:
        yield served


ASK: dict[str, Any] = {"product": "TP", "license_key": "K", "hardware_id": "hw-1"}


@pytest.mark.parametrize("tpm", [SoftTpm(), SoftTpm(two_numbers, is_point=True)], ids=["DER", "numbers"])
@pytest.mark.parametrize("by_token", [False, True])
async def test_a_device_enrols_its_key_and_signs_every_request(sandbox: Sandbox, tpm: SoftTpm, by_token: bool) -> None:
    """Activates with a key, in either way to write it and to authorize, and is refused without or with another."""
    auth = ClientCredentials(client_id=sandbox.client_id, client_secret=sandbox.client_secret)
    async with (
        sandbox.client(tpm=tpm) as by_key,
        LicenseSpring(auth=auth, base_url=sandbox.url, public_key=sandbox.public_key, tpm=tpm) as by_client,
    ):
        client = by_client if by_token else by_key
        activated = await client.activate_license(**ASK, tpm=tpm)
        assert (activated.is_tpm_auth, activated.tpm_signing_public_key) == (True, tpm.public_key)
        assert (await client.check_license(**ASK)).license_active
    async with sandbox.client() as without, sandbox.client(tpm=SoftTpm()) as other:
        for client in (without, other):
            with pytest.raises(ValidationError, match="TPM"):
                await client.check_license(**ASK)
        with pytest.raises(ValidationError, match="TPM"):
            await other.activate_license(**ASK, tpm=SoftTpm())  # nobody takes an active device's place


async def test_a_license_that_asks_for_a_key_is_not_activated_without(sandbox: Sandbox) -> None:
    """Refuses an activation without a key or with what is none, and activates nothing."""
    async with sandbox.client() as client:
        with pytest.raises(ValidationError, match="TPM"):
            await client.activate_license(**ASK)
    [license] = sandbox.world.products["TP"].licenses
    assert license.times_activated == 0
