"""A very cheap server: nginx with a fixed, signed body, or a small asyncio server if nginx is not installed."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import attrs
import trustme
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BODY = json.dumps(
    {
        "id": 1_700_000_000_000_001,
        "license_id": 1_700_000_000_000_002,
        "code": "render",
        "name": "Render",
        "feature_type": "consumption",
        "company": {"id": 1},
        "metadata": {},
        "is_floating": False,
        "is_floating_cloud": False,
        "expiry_date": None,
        "consumption_period": "monthly",
        "allow_negative_consumptions": True,
        "allow_overages": False,
        "allow_unlimited_consumptions": False,
        "max_consumption": 10,
        "max_overages": 0,
        "reset_consumption": False,
        "total_consumptions": 5,
    },
    separators=(",", ":"),
)

NGINX = """
load_module modules/ngx_http_echo_module.so;
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log crit; worker_rlimit_nofile 30000;
events {{ worker_connections 12000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600; default_type application/json;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{plain} backlog=8192;
    listen 127.0.0.1:{tls} ssl backlog=8192;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    location /delayed/ {{ add_header LicenseSignature {signature}; echo_sleep 0.03; echo -n '{body}'; }}
    location / {{ add_header LicenseSignature {signature}; return 200 '{body}'; }}
  }}
}}
"""


@attrs.frozen(kw_only=True)
class Server:
    """A running server: its addresses, its certificate authority, and the key that verifies its answers."""

    name: str
    plain: str
    tls: str
    public_key: str
    context: ssl.SSLContext
    authority: bytes


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


DIFFERENT = 5000  # more than a client caches


def signed(key: rsa.RSAPrivateKey, body: str) -> str:
    return base64.b64encode(key.sign(body.encode(), padding.PKCS1v15(), SHA256())).decode()


@contextlib.contextmanager
def running(*, delayed: bool = False, different: bool = False, body: str = BODY) -> Generator[Server]:
    """Run the server in its own process.

    With `delayed`, answers take 30 ms, as over a real network. With `different`, 5,000 answers are all different.
    """
    key = rsa.generate_private_key(65537, 4096)
    bodies = [body.replace('"total_consumptions":5', f'"total_consumptions":{number}') for number in range(DIFFERENT)]
    answers = [(signed(key, each), each) for each in (bodies if different else [body])]
    signature = answers[0][0]
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain, tls = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        nginx = shutil.which("nginx")
        if not different and nginx is not None and Path("/usr/lib/nginx/modules/ngx_http_echo_module.so").exists():
            config = NGINX.format(folder=folder, plain=plain, tls=tls, signature=signature, body=body)
            (folder / "nginx.conf").write_text(config)
            command = [nginx, "-c", str(folder / "nginx.conf"), "-p", "/usr/share/nginx"]
            title = "nginx"
        else:
            delay = "0.03" if delayed else "0"
            (folder / "answers.json").write_text(json.dumps(answers))
            paths = [str(folder / "server.pem"), str(folder / "answers.json")]
            command = [sys.executable, __file__, str(plain), str(tls), *paths, delay]
            title = "asyncio"
        process = subprocess.Popen(command)
        try:
            wait_for(plain)
            path = "/delayed" if delayed and title == "nginx" else ""
            yield Server(
                name=title,
                plain=f"http://127.0.0.1:{plain}{path}",
                tls=f"https://127.0.0.1:{tls}{path}",
                public_key=key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
                context=context,
                authority=authority.cert_pem.bytes(),
            )
        finally:
            process.terminate()
            process.wait()


def wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return
        time.sleep(0.02)
    raise RuntimeError("the server did not start")


class Answering(asyncio.Protocol):
    """Answers each request head with the next answer, after a delay."""

    def __init__(self, answers: Iterator[bytes], delay: float) -> None:
        self.answers, self.delay, self.buffer = answers, delay, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            self.buffer = self.buffer.split(b"\r\n\r\n", 1)[1]
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, next(self.answers))


def answers(path: Path) -> Iterator[bytes]:
    head = "HTTP/1.1 200 OK\r\nLicenseSignature: {}\r\nContent-Length: {}\r\n\r\n{}"
    pairs = json.loads(path.read_text())
    return itertools.cycle([head.format(signature, len(body), body).encode() for signature, body in pairs])


async def serve(given: argparse.Namespace, answers: Iterator[bytes]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.pem)
    loop = asyncio.get_running_loop()
    delay = float(given.delay)
    await loop.create_server(lambda: Answering(answers, delay), "127.0.0.1", int(given.plain), backlog=8192)
    await loop.create_server(lambda: Answering(answers, delay), "127.0.0.1", int(given.tls), backlog=8192, ssl=context)
    await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    for each in ("plain", "tls", "pem", "answers", "delay"):
        arguments.add_argument(each)
    parsed = arguments.parse_args()
    asyncio.run(serve(parsed, answers(Path(parsed.answers))))
