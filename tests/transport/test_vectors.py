"""The retry and skew scenarios of tests/transport/vectors, on a virtual clock with rand = 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

import licensespring_async
from licensespring_async import LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.auth import imf_fixdate
from licensespring_async.transport import HttpRequest, HttpResponse

from ..fakes import CHECK, ScriptedEngine, answer, client, http_date, refusal
from . import virtual

VECTORS = Path(__file__).parent / "vectors"


def vectors(name: str) -> list[Any]:
    scenarios = json.loads((VECTORS / f"{name}.json").read_text())
    return [pytest.param(scenario, id=scenario["name"]) for scenario in scenarios]


def play(spec: dict[str, Any]) -> HttpResponse | Exception:
    if "error" in spec:
        error: Exception = getattr(licensespring_async, spec["error"])("played")
        return error
    headers: dict[str, str] = {}
    if "retry_after" in spec:
        headers["retry_after"] = spec["retry_after"]
    if "retry_after_date" in spec:
        headers["retry_after"] = http_date(virtual.EPOCH + spec["retry_after_date"])
    if "code" in spec:
        return refusal(spec["code"], spec["status"], **headers)
    return answer(spec["status"], **headers) if spec["status"] == 200 else answer(spec["status"], "no json", **headers)


async def outcome(engine: ScriptedEngine, scenario: dict[str, Any]) -> tuple[LicenseSpringError | None, LicenseSpring]:
    its_client = client(
        engine,
        virtual.clock(),
        retry=RetryPolicy(**scenario.get("policy", {})),
        timeout=scenario.get("timeout", 60),
    )
    its_client.retry_budget.tokens = scenario.get("budget", 500)
    try:
        await its_client.check_license_feature(**CHECK)
    except LicenseSpringError as e:
        return e, its_client
    return None, its_client


def expect_error(error: LicenseSpringError | None, expected: dict[str, Any]) -> None:
    assert (type(error).__name__ if error else None) == expected.get("error")
    for name in ("status", "attempts", "retry_after", "elapsed"):
        if name in expected:
            assert getattr(error, name) == pytest.approx(expected[name], abs=1e-3)
    if "earlier" in expected:
        assert error is not None
        assert len(error.earlier) == expected["earlier"]
    if "note" in expected:
        assert expected["note"] in "".join(getattr(error, "__notes__", []))


@pytest.mark.parametrize("backend", virtual.BACKENDS)
@pytest.mark.parametrize("scenario", vectors("retry"))
def test_retry(scenario: dict[str, Any], backend: str) -> None:
    """Retries when, and as often as, the scenario says, exact to a millisecond."""
    engine = ScriptedEngine([play(spec) for spec in scenario["answers"]])

    error, its_client = virtual.run(backend, lambda: outcome(engine, scenario))

    expected = scenario["expect"]
    assert engine.times_from_start == pytest.approx(expected["requests_at"], abs=1e-3)
    assert its_client.retry_budget.tokens == expected["budget"]
    expect_error(error, expected)


@pytest.mark.parametrize("backend", virtual.BACKENDS)
@pytest.mark.parametrize("scenario", vectors("skew"))
def test_skew(scenario: dict[str, Any], backend: str) -> None:
    """Signs with the service's time as far as it is known, and tries again once when that is news."""

    def dated(spec: dict[str, Any]) -> Any:
        def respond(_: HttpRequest) -> HttpResponse:
            headers = {"age": spec["age"]} if "age" in spec else {}
            if "ahead" in spec:
                headers["date"] = http_date(virtual.EPOCH + anyio.current_time() - engine.times[0] + spec["ahead"])
            if "date" in spec:
                headers["date"] = spec["date"]
            return refusal(spec["code"], **headers) if "code" in spec else answer(**headers)

        return respond

    engine = ScriptedEngine([dated(spec) for spec in scenario["answers"]], seconds=scenario.get("latency", 0))

    error, its_client = virtual.run(backend, lambda: outcome(engine, scenario))

    expected = scenario["expect"]
    assert [request.headers["Date"] for request in engine.requests] == [
        imf_fixdate(virtual.EPOCH + ahead) for ahead in expected["dated"]
    ]
    if "requests_at" in expected:
        assert engine.times_from_start == pytest.approx(expected["requests_at"], abs=1e-3)
    assert its_client.clock_skew == pytest.approx(expected["skew"], abs=0.6)
    expect_error(error, expected)
