"""The spans of a call and of its attempts."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import SpanKind, StatusCode

from licensespring_async import ConnectionLost, LicenseRefused, LicenseSpringError, RetryPolicy
from licensespring_async.sandbox import Fault, Sandbox
from licensespring_async.services.telemetry import OpenTelemetry
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import CHECK, ScriptedEngine, answer, client, refusal
from ...transport import virtual
from ...transport.virtual import Run
from .seen import Seen, observed

SERVER = {"server.address": "api.licensespring.com", "server.port": 443}


def identity(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_a_call_is_a_span_and_each_attempt_one_below_it(run: Run) -> None:
    """Makes one span for the call and a child for each attempt, named and attributed as the conventions say."""
    seen = Seen()

    async def main() -> None:
        await observed(seen, answer(503, ""), answer()).check_license_feature(**CHECK)

    run(main)
    [call] = seen.spans("licensespring.check_license_feature")
    attempts = seen.spans("GET ")
    assert call.parent is None
    assert call.kind is SpanKind.INTERNAL
    assert attributes(call) == {
        **SERVER,
        "licensespring.endpoint": "check_license_feature",
        "licensespring.code": "ok",
        "licensespring.attempts": 2,
    }
    common = {
        **SERVER,
        "http.request.method": "GET",
        "url.template": "/api/v4/check_license_feature",
        "url.full": "https://api.licensespring.com/api/v4/check_license_feature",
    }
    assert [each.name for each in attempts] == ["GET /api/v4/check_license_feature"] * 2
    assert [each.kind for each in attempts] == [SpanKind.CLIENT] * 2
    assert [each.parent.span_id for each in attempts if each.parent] == [identity(call)] * 2
    assert [attributes(each) for each in attempts] == [
        {**common, "http.response.status_code": 503, "error.type": "503"},
        {**common, "http.response.status_code": 200, "http.request.resend_count": 1},
    ]
    assert [each.status.status_code for each in [*attempts, call]] == [
        StatusCode.ERROR,
        StatusCode.UNSET,
        StatusCode.UNSET,
    ]


def test_the_spans_are_current_while_they_last(run: Run) -> None:
    """Is below the caller's span, around the engine, and gone afterwards, in many concurrent tasks at once."""
    seen = Seen()
    tracer = seen.tracers.get_tracer("the caller")
    inside: list[tuple[str, str]] = []

    async def main() -> None:
        def play(request: HttpRequest) -> HttpResponse:
            current: Any = trace.get_current_span()
            inside.append((current.name, request.method))
            return answer()

        its_client = observed(seen, ScriptedEngine([play], seconds=1))

        async def task(number: int) -> None:
            with tracer.start_as_current_span(f"task {number}") as own:
                await its_client.check_license_feature(**CHECK)
                assert trace.get_current_span() is own

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(task, number)

    run(main)
    assert set(inside) == {("GET /api/v4/check_license_feature", "GET")}
    tasks = [identity(each) for each in seen.spans("task ")]
    parents = [each.parent.span_id for each in seen.spans("licensespring.") if each.parent]
    assert sorted(parents) == sorted(tasks)


def test_a_refusal_is_no_error_of_the_call(run: Run) -> None:
    """Says on the call's span what the refusal was, and leaves its status alone: the question was answered."""
    seen = Seen()

    async def main() -> None:
        with pytest.raises(LicenseRefused):
            await observed(seen, refusal("license_not_found")).check_license_feature(**CHECK)

    run(main)
    [call], [attempt] = seen.spans("licensespring."), seen.spans("GET")
    assert attributes(call)["licensespring.code"] == "license_not_found"
    assert attributes(call)["error.type"] == "LicenseNotFound"
    assert call.status.status_code is StatusCode.UNSET
    # The conventions want a client's 4xx to be one.
    assert (attributes(attempt)["error.type"], attempt.status.status_code) == ("400", StatusCode.ERROR)


@pytest.mark.parametrize(
    ("play", "code", "kind", "attempt"),
    [
        (ConnectionLost("cut"), "connection_lost", "ConnectionLost", "ConnectionLost"),
        (answer(500, ""), "api_error", "ApiError", "500"),
        (refusal("internal_error", 500), "internal_error", "InternalError", "500"),
        (refusal("invented-just-now-" * 5), "api_error", "ApiError", "400"),
        (answer(429, ""), "rate_limited", "RateLimited", "429"),
        (answer(200, "no JSON"), "response_error", "ResponseError", None),
    ],
    ids=["lost", "500", "internal", "unknown", "429", "garbage"],
)
def test_an_error_is_named(run: Run, play: Any, code: str, kind: str, attempt: str | None) -> None:
    """Names errors with few words, so that no server can make up label values."""
    seen = Seen()

    async def main() -> None:
        with pytest.raises(LicenseSpringError):
            await observed(seen, play, retry=RetryPolicy(max_attempts=1)).check_license_feature(**CHECK)

    run(main)
    [call], [request] = seen.spans("licensespring."), seen.spans("GET")
    assert (attributes(call)["licensespring.code"], attributes(call)["error.type"]) == (code, kind)
    assert call.status.status_code is StatusCode.ERROR
    assert attributes(request).get("error.type") == attempt


def test_a_cancelled_call_ends_its_spans(run: Run) -> None:
    """Ends both spans, and says that the call was cancelled."""
    seen = Seen()

    async def main() -> None:
        with anyio.move_on_after(1):
            await observed(seen, ScriptedEngine([answer()], seconds=5)).check_license_feature(**CHECK)
        assert not trace.get_current_span().get_span_context().is_valid

    run(main)
    ended = [*seen.spans("GET"), *seen.spans("licensespring.")]
    assert [attributes(each)["error.type"] for each in ended] == ["cancelled", "cancelled"]
    assert [each.status.status_code for each in ended] == [StatusCode.UNSET, StatusCode.UNSET]


class Breaking(Sampler):
    """A sampler with a mistake in it."""

    def should_sample(self, *args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError

    def get_description(self) -> str:
        return "breaks"


def test_telemetry_that_fails_stops_no_call(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Logs what went wrong in a tracer, and lets the call go on."""
    telemetry = OpenTelemetry(tracer_provider=TracerProvider(sampler=Breaking(), shutdown_on_exit=False))

    async def main() -> None:
        engine = ScriptedEngine([answer()])
        feature = await client(engine, virtual.clock(), telemetry=telemetry).check_license_feature(**CHECK)
        assert feature.code == "render"

    run(main)
    assert {each.message for each in caplog.records} == {"telemetry failed"}


@pytest.mark.anyio
async def test_no_secret_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    """Records no key, user, device, query or credential, neither in spans and metrics nor in logs."""
    seen = Seen()
    caplog.set_level(logging.DEBUG, "licensespring_async")
    async with Sandbox() as sandbox, sandbox.client(telemetry=seen.telemetry) as its_client:
        demo = sandbox.demo
        device: Any = {"hardware_id": demo.hardware_id, "license_key": demo.license_key}
        await its_client.check_license_feature(product="LUMEN", feature="ai-upscale", **device)
        sandbox.faults.add(Fault(effect="error", count=1))
        await its_client.check_license_feature(product="LUMEN", feature="ai-upscale", **device)
        with pytest.raises(LicenseRefused):
            await its_client.check_bundle(product="LUMEN", hardware_id="my-laptop", username="ana@example.org")
        secrets = [demo.hardware_id, demo.license_key, "my-laptop", "ana", sandbox.api_key, sandbox.shared_key, "?"]
    recorded = seen.everything() + "".join(str(vars(each)) for each in caplog.records)
    assert "check_bundle" in recorded
    assert [each for each in secrets if each in recorded] == []
