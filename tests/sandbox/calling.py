"""A client of a few lines, so that the sandbox is not tested by the code that it will test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import attrs
import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from licensespring_async.sandbox import Sandbox

FEATURE = "/api/v4/check_license_feature"
BUNDLE = "/api/v4/check_bundle"
TOKEN = "/realms/user-portal/protocol/openid-connect/token"


@attrs.define
class VirtualClock:
    """Seconds since the epoch that pass only when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, *, minutes: float) -> None:
        self.now += minutes * 60


def authorization(sandbox: Sandbox, date: str, *, shared_key: str | None = None) -> str:
    text = f"licenseSpring\ndate: {date}"
    key = (shared_key or sandbox.shared_key).encode()
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    return f'algorithm="hmac-sha256",headers="date",signature="{signature}",apikey="{sandbox.api_key}"'


def verify(public_key: str, signature: str, content: bytes) -> None:
    key = load_pem_public_key(public_key.encode())
    assert isinstance(key, RSAPublicKey)
    key.verify(base64.b64decode(signature), content, PKCS1v15(), SHA256())


def new_http() -> httpx.AsyncClient:
    # The sandbox speaks plain HTTP, and loading the system's certificates takes longer than most tests here.
    return httpx.AsyncClient(verify=False, trust_env=False, timeout=10)  # noqa: S501


@attrs.frozen(kw_only=True)
class Caller:
    sandbox: Sandbox
    clock: VirtualClock
    http: httpx.AsyncClient

    def signed(self) -> dict[str, str]:
        date = formatdate(self.clock.now, usegmt=True)
        return {"Date": date, "Authorization": authorization(self.sandbox, date)}

    async def get(
        self, path: str, query: Mapping[str, str | int] | str = "", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        text = query if isinstance(query, str) else str(httpx.QueryParams(query))
        return await self.http.get(
            f"{self.sandbox.url}{path}?{text}", headers=self.signed() if headers is None else headers
        )

    async def post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        headers = {**self.signed(), "Content-Type": "application/json"}
        return await self.http.post(f"{self.sandbox.url}/api/v4/{path}", content=json.dumps(body), headers=headers)

    async def json(self, path: str, query: Mapping[str, str | int]) -> Any:
        response = await self.get(path, query)
        assert response.status_code == 200, response.text
        return response.json()

    async def code(self, path: str, query: Mapping[str, str | int] | str = "") -> str:
        return refusal(await self.get(path, query))

    async def post_token(self, form: Mapping[str, str]) -> httpx.Response:
        return await self.http.post(f"{self.sandbox.url}{TOKEN}", data=dict(form))


def refusal(response: httpx.Response) -> str:
    """Give the code of an error answer, once its envelope is the documented one."""
    envelope = response.json()
    assert set(envelope) == {"status", "code", "message"}
    assert envelope["status"] == response.status_code >= 400
    assert envelope["message"]
    assert "LicenseSignature" not in response.headers
    return str(envelope["code"])
