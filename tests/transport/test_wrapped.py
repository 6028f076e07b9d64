"""A good body in a bad wrapping is not believed: each engine, over a real socket, with signatures checked."""

from __future__ import annotations

import gzip

import pytest

from licensespring_async import ApiKey, LicenseSpring, LicenseSpringError, RetryPolicy, SignatureError

from ..unit import bodies
from ..unit.fakes import FEATURE
from ..unit.keys import Signer
from .engines import Maker
from .loopback import answering, serving

pytestmark = pytest.mark.anyio

SIGNER = Signer()
BODY = bodies.encoded(bodies.feature(code="render"))
MARKED = b"\xef\xbb\xbf" + BODY
SIGNATURE = SIGNER.sign(BODY)
LENGTH, SIGNED = f"Content-Length: {len(BODY)}", f"LicenseSignature: {SIGNATURE}"
CHUNKS = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)


def whole(*headers: str, status: str = "200 OK", body: bytes = BODY) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def signature(value: str) -> bytes:
    return whole(LENGTH, f"LicenseSignature: {value}")


UNSIGNED = {
    "no signature": whole(LENGTH),
    "empty": signature(""),
    "two": whole(LENGTH, SIGNED, SIGNED),
    "two, in another case": whole(LENGTH, SIGNED, SIGNED.lower().replace(SIGNATURE.lower(), SIGNATURE)),
    "an empty one and a good one": whole(LENGTH, "LicenseSignature:", SIGNED),
    "a good one and another": whole(LENGTH, SIGNED, "LicenseSignature: AAAA"),
    "two in one": signature(f"{SIGNATURE}, {SIGNATURE}"),
    "no Base64": signature("!" + SIGNATURE),
    "quoted": signature(f'"{SIGNATURE}"'),
    "cut": signature(SIGNATURE[:-4]),
    "without its padding": signature(SIGNATURE.rstrip("=")),
    "with more behind it": signature(SIGNATURE + "AAAA"),
    "of another body": signature(SIGNER.sign(BODY + b" ")),
    "in the trailer": whole("Transfer-Encoding: chunked", body=CHUNKS + f"{SIGNED}\r\n\r\n".encode()),
    "of the body before gzip": whole(
        f"Content-Length: {len(gzip.compress(BODY))}",
        f"LicenseSignature: {SIGNER.sign(gzip.compress(BODY))}",
        "Content-Encoding: gzip",
        body=gzip.compress(BODY, mtime=0),
    ),
}
BAD = {
    "folded signature": signature(f"{SIGNATURE[:40]}\r\n {SIGNATURE[40:]}"),
    "signature with a line feed": signature(f"{SIGNATURE[:40]}\n{SIGNATURE[40:]}"),
    "signature with a carriage return": signature(f"{SIGNATURE[:40]}\r{SIGNATURE[40:]}"),
    "signature with a zero byte": signature(SIGNATURE + "\0"),
    "gzip of gzip": whole(
        f"Content-Length: {len(gzip.compress(gzip.compress(BODY)))}",
        SIGNED,
        "Content-Encoding: gzip, gzip",
        body=gzip.compress(gzip.compress(BODY)),
    ),
    "byte order mark": whole(f"Content-Length: {len(MARKED)}", f"LicenseSignature: {SIGNER.sign(MARKED)}", body=MARKED),
    "a negative age": whole(LENGTH, SIGNED, "Age: -1"),
    "two ages": whole(LENGTH, SIGNED, "Age: 0", "Age: 0"),
    "an old date": whole(LENGTH, SIGNED, "Date: Tue, 07 Jun 2011 20:51:35 GMT"),
    "a length with a sign": whole(f"Content-Length: +{len(BODY)}", SIGNED),
    "a length in hexadecimal": whole(f"Content-Length: {len(BODY):#x}", SIGNED),
    **{
        f"status {status}": whole(LENGTH, SIGNED, status=f"{status} Odd")
        for status in (101, 202, 203, 204, 205, 206, 207, 226, 250, 299, 300, 302, 304, 400, 404, 429, 500, 503, 599)
    },
}
GOOD = {
    "as documented": whole(LENGTH, SIGNED),
    "created": whole(LENGTH, SIGNED, status="201 Created"),
    "of another type": whole(LENGTH, SIGNED, "Content-Type: text/html"),
    "in a chunk": whole("Transfer-Encoding: chunked", SIGNED, body=CHUNKS + b"\r\n"),
    "in a chunk with extensions": whole(
        "Transfer-Encoding: chunked", SIGNED, body=CHUNKS.replace(b"\r\n", b';a="b;c"\r\n', 1) + b"\r\n"
    ),
    "signed in head and trailer": whole(
        "Transfer-Encoding: chunked", SIGNED, body=CHUNKS + b"LicenseSignature: AAAA\r\n\r\n"
    ),
    "gzip": whole(
        f"Content-Length: {len(gzip.compress(BODY))}", SIGNED, "Content-Encoding: gzip", body=gzip.compress(BODY)
    ),
    "many headers": whole(*["X-More: 1"] * 80, LENGTH, SIGNED),
}


async def ask(engines: Maker, wrapped: bytes) -> str | LicenseSpringError:
    """Ask twice for the feature whose answer is wrapped so, and return its code, or why there is none."""
    auth = ApiKey(api_key="api-key", shared_key="shared-key")
    async with serving(answering(wrapped)) as server, engines() as engine:
        client = LicenseSpring(
            auth=auth,
            base_url=server.origin,
            public_key=SIGNER.public_key,
            engine=engine,
            timeout=2,
            retry=RetryPolicy(max_attempts=1),
        )
        try:
            await client.check_license_feature(**FEATURE)
            return (await client.check_license_feature(**FEATURE)).code
        except LicenseSpringError as error:
            return error


async def test_what_is_not_signed_once_is_not_believed(engines: Maker) -> None:
    """Refuses an answer whose signature is missing, doubled, somewhere else, or no signature."""
    for name, wrapped in UNSIGNED.items():
        assert type(await ask(engines, wrapped)) is SignatureError, name


async def test_a_good_body_in_a_bad_wrapping_is_not_believed(leaving_engines: Maker) -> None:
    """Refuses a signed body under another status, too old, or in broken HTTP."""
    for name, wrapped in BAD.items():
        assert isinstance(await ask(leaving_engines, wrapped), LicenseSpringError), name


async def test_a_good_body_in_an_odd_wrapping_is_believed(engines: Maker) -> None:
    """Believes a signed body in whatever valid HTTP it comes, again and again."""
    for name, wrapped in GOOD.items():
        assert await ask(engines, wrapped) == "render", name
