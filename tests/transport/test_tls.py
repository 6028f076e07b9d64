"""No engine speaks to a server that cannot prove who it is."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import attrs
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from licensespring_async import ApiKey, CertificateRefused, ConnectionFailed, LicenseSpring

from .engines import Maker
from .loopback import answering, ok, serving

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
HOST = "localhost"
AUTHORITY = trustme.CA()
STRANGER = trustme.CA()


@attrs.frozen
class Identity:
    """A server's certificates, and whom its clients trust."""

    pems: tuple[bytes, ...]
    key: bytes

    def context(self, folder: Path) -> ssl.SSLContext:
        """Return the server's TLS settings."""
        path = folder / "server.pem"
        path.write_bytes(b"".join((self.key, *self.pems)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def issued(
    authority: trustme.CA, *names: str, begins: datetime | None = None, ends: datetime | None = None
) -> Identity:
    leaf = authority.issue_cert(*names, not_before=begins, not_after=ends)
    return Identity(tuple(each.bytes() for each in leaf.cert_chain_pems), leaf.private_key_pem.bytes())


def incomplete() -> Identity:
    """A certificate of an authority below the trusted one, which the server does not show."""
    whole = issued(AUTHORITY.create_child_ca(), HOST)
    return Identity(whole.pems[:1], whole.key)


def self_signed() -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(1)).not_valid_after(NOW + timedelta(1))
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False).sign(key, SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity((certificate.public_bytes(Encoding.PEM),), secret)


REFUSED = {
    "expired": issued(AUTHORITY, HOST, begins=NOW - timedelta(9), ends=NOW - timedelta(1)),
    "not yet valid": issued(AUTHORITY, HOST, begins=NOW + timedelta(1), ends=NOW + timedelta(9)),
    "wrong host": issued(AUTHORITY, "somewhere.example"),
    "another name below": issued(AUTHORITY, f"api.{HOST}"),
    "self-signed": self_signed(),
    "untrusted root": issued(STRANGER, HOST),
    "incomplete chain": incomplete(),
}


def tls_1_1(folder: Path) -> ssl.SSLContext:
    """The settings of a server with a good certificate and an old TLS."""
    context = issued(AUTHORITY, HOST).context(folder)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what is deprecated is what this is about
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


async def check(engines: Maker, origin: str) -> None:
    """Make a call that ends when it is answered, whatever the answer is."""
    auth = ApiKey(api_key="api-key", shared_key="shared-key")
    async with engines(ssl_context=trusting()) as engine:
        with pytest.warns(UserWarning, match="verify_signatures=False"):
            client = LicenseSpring(auth=auth, base_url=origin, engine=engine, timeout=5, verify_signatures=False)
        await client.check_bundle(product="P", hardware_id="H", license_key="K")


async def test_a_server_that_proves_itself_is_spoken_to(engines: Maker, tmp_path: Path) -> None:
    """Speaks to a server with a good certificate, made in the same way as the bad ones."""
    async with serving(answering(ok(b"[]")), issued(AUTHORITY, HOST).context(tmp_path)) as server:
        await check(engines, f"https://{HOST}:{server.port}")

    assert len(server.requests) == 1


@pytest.mark.parametrize("flaw", REFUSED)
async def test_a_certificate_with_a_flaw_is_refused(engines: Maker, tmp_path: Path, flaw: str) -> None:
    """Refuses the server before anything is sent, and does not try again."""
    async with serving(answering(ok(b"[]")), REFUSED[flaw].context(tmp_path)) as server:
        with pytest.raises(CertificateRefused) as caught:
            await check(engines, f"https://{HOST}:{server.port}")

    assert (caught.value.attempts, caught.value.may_have_acted, server.requests) == (1, False, [])


async def test_tls_1_1_is_refused(engines: Maker, tmp_path: Path) -> None:
    """Sends nothing to a server that speaks TLS 1.1 at best, though its certificate is good."""
    async with serving(answering(ok(b"[]")), tls_1_1(tmp_path)) as server:
        with pytest.raises(ConnectionFailed):
            await check(engines, f"https://{HOST}:{server.port}")

    assert server.requests == []


ASK = """
import sys, anyio, warnings
from licensespring_async import *
from licensespring_async.transport import *
warnings.simplefilter("ignore")

async def main():
    for make in (HttpxEngine, HttptoolsEngine):
        print(await outcome(make, *sys.argv[1:]))

async def outcome(make, base_url, proxy=None):
    engine = make(proxy=proxy)
    auth = ApiKey(api_key="a", shared_key="s")
    async with LicenseSpring(
        auth=auth, base_url=base_url, engine=engine, verify_signatures=False, retry=RetryPolicy(max_attempts=1)
    ) as client:
        try:
            await client.check_bundle(product="P", hardware_id="H", license_key="K")
        except LicenseSpringError as error:
            return type(error).__name__
        return "answered"

anyio.run(main)
"""

FETCH = """
import sys, anyio
from licensespring_async import *

async def main():
    async with LicenseSpring(api_key="a", shared_key="s") as client:
        file = InstallationFile(installation_file=sys.argv[1], hash_md5="0" * 32)
        try:
            await client.download(file, sys.argv[2])
        except ConnectionFailed:
            print("refused")

anyio.run(main)
"""

one_loop = pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the client has a process of its own
SWITCHES = ("PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED", "SSL_VERIFY", "HTTPX_VERIFY", "SSL_NO_VERIFY")
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


async def asked(environment: Mapping[str, str], *words: str) -> str:
    """What a call in a process with this environment ends with, on every engine."""
    process = [sys.executable, "-c", ASK, *words]
    done = await anyio.run_process(process, env={**os.environ, **environment}, stderr=subprocess.PIPE)
    first, second = done.stdout.decode().split()
    assert first == second, "the engines differ"
    return first


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A file with an authority that the environment will name."""
    path = tmp_path / "authority.pem"
    path.write_bytes(AUTHORITY.cert_pem.bytes())
    return path


@one_loop
async def test_the_environment_cannot_switch_verification_off(tmp_path: Path, authority: Path) -> None:
    """Refuses a stranger whatever the environment says about verification, and whatever else it trusts."""
    environment = {**dict.fromkeys(SWITCHES, "0"), **dict.fromkeys(BUNDLES, str(authority))}
    async with serving(answering(ok(b"[]")), issued(STRANGER, HOST).context(tmp_path)) as server:
        outcome = await asked(environment, f"https://{HOST}:{server.port}")

    assert (outcome, server.requests) == ("CertificateRefused", [])


@one_loop
async def test_the_environment_names_no_authority(tmp_path: Path, authority: Path) -> None:
    """Trusts no authority that somebody put into the environment."""
    environment = dict.fromkeys(BUNDLES, str(authority)) | {"SSL_CERT_DIR": str(tmp_path)}
    async with serving(answering(ok(b"[]")), issued(AUTHORITY, HOST).context(tmp_path)) as server:
        outcome = await asked(environment, f"https://{HOST}:{server.port}")

    assert (outcome, server.requests) == ("CertificateRefused", [])


@one_loop
async def test_the_environment_names_no_authority_for_a_proxy(tmp_path: Path, authority: Path) -> None:
    """Nor does it for an https proxy, which would see the license keys of plain http."""
    environment = dict.fromkeys(BUNDLES, str(authority)) | {"SSL_CERT_DIR": str(tmp_path)}
    async with serving(answering(ok(b"[]")), issued(AUTHORITY, HOST).context(tmp_path)) as proxy:
        outcome = await asked(environment, "http://127.0.0.1:9", f"https://{HOST}:{proxy.port}")

    assert (outcome, proxy.requests) == ("CertificateRefused", [])


@one_loop
async def test_no_session_key_is_written(tmp_path: Path) -> None:
    """Writes no key of a TLS session into the file that SSLKEYLOGFILE names: who reads it reads the traffic."""
    keys = tmp_path / "keys"
    async with serving(answering(ok(b"[]")), issued(STRANGER, HOST).context(tmp_path)) as server:
        outcome = await asked({"SSLKEYLOGFILE": str(keys)}, f"https://{HOST}:{server.port}")

    assert (outcome, keys.exists()) == ("CertificateRefused", False)


@one_loop
async def test_a_download_writes_no_session_key(tmp_path: Path) -> None:
    """The server of an installation file is spoken to as the service is: by no setting of the environment."""
    keys = tmp_path / "keys"
    async with serving(answering(ok()), issued(STRANGER, HOST).context(tmp_path)) as server:
        process = [sys.executable, "-c", FETCH, f"https://{HOST}:{server.port}/a.zip", str(tmp_path / "a.zip")]
        done = await anyio.run_process(process, env={**os.environ, "SSLKEYLOGFILE": str(keys)})

    assert (done.stdout.decode().strip(), keys.exists()) == ("refused", False)


@one_loop
async def test_the_environment_names_no_proxy(tmp_path: Path) -> None:
    """Sends nothing through a proxy that somebody put into the environment."""
    async with serving(answering(ok(b"[]"))) as proxy, serving(answering(ok(b"[]"))) as server:
        environment = dict.fromkeys(PROXIES, proxy.origin) | {"NO_PROXY": "", "no_proxy": ""}
        outcome = await asked(environment, server.origin)

    assert (outcome, proxy.connections, len(server.requests)) == ("answered", 0, 2)


@one_loop
async def test_the_environment_lowers_no_tls_version(tmp_path: Path) -> None:
    """Speaks no TLS 1.1, though OpenSSL's settings, which the environment names, allow it."""
    settings = tmp_path / "openssl.cnf"
    settings.write_text(
        "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
        "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
    )
    async with serving(answering(ok(b"[]")), tls_1_1(tmp_path)) as server:
        outcome = await asked({"OPENSSL_CONF": str(settings)}, f"https://{HOST}:{server.port}")

    # With a lower version the certificate would have been looked at.
    assert (outcome, server.requests) == ("ConnectionFailed", [])
