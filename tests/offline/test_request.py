"""Offline requests: exactly what is signed is what is sent, in both schemas."""

from __future__ import annotations

import json
import uuid
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from licensespring_async import ApiKey, ClientCredentials, ConfigurationError, InvalidParameter
from licensespring_async.offline import OfflineRequest, activation_request, deactivation_request

from .making import AUTH, keyed

OAUTH = ClientCredentials(client_id="client-1", client_secret="secret-2")
NOW = 1_751_626_573.0
DATE = "Fri, 04 Jul 2025 10:56:13 GMT"


def made(**changes: Any) -> OfflineRequest:
    given: dict[str, Any] = {
        "auth": AUTH,
        "product": "APP",
        "hardware_id": "gerät-7",
        "license_key": "KEY-1",
        "time": NOW,
    }
    return activation_request(**{**given, **changes})


def text_of(request: OfflineRequest) -> str:
    return b64decode(request.text).decode()


def test_schema_2_signs_the_text_that_it_embeds() -> None:
    """Signs the compact JSON of the request, and embeds that very text."""
    request = made(variables={"seats": 5, "on": True, "who": "Zoë"}, app_ver="2.1")
    text = text_of(request)

    inner = text[len('{"request":') : text.index(',"signature":')]
    assert json.loads(text)["signature"] == keyed(AUTH.shared_key, inner)
    assert json.loads(inner) == {
        "request": "activation",
        "request_id": request.request_id,
        "date": DATE,
        "hardware_id": "gerät-7",
        "product": "APP",
        "license_key": "KEY-1",
        "app_ver": "2.1",
        "variables": {"seats": 5, "on": True, "who": "Zoë"},
        "api_key": AUTH.api_key,
        "schema_version": 2,
    }
    assert inner == json.dumps(json.loads(inner), separators=(",", ":"), ensure_ascii=False)


def test_schema_1_signs_date_license_device_and_credentials() -> None:
    """Signs the documented five lines, and has no outer layer."""
    fields = json.loads(text_of(made(schema=1)))

    assert fields["signature"] == keyed(AUTH.shared_key, f"licenseSpring\ndate: {DATE}\nKEY-1\ngerät-7\n{AUTH.api_key}")
    assert "schema_version" not in fields


@pytest.mark.parametrize("schema", [1, 2])
def test_client_credentials_sign_with_their_secret(schema: Literal[1, 2]) -> None:
    """Names the client, and signs with its secret, never with its id."""
    given: dict[str, Any] = {"auth": OAUTH, "product": "APP", "hardware_id": "d", "username": "robin"}
    request = deactivation_request(**given, schema=schema, time=NOW)
    text = text_of(request)
    if schema == 2:
        inner = text[len('{"request":') : text.index(',"signature":')]
        assert json.loads(text)["signature"] == keyed("secret-2", inner)
        text = inner
    else:
        signed = f"licenseSpring\ndate: {DATE}\nrobin\nd\nclient-1"
        assert json.loads(text)["signature"] == keyed("secret-2", signed)
    fields = json.loads(text)
    assert (fields["client_id"], fields["request"]) == ("client-1", "deactivation")
    assert "secret-2" not in text
    assert "api_key" not in fields


def test_every_request_has_an_id_of_its_own() -> None:
    """Names each request differently, unless the caller names it."""
    assert made().request_id != made().request_id
    assert made(request_id="7c0f").request_id == "7c0f"


def test_a_request_does_not_show_its_text() -> None:
    """Keeps keys out of the repr."""
    assert made().text not in repr(made(request_id="7c0f"))
    assert "KEY-1" not in repr(made())


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"schema": 3}, "schema"),
        ({"license_key": None}, "license_key / username"),
        ({"username": "robin"}, "license_key / username"),
        ({"password": "p"}, "password"),
        ({"hardware_id": ""}, "hardware_id"),
        ({"variables": {"ratio": 1.5}}, "variables"),
        ({"consumptions": 1.5}, "consumptions"),
        ({"request_id": uuid.uuid4()}, "request_id"),
        ({"request_id": "\ud800"}, "request_id"),
        ({"time": datetime(2026, 1, 1, tzinfo=UTC)}, "time"),
        ({"time": float("nan")}, "time"),
        ({"time": 10**30}, "time"),
        ({"time": -1}, "time"),
    ],
)
def test_what_cannot_be_sent_is_named(changes: dict[str, Any], parameter: str) -> None:
    """Refuses an argument before there is a text."""
    with pytest.raises(InvalidParameter) as caught:
        made(**changes)
    assert caught.value.parameter == parameter


def test_credentials_are_of_two_kinds() -> None:
    """Refuses to sign with something else."""
    with pytest.raises(ConfigurationError, match="auth"):
        made(auth="api-key")


def test_nothing_of_the_shared_key_is_in_the_text() -> None:
    """Sends the signature and never the key."""
    for schema in (1, 2):
        text = text_of(made(schema=schema, auth=ApiKey(api_key="a", shared_key="THE-SHARED-KEY")))
        assert "THE-SHARED-KEY" not in text
