"""Answers are believed only when a trusted key has signed their bytes."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import PRODUCTION_PUBLIC_KEY, ConfigurationError, SignatureError
from licensespring_async.signatures import Verifier

from . import bodies
from .keys import Signer, new_key, pem

BODY = bodies.encoded(bodies.consumption_feature(name="Käse"))


@pytest.fixture(scope="module")
def verifier(signer: Signer) -> Verifier:
    return Verifier(signer.public_key)


def test_the_production_key_is_the_vendors() -> None:
    """Pins the vendor's key by the fingerprint of its public key information."""
    key = load_pem_public_key(PRODUCTION_PUBLIC_KEY.encode())

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert hashlib.sha256(der).hexdigest() == "624d162a484dcb3e5f12258759a1f43c49eaf1b47de680f6ccc4c6afd0a273b4"


def test_the_production_key_can_be_used() -> None:
    """Loads the vendor's key, and refuses with it what the vendor did not sign."""
    with pytest.raises(SignatureError):
        Verifier(PRODUCTION_PUBLIC_KEY).verify(BODY, b64encode(bytes(512)).decode())


@pytest.mark.parametrize("body", [BODY, b"", b"[]", b"\xff\x00 not JSON", bytes(100_000)])
def test_a_signed_body_is_accepted(verifier: Verifier, signer: Signer, body: bytes) -> None:
    """Accepts any bytes that were signed, JSON or not."""
    verifier.verify(body, signer.sign(body))


def test_every_flipped_bit_is_noticed(verifier: Verifier, signer: Signer) -> None:
    """Refuses a body in which any one bit differs from what was signed."""
    signature = signer.sign(BODY)
    noticed = 0

    for position in range(len(BODY)):
        changed = bytearray(BODY)
        changed[position] ^= 1 << position % 8
        with pytest.raises(SignatureError):
            verifier.verify(bytes(changed), signature)
        noticed += 1

    assert noticed == len(BODY)


OTHER_BODIES = {
    "a line feed more": BODY + b"\n",
    "a space more": b" " + BODY,
    "a byte less": BODY[:-1],
    "other white space": BODY.replace(b":", b": ", 1),
    "nothing": b"",
}


@pytest.mark.parametrize("body", list(OTHER_BODIES.values()), ids=list(OTHER_BODIES))
def test_the_bytes_are_signed_and_not_the_value(verifier: Verifier, signer: Signer, body: bytes) -> None:
    """Refuses other bytes, even if they are the same JSON value."""
    with pytest.raises(SignatureError):
        verifier.verify(body, signer.sign(BODY))


@pytest.mark.parametrize("signature", [None, ""])
def test_a_missing_signature_is_refused(verifier: Verifier, signature: str | None) -> None:
    """Refuses an answer that is not signed at all."""
    with pytest.raises(SignatureError, match="LicenseSignature"):
        verifier.verify(BODY, signature)


OTHER_TEXTS: dict[str, Callable[[str], str]] = {
    "header sent twice": lambda text: f"{text}, {text}",
    "header sent twice, no space": lambda text: f"{text},{text}",
    "doubled": lambda text: text + text,
    "space in front": lambda text: f" {text}",
    "line feed behind": lambda text: f"{text}\n",
    "wrapped": lambda text: text[:40] + "\n" + text[40:],
    "padding cut": lambda text: text.rstrip("="),
    "padding doubled": lambda text: text + "=",
    "a character that is no Base64": lambda text: "*" + text[1:],
    "not ASCII": lambda text: "ü" + text[1:],
    "hexadecimal": lambda text: b64decode(text).hex(),
    "in an attribute": lambda text: f'signature="{text}"',
}


@pytest.mark.parametrize("change", list(OTHER_TEXTS.values()), ids=list(OTHER_TEXTS))
def test_a_signature_is_one_base64_text(verifier: Verifier, signer: Signer, change: Callable[[str], str]) -> None:
    """Refuses a header that is not exactly one Base64 text, as one that was sent twice."""
    with pytest.raises(SignatureError):
        verifier.verify(BODY, change(signer.sign(BODY)))


@pytest.mark.parametrize("text", ["not base64!", "=", "====", " ", "\ud800", "\0"])
def test_what_is_no_base64_is_refused(verifier: Verifier, text: str) -> None:
    """Refuses a header that is no Base64 at all."""
    with pytest.raises(SignatureError, match="Base64"):
        verifier.verify(BODY, text)


OTHER_NUMBERS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda raw: raw[:-1],
    "truncated in front": lambda raw: raw[1:],
    "longer": lambda raw: raw + b"\0",
    "longer in front": lambda raw: b"\0" + raw,
    "reversed": lambda raw: raw[::-1],
    "zeros": lambda raw: bytes(len(raw)),
    "ones": lambda raw: b"\xff" * len(raw),
    "one byte": lambda raw: raw[:1],
}


@pytest.mark.parametrize("change", list(OTHER_NUMBERS.values()), ids=list(OTHER_NUMBERS))
def test_another_number_is_no_signature(verifier: Verifier, signer: Signer, change: Callable[[bytes], bytes]) -> None:
    """Refuses a signature that was cut, lengthened or made up."""
    raw = b64decode(signer.sign(BODY))

    with pytest.raises(SignatureError):
        verifier.verify(BODY, b64encode(change(raw)).decode())


def test_another_key_is_refused(verifier: Verifier, stranger: Signer) -> None:
    """Refuses a good signature of a key that is not trusted."""
    with pytest.raises(SignatureError, match=r"pass that server's `public_key`\.$"):
        verifier.verify(BODY, stranger.sign(BODY))


@pytest.mark.parametrize(
    "algorithm",
    [SHA1(), SHA512()],  # noqa: S303
    ids=["SHA-1", "SHA-512"],
)
def test_another_hash_is_refused(verifier: Verifier, signer: Signer, algorithm: SHA1 | SHA512) -> None:
    """Refuses a signature of the right key over another hash."""
    raw = signer.key.sign(BODY, padding.PKCS1v15(), algorithm)

    with pytest.raises(SignatureError):
        verifier.verify(BODY, b64encode(raw).decode())


def test_another_padding_is_refused(verifier: Verifier, signer: Signer) -> None:
    """Refuses a PSS signature of the right key."""
    raw = signer.key.sign(BODY, padding.PSS(padding.MGF1(SHA256()), padding.PSS.MAX_LENGTH), SHA256())

    with pytest.raises(SignatureError):
        verifier.verify(BODY, b64encode(raw).decode())


def test_a_signature_over_the_digest_is_refused(verifier: Verifier, signer: Signer) -> None:
    """Refuses a signature over the body's hash in place of the body."""
    digest = Hash(SHA256())
    digest.update(BODY)

    with pytest.raises(SignatureError):
        verifier.verify(BODY, signer.sign(digest.finalize()))


@given(signature=st.text() | st.binary(max_size=300).map(lambda raw: b64encode(raw).decode()))
def test_any_text_is_no_signature(verifier: Verifier, signature: str) -> None:
    """Refuses any made-up signature with SignatureError, and nothing else."""
    with pytest.raises(SignatureError):
        verifier.verify(BODY, signature)


def test_a_refusal_shows_neither_body_nor_signature(verifier: Verifier, stranger: Signer) -> None:
    """Says what is wrong without showing the answer that was thrown away."""
    signature = stranger.sign(b"SECRET")

    with pytest.raises(SignatureError) as caught:
        verifier.verify(b"SECRET", signature)

    assert "SECRET" not in repr(caught.value)
    assert signature not in repr(caught.value)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["first", "last"])
def test_any_of_several_keys_will_do(signer: Signer, stranger: Signer, order: slice) -> None:
    """Accepts a signature of any trusted key while keys rotate, in whatever order they are given."""
    verifier = Verifier([signer.public_key, stranger.public_key][order])

    verifier.verify(BODY, signer.sign(BODY))
    verifier.verify(BODY, stranger.sign(BODY))


def test_several_keys_are_not_all_keys(signer: Signer, stranger: Signer) -> None:
    """Refuses a signature of none of several trusted keys."""
    verifier = Verifier([stranger.public_key, PRODUCTION_PUBLIC_KEY])

    with pytest.raises(SignatureError):
        verifier.verify(BODY, signer.sign(BODY))


FORMS: dict[str, Callable[[str], str | bytes | Iterable[str | bytes]]] = {
    "text": str,
    "bytes": str.encode,
    "list": lambda text: [text],
    "tuple of bytes": lambda text: (text.encode(),),
    "set": lambda text: {text},
    "iterator": lambda text: iter([text]),
}


@pytest.mark.parametrize("form", list(FORMS.values()), ids=list(FORMS))
def test_keys_come_in_several_forms(signer: Signer, form: Callable[[str], str | bytes | Iterable[str | bytes]]) -> None:
    """Takes keys as text, as bytes, and in any collection."""
    Verifier(form(signer.public_key)).verify(BODY, signer.sign(BODY))


def test_no_key_is_refused() -> None:
    """Refuses to trust nobody, which would refuse every answer."""
    with pytest.raises(ConfigurationError, match=r"^public_key: "):
        Verifier([])


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "not a key",
        b"\x00\xff",
        "\ud800",
        PRODUCTION_PUBLIC_KEY[:200],
        PRODUCTION_PUBLIC_KEY.replace("M", "*"),
        PRODUCTION_PUBLIC_KEY.replace("PUBLIC KEY", "CERTIFICATE"),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
    ],
)
def test_what_is_no_public_key_is_refused(garbage: str | bytes) -> None:
    """Refuses what is no PEM public key."""
    with pytest.raises(ConfigurationError, match=r"^public_key: "):
        Verifier(garbage)


def test_one_bad_key_among_several_is_refused(signer: Signer) -> None:
    """Refuses a list in which one key cannot be read."""
    with pytest.raises(ConfigurationError, match="public_key"):
        Verifier([signer.public_key, "not a key"])


def test_a_private_key_is_refused_and_not_shown() -> None:
    """Refuses a private key given by mistake, without showing it."""
    private = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    with pytest.raises(ConfigurationError, match=r"^public_key: ") as caught:
        Verifier(private)

    assert private.splitlines()[1] not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()], ids=["EC", "Ed25519"]
)
def test_another_kind_of_key_is_refused(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
    """Refuses a key that is not RSA."""
    with pytest.raises(ConfigurationError, match="RSA"):
        Verifier(pem(key.public_key()))


def test_a_short_key_is_refused() -> None:
    """Refuses an RSA key that is too short to be safe."""
    with pytest.raises(ConfigurationError, match=r"1024 .* 2048"):
        Verifier(pem(new_key(1024).public_key()))
