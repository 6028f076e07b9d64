"""No known way to make up an RSA signature is believed, though each is made here with the key itself."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256

from licensespring_async import SignatureError
from licensespring_async.signatures import Verifier
from licensespring_async.transport import HttpResponse

from . import bodies
from .fakes import DEVICE, FEATURE
from .keys import Signer, new_key
from .test_client_calls import trusting

BODY = bodies.encoded(bodies.feature())
SIZE = 256  # bytes of a 2048-bit signature
# DER of DigestInfo before the digest (RFC 8017, 9.2, note 1).
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
LONG_LENGTHS = bytes.fromhex("308131300d060960864801650304020105000420")
WRONG_HASH_NAMES = {
    "SHA-1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "SHA-384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "SHA-512": bytes.fromhex("3051300d060960864801650304020305000440"),
    "MD5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
}
DIGEST = hashlib.sha256(BODY).digest()
INFO = SHA256_INFO + DIGEST


def padded(info: bytes, *, start: bytes = b"\0\1", fill: bytes = b"\xff", end: bytes = b"\0") -> bytes:
    """Pad as PKCS#1 v1.5 does, or nearly so."""
    return start + fill * (SIZE - len(start) - len(end) - len(info)) + end + info


FORGED_BLOCKS: dict[str, bytes] = {
    "garbage behind the digest (Bleichenbacher 2006)": b"\0\1" + b"\xff" * 8 + b"\0" + INFO + bytes(SIZE - 62),
    "random garbage behind the digest": b"\0\1" + b"\xff" * 8 + b"\0" + INFO + b"\xa7" * (SIZE - 62),
    "one byte behind the digest": padded(INFO + b"\0"),
    "no padding": bytes(SIZE - len(INFO)) + INFO,
    "seven bytes of padding": b"\0\1" + b"\xff" * 7 + b"\0" + INFO + b"\xff" * (SIZE - 61),
    "block type 0": padded(INFO, start=b"\0\0", fill=b"\0"),
    "block type 2": padded(INFO, start=b"\0\2", fill=b"\x5a"),
    "leading byte not 0": padded(INFO, start=b"\1\1"),
    "padding of other bytes": padded(INFO, fill=b"\xfe"),
    "one byte of padding changed": padded(INFO)[:100] + b"\0" + padded(INFO)[101:],
    "no zero behind the padding": padded(INFO, end=b"\xff"),
    "no NULL in DigestInfo": padded(WITHOUT_NULL + DIGEST),
    "lengths not in shortest form": padded(LONG_LENGTHS + DIGEST),
    "no DigestInfo": padded(DIGEST),
    "digest cut": padded(INFO[:-1]),
    "digest of something else": padded(SHA256_INFO + hashlib.sha256(b"x").digest()),
    "parameters full of garbage (CVE-2006-4340)": padded(
        bytes.fromhex("3081a9300d06096086480165030402010482007805") + b"\x41" * 120 + b"\4\x20" + DIGEST
    ),
    **{
        f"{name} named and meant": padded(info + hashlib.new(name.replace("-", "").lower(), BODY).digest())
        for name, info in WRONG_HASH_NAMES.items()
    },
    **{f"{name} named, SHA-256 meant": padded(info + DIGEST) for name, info in WRONG_HASH_NAMES.items()},
}


@pytest.fixture(scope="module")
def verifier(signer: Signer) -> Verifier:
    return Verifier(signer.public_key)


def raw_signature(signer: Signer, block: bytes) -> int:
    """Apply the private key to a block as it is."""
    numbers = signer.key.private_numbers()
    n = numbers.public_numbers.n
    return pow(int.from_bytes(block) % n, numbers.d, n)


def text(number: int, size: int = SIZE) -> str:
    return b64encode(number.to_bytes(size)).decode()


def test_the_forgeries_differ_from_a_signature_in_their_block_only(verifier: Verifier, signer: Signer) -> None:
    """Accepts the block that RFC 8017 asks for, made in the same way as the forged ones."""
    verifier.verify(BODY, text(raw_signature(signer, padded(INFO))))


@pytest.mark.parametrize("block", FORGED_BLOCKS.values(), ids=FORGED_BLOCKS)
def test_a_forged_block_is_refused(verifier: Verifier, signer: Signer, block: bytes) -> None:
    """Refuses every other block, though the right key was applied to it."""
    assert len(block) == SIZE

    with pytest.raises(SignatureError):
        verifier.verify(BODY, text(raw_signature(signer, block)))


@pytest.mark.parametrize("name", ["0", "1", "n - 1", "n", "n + 1", "n - s", "s + n"])
def test_a_special_number_is_refused(verifier: Verifier, signer: Signer, name: str) -> None:
    """Refuses numbers that need no key, and another number with the same remainder."""
    n = signer.key.public_key().public_numbers().n
    s = raw_signature(signer, padded(INFO))
    number = {"0": 0, "1": 1, "n - 1": n - 1, "n": n, "n + 1": n + 1, "n - s": n - s, "s + n": s + n}[name]

    with pytest.raises(SignatureError):
        verifier.verify(BODY, text(number, SIZE + 1 if number >= 2 ** (8 * SIZE) else SIZE))


@pytest.mark.parametrize("zeros", [1, 8, 256])
@pytest.mark.parametrize("where", ["in front", "behind"])
def test_a_lengthened_signature_is_refused(verifier: Verifier, signer: Signer, where: str, zeros: int) -> None:
    """Refuses a good signature with zeros around it."""
    raw = b64decode(signer.sign(BODY))
    longer = bytes(zeros) + raw if where == "in front" else raw + bytes(zeros)

    with pytest.raises(SignatureError):
        verifier.verify(BODY, b64encode(longer).decode())


@pytest.mark.parametrize("size", [0, 1, 128, 255])
def test_a_truncated_signature_is_refused(verifier: Verifier, signer: Signer, size: int) -> None:
    """Refuses the start of a good signature, and its end."""
    raw = b64decode(signer.sign(BODY))

    for part in (raw[:size], raw[len(raw) - size :]):
        with pytest.raises(SignatureError):
            verifier.verify(BODY, b64encode(part).decode())


@pytest.mark.parametrize("bits", [1024, 3072])
def test_a_key_of_another_size_is_refused(verifier: Verifier, bits: int) -> None:
    """Refuses a signature of a shorter or longer key."""
    with pytest.raises(SignatureError):
        verifier.verify(BODY, Signer(new_key(bits)).sign(BODY))


def test_pss_is_refused(verifier: Verifier, signer: Signer) -> None:
    """Refuses the other padding of RSA signatures, with any length of salt."""
    for salt in (0, 32, PSS.MAX_LENGTH):
        raw = signer.key.sign(BODY, PSS(MGF1(SHA256()), salt), SHA256())
        with pytest.raises(SignatureError):
            verifier.verify(BODY, b64encode(raw).decode())


def test_every_flipped_byte_of_a_body_is_noticed(verifier: Verifier, signer: Signer) -> None:
    """Refuses a signed body in which any one byte is another, and the signature likewise."""
    signature = signer.sign(BODY)
    raw = b64decode(signature)

    for at in range(len(BODY)):
        with pytest.raises(SignatureError):
            verifier.verify(BODY[:at] + bytes([BODY[at] ^ 0xFF]) + BODY[at + 1 :], signature)
    for at in range(len(raw)):
        with pytest.raises(SignatureError):
            verifier.verify(BODY, b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode())


HEADERS = {
    "missing": None,
    "empty": "",
    "blank": " ",
    "doubled": "{good}, {good}",
    "doubled with a forged one": "AAAA, {good}",
    "not Base64": "*{good}",
    "URL-safe Base64": "-_{good}",
    "white space in front": " {good}",
    "white space behind": "{good} ",
    "a tab behind": "{good}\t",
    "quoted": '"{good}"',
    "named": "rsa-sha256={good}",
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("endpoint", ["feature", "bundle"])
async def test_a_header_is_one_good_signature_or_nothing(signer: Signer, endpoint: str, name: str) -> None:
    """Believes neither endpoint's answer unless its header is exactly one Base64 signature."""
    body = bodies.encoded(bodies.feature() if endpoint == "feature" else bodies.bundle("APP"))
    value = HEADERS[name]
    headers = {} if value is None else {"licensesignature": value.format(good=signer.sign(body))}
    client = trusting(signer, HttpResponse(200, headers, body))

    with pytest.raises(SignatureError):
        await (client.check_license_feature(**FEATURE) if endpoint == "feature" else client.check_bundle(**DEVICE))
