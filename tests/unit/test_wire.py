"""What each endpoint puts on the wire, exactly: the cases of tests/unit/wire, one file for each endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from licensespring_async import LicenseNotFound, endpoints
from licensespring_async.transport.values import Call, Repeat, Request

from ..fakes import ScriptedEngine, client, refusal
from .cases import WIRE, Case, cases

ORIGIN = "https://api.licensespring.com"


def repeatable(request: Request) -> bool:
    """Whether a request may be sent again after a failure that may have acted."""
    return request.repeat is Repeat.ALWAYS


def body_of(case: Case) -> bytes | None:
    """The bytes that a case sends."""
    return None if case["body"] is None else case["body"].encode()


def media_type_of(case: Case) -> str | None:
    """What a body is: JSON, or the text of an offline request."""
    if case["body"] is None:
        return None
    return "text/plain" if "request" in case["arguments"] else "application/json"


def test_every_endpoint_has_its_cases() -> None:
    """Has one file of cases for each endpoint, and no other."""
    assert sorted(file.stem for file in WIRE.iterdir()) == sorted(endpoints.__all__)


@pytest.mark.parametrize("endpoint", endpoints.__all__)
def test_an_endpoint_makes_the_request_of_each_case(endpoint: str) -> None:
    """Makes exactly the request that a case's sentence is about, and shows none of its secrets in its repr."""
    for case in cases(endpoint):
        call: Call[Any] = getattr(endpoints, endpoint)(**case["arguments"])
        request, about = call.request, case["about"]

        assert (request.endpoint, request.method, request.target) == (endpoint, case["method"], case["target"]), about
        assert (request.body, request.content_type) == (body_of(case), media_type_of(case)), about
        assert set(request.secrets) == set(case["secrets"]), about
        assert repeatable(request) is case["repeatable"], about
        assert [secret for secret in case["secrets"] if secret in repr(call)] == [], about


@pytest.mark.anyio
@pytest.mark.parametrize("endpoint", endpoints.__all__)
async def test_an_engine_is_given_the_request_of_its_case(endpoint: str) -> None:
    """Hands the engine each case's target below the origin, and its body byte for byte."""
    engine = ScriptedEngine([refusal("license_not_found")])
    asking = client(engine, rate_limits=None)

    for case in cases(endpoint):
        with pytest.raises(LicenseNotFound):
            await getattr(asking, endpoint)(**case["arguments"])
        sent = engine.requests[-1]
        assert (sent.method, sent.url) == (case["method"], ORIGIN + case["target"]), case["about"]
        assert (sent.body, sent.headers.get("Content-Type")) == (body_of(case), media_type_of(case)), case["about"]
    assert len(engine.requests) == len(cases(endpoint))
