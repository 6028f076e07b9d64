"""Calls that this version has no method for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licensespring_async import (
    ApiError,
    ConnectionLost,
    InvalidParameter,
    License,
    LicenseFeature,
    LicenseSpring,
    RetryPolicy,
    SignatureError,
)
from licensespring_async.sandbox import Sandbox

from ..fakes import KEY, ScriptedEngine, answer, client
from . import bodies
from .fakes import VirtualTime
from .keys import Signer

pytestmark = pytest.mark.anyio
SECRET = "license-key-0004"


def test_any_path_is_called_by_every_client() -> None:
    """Reads models, arrays and JSON, by GET and POST, raw too; a refusal is one of ours."""
    with Sandbox() as sandbox, sandbox.blocking_client() as blocking:
        demo = sandbox.demo
        check = {"product": demo.product, "hardware_id": demo.hardware_id, "license_key": demo.license_key}
        license = blocking.request("GET", "/api/v4/check_license", check, model=License)
        assert license == blocking.check_license(
            product=demo.product, hardware_id=demo.hardware_id, license_key=demo.license_key
        )
        listed = blocking.request(
            "GET", "/api/v4/device_licenses", {"hardware_id": demo.hardware_id}, model=tuple[License, ...]
        )
        assert [type(each) for each in listed] == [License]
        raw = blocking.with_raw_response.request(
            "POST", "/api/v4/activate_license", {**check, "hardware_id": "new"}, model=object
        )
        assert raw.verified
        assert json.loads(raw.body) == raw.value


@pytest.mark.parametrize(
    ("method", "repeat", "attempts"), [("GET", None, 3), ("POST", None, 1), ("POST", True, 3), ("GET", False, 1)]
)
async def test_what_may_have_acted_is_not_repeated(method: Any, repeat: bool | None, attempts: int) -> None:
    """Repeats reads, and whatever the caller says, after a lost answer; no parameter is in the error."""
    engine = ScriptedEngine([ConnectionLost("")] * 3)
    with pytest.raises(ConnectionLost) as caught:
        await client(engine, VirtualTime().clock).request(
            method, "/api/v4/renew_license", {"key": SECRET}, model=object, repeat=repeat
        )
    assert len(engine.requests) == attempts
    assert caught.value.endpoint == "renew_license"
    assert SECRET not in f"{caught.value!r} {getattr(caught.value, '__notes__', '')}"


async def test_a_refusal_repeats_no_parameter() -> None:
    """Hides every text that was sent, however deep, in what the service says of it."""
    engine = ScriptedEngine([answer(400, {"status": 400, "code": "new_code", "message": f"{SECRET} is used up"})])
    with pytest.raises(ApiError) as caught:
        await client(engine).request("POST", "/api/v4/renew", {"a": [{"b": SECRET}]}, model=object)
    assert SECRET not in f"{caught.value} {caught.value.message}"
    assert b'{"a":[{"b":"' in (engine.requests[0].body or b"")


async def test_an_answer_is_verified(signer: Signer) -> None:
    """Refuses an answer that is not signed, unless the caller says that the service signs none."""
    engine = ScriptedEngine([answer(200, {"x": 1}), answer(200, {"x": 1})])
    verifying = LicenseSpring(auth=KEY, public_key=signer.public_key, engine=engine, retry=RetryPolicy(max_attempts=1))
    with pytest.raises(SignatureError):
        await verifying.request("GET", "/api/v4/x", model=object)
    raw = await verifying.with_raw_response.request("GET", "/api/v4/x", model=object, signed=False)
    assert (raw.value, raw.verified) == ({"x": 1}, False)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        *(
            ({"path": path}, "path")
            for path in (
                *("//host/x", "/a//b", "/a/../b", "/.", "x", "/", "https://host/x", "/x?a=1", "/x#a", "/x%2e", "/x\n"),
                *("/x\\y", "/\u00fc", "/x y", "", 5, "/x\0"),
            )
        ),
        ({"method": "DELETE"}, "method"),
        ({"model": dict}, "model"),
        ({"model": tuple[int, ...]}, "model"),
        ({"model": None}, "model"),
        ({"signed": None}, "signed"),
        ({"repeat": 1}, "repeat"),
        ({"parameters": {"a&b": "1"}}, "parameters"),
        ({"parameters": {"a": [1]}}, "a"),
        ({"parameters": {"a": "\n"}}, "a"),
        ({"parameters": {"a": float("nan")}}, "a"),
        ({"method": "POST", "parameters": {"a": float("nan")}}, "parameters"),
        ({"method": "POST", "parameters": {"a": object()}}, "parameters"),
        ({"method": "POST", "parameters": {"a": ["x\ud800"]}}, "parameters"),
        ({"method": "POST", "parameters": {"a": {"x\ud800": 1}}}, "parameters"),
        ({"parameters": {"a": 10**5000}}, "a"),
        ({"parameters": "text"}, "parameters"),
        ({"parameters": 5}, "parameters"),
    ],
)
async def test_what_cannot_be_sent_is_refused(changes: dict[str, Any], name: str) -> None:
    """Names the argument, and sends nothing."""
    engine = ScriptedEngine([])
    usual: dict[str, Any] = {"method": "GET", "path": "/api/v4/x", "parameters": {}, "model": object}
    asked = usual | changes
    with pytest.raises(InvalidParameter) as caught:
        await client(engine).request(asked.pop("method"), asked.pop("path"), asked.pop("parameters"), **asked)
    assert str(caught.value).startswith(f"{name}: ")
    assert engine.requests == []


async def test_a_query_is_encoded() -> None:
    """Sends what it is given, and nothing that reads as another parameter."""
    engine = ScriptedEngine([answer(200, bodies.feature())])
    parameters = {"a": "x&b=1 /?#", "yes": True, "n": 5, "left_out": None}
    feature = await client(engine).request("GET", "/api/v4/check_it", parameters, model=LicenseFeature)
    assert feature.code == "render"
    assert engine.requests[0].url.endswith("/api/v4/check_it?a=x%26b%3D1%20%2F%3F%23&yes=true&n=5")
