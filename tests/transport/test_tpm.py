"""A key that never leaves the device signs each attempt, with the credentials or the token that it is sent with."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from licensespring_async import ClientCredentials, Clock, ConfigurationError, InvalidParameter
from licensespring_async.endpoints import activate_bundle, activate_license

from ..fakes import CHECK, KEY, ScriptedEngine, answer, client

pytestmark = pytest.mark.anyio

HEADER = "licensespring-tpm-signature"


@attrs.define
class Key:
    """Signs by writing down what it was given."""

    public_key: str = "cHVibGlj"
    messages: list[str] = attrs.field(factory=list[str])

    def sign(self, message: str) -> str:
        self.messages.append(message)
        return f"signed-{len(self.messages)}"


async def test_every_request_of_a_client_is_signed() -> None:
    """Adds the header to each request, with the signature of what the API key signs it with."""
    key, engine = Key(), ScriptedEngine()
    asking = client(engine, tpm=key)

    await asking.check_license_feature(**CHECK)
    await asking.check_license_feature(**CHECK)

    assert [each.headers[HEADER] for each in engine.requests] == [
        'algorithm="ES256",signature="signed-1"',
        'algorithm="ES256",signature="signed-2"',
    ]
    assert key.messages == [KEY.sign(each.headers["Date"]) for each in engine.requests]


async def test_a_token_is_signed_with_its_date() -> None:
    """Signs the date and the token where there is no API key."""
    token = answer(200, {"access_token": "the-token", "expires_in": 300})
    key, engine = Key(), ScriptedEngine([token, answer()])
    credentials = ClientCredentials(client_id="c", client_secret="s", token_url="https://login.example.org/token")

    await client(engine, auth=credentials, tpm=key).check_license_feature(**CHECK)

    assert key.messages == [engine.requests[1].headers["Date"] + "the-token"]


@attrs.define
class _Slow(Key):
    """Takes four seconds of a clock."""

    now: float = 0.0

    def sign(self, message: str) -> str:
        self.now += 4
        return super().sign(message)


async def test_signing_counts_against_the_time_of_the_call() -> None:
    """Gives a request only the time that signing has left of the call's."""
    key, engine = _Slow(), ScriptedEngine()
    await client(engine, Clock(monotonic=lambda: key.now), tpm=key, timeout=10).check_license_feature(**CHECK)
    assert engine.timeouts == [6.0]


async def test_an_activation_enrols_and_signs() -> None:
    """Sends the public half of the key in the body, and signs that one request without a client that has the key."""
    key = Key()

    call = activate_license(product="TP", hardware_id="d", license_key="K", tpm=key)

    assert call.request.body is not None
    assert b'"tpm_enrollment":{"signing_public_key":"cHVibGlj"}' in call.request.body
    assert call.request.tpm is key
    assert "cHVibGlj" not in repr(call)


async def test_a_key_may_be_a_pem() -> None:
    """Sends the lines of a PEM as they are."""
    key = Key(public_key="-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n")

    body = activate_license(product="TP", hardware_id="d", license_key="K", tpm=key).request.body

    assert body is not None
    assert json.loads(body)["tpm_enrollment"] == {"signing_public_key": key.public_key}


async def test_without_a_key_there_is_no_header() -> None:
    """Sends no empty signature."""
    engine = ScriptedEngine()
    await client(engine).check_license_feature(**CHECK)
    assert HEADER not in engine.requests[0].headers


class _Broken:
    public_key = "x"

    def sign(self, message: str) -> str:
        raise RuntimeError("the TPM is locked")


@attrs.define
class _Says:
    said: object
    public_key: str = "x"

    def sign(self, message: str) -> str:
        return self.said  # type: ignore[return-value]


@pytest.mark.parametrize("key", [_Broken(), _Says(None), _Says(b"x"), _Says('a"b'), _Says("a\r\nX: y"), _Says("größe")])
async def test_a_key_that_fails_sends_nothing(key: _Says) -> None:
    """Says that the hook failed, before anything is sent."""
    engine = ScriptedEngine()
    with pytest.raises(ConfigurationError, match=r"tpm: sign\(\)"):
        await client(engine, tpm=key).check_license_feature(**CHECK)
    assert engine.requests == []


def test_a_key_is_an_object_with_a_method() -> None:
    """Refuses something that cannot sign when the client is made."""
    with pytest.raises(ConfigurationError, match="tpm: must be an object"):
        client(ScriptedEngine(), tpm="cHVibGlj")


@pytest.mark.parametrize(
    "key", ["cHVibGlj", b"cHVibGlj", 5, Key, object()], ids=["text", "bytes", "number", "class", "object"]
)
def test_an_activation_takes_no_other_object(key: Any) -> None:
    """Refuses what cannot sign, before anything is sent."""
    with pytest.raises(InvalidParameter, match="tpm: must be an object"):
        activate_license(product="TP", hardware_id="d", license_key="k", tpm=key)
    with pytest.raises(InvalidParameter, match="tpm: must be an object"):
        activate_bundle(product="TP", hardware_id="d", license_key="k", tpm=key)


async def test_what_needs_no_credentials_is_not_signed() -> None:
    """Asks for the service's metadata with neither credentials nor a key's signature."""
    key, engine = Key(), ScriptedEngine([answer(200, {})])
    await client(engine, tpm=key).api_metadata()
    assert "Authorization" not in engine.requests[0].headers
    assert key.messages == []
