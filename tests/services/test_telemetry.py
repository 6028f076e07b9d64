"""What OpenTelemetry and logs hear of calls: spans, metrics, records; on both event loops."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import SpanKind, StatusCode

from licensespring_async import (
    PRODUCTION_PUBLIC_KEY,
    CircuitPolicy,
    CircuitState,
    ConnectionLost,
    LicenseRefused,
    LicenseSpring,
    LicenseSpringError,
    RetryPolicy,
)
from licensespring_async.sandbox import Fault, Sandbox
from licensespring_async.services.telemetry import OpenTelemetry
from licensespring_async.transport import HttpRequest, HttpResponse

from ..fakes import CHECK, ScriptedEngine, answer, client, refusal
from ..transport import virtual

Run = Callable[[Callable[[], Awaitable[None]]], None]
SERVER = {"server.address": "api.licensespring.com", "server.port": 443}


@pytest.fixture(params=virtual.BACKENDS)
def run(request: pytest.FixtureRequest) -> Run:
    return lambda function: virtual.run(request.param, function)


class Seen:
    """Providers of one test's own, and what they were given."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)

    @property
    def telemetry(self) -> OpenTelemetry:
        return OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    def spans(self, start: str) -> list[ReadableSpan]:
        """Return the ended spans whose name begins so, oldest first."""
        return [each for each in self.exporter.get_finished_spans() if each.name.startswith(start)]

    def points(self, name: str) -> list[Any]:
        """Return the data points of a metric."""
        data: Any = self.reader.get_metrics_data()
        scopes = [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]
        metrics = [metric for scope in scopes for metric in scope.metrics if metric.name == name]
        return [point for metric in metrics for point in metric.data.data_points]

    def everything(self) -> str:
        """Return all that was recorded, as text."""
        data = self.reader.get_metrics_data()
        return "".join(each.to_json() for each in self.exporter.get_finished_spans()) + (data.to_json() if data else "")


def observed(seen: Seen, *plays: Any, **options: Any) -> LicenseSpring:
    engine = plays[0] if isinstance(plays[0], ScriptedEngine) else ScriptedEngine(list(plays))
    return client(engine, virtual.clock(), telemetry=seen.telemetry, **options)


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


def test_durations_are_measured(run: Run) -> None:
    """Measures each request, and each call with its waits, in seconds."""
    seen = Seen()

    async def main() -> None:
        engine = ScriptedEngine([answer(503, ""), answer()], seconds=0.5)
        its_client = observed(seen, engine, retry=RetryPolicy(transient_base=4))
        await its_client.check_license_feature(**CHECK)

    run(main)
    requests = seen.points("http.client.request.duration")
    found = [(each.count, round(each.sum, 6), each.attributes["http.response.status_code"]) for each in requests]
    assert sorted(found) == [(1, 0.5, 200), (1, 0.5, 503)]
    assert requests[0].explicit_bounds[:3] == (0.005, 0.01, 0.025)
    assert "url.full" not in requests[0].attributes
    [call] = seen.points("licensespring.client.call.duration")
    assert (call.count, round(call.sum, 6)) == (1, 5.0)


def test_calls_are_counted_by_code(run: Run) -> None:
    """Counts calls by endpoint and code, and what was sent again by why."""
    seen = Seen()

    async def main() -> None:
        plays = [answer(), answer(), refusal("license_expired"), answer(503, ""), answer()]
        its_client = observed(seen, *plays)
        for _ in range(4):
            try:
                await its_client.check_license_feature(**CHECK)
            except LicenseRefused:
                continue

    run(main)
    calls = seen.points("licensespring.client.calls")
    counted = {each.attributes["licensespring.code"]: each.value for each in calls}
    assert counted == {"ok": 3, "license_expired": 1}
    [retries] = seen.points("licensespring.client.retries")
    assert (retries.value, retries.attributes["error.type"]) == (1, "ApiError")


def gauge(seen: Seen, name: str) -> float | None:
    points = seen.points(f"licensespring.client.{name}")
    return points[0].value if points else None


def test_gauges_tell_of_slots_budget_and_circuit(run: Run) -> None:
    """Reads off the client how many slots are in use, what the retry budget holds, what the circuit does."""
    seen = Seen()

    async def main() -> None:
        engine = ScriptedEngine([answer()], seconds=5)
        its_client = observed(seen, engine, circuit=CircuitPolicy(failure_rate=0.1, min_attempts=1, open_for=5))
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(lambda: its_client.with_options(timeout=60).check_license_feature(**CHECK))
            await anyio.sleep(1)
            assert gauge(seen, "requests.in_flight") == 3
        assert gauge(seen, "requests.in_flight") == 0
        assert gauge(seen, "retry_budget.tokens") == 500
        assert gauge(seen, "circuit.state") == 0
        engine.answers = [answer(503, "")]
        with pytest.raises(LicenseSpringError):
            await its_client.check_license_feature(**CHECK)
        assert gauge(seen, "circuit.state") == 2
        await anyio.sleep(6)
        assert gauge(seen, "circuit.state") == 1
        assert gauge(seen, "retry_budget.tokens") == 486

    run(main)


def test_clients_of_one_server_are_read_as_one(run: Run) -> None:
    """Adds up the slots of several clients, however many `OpenTelemetry` objects they were given."""
    seen = Seen()

    async def main() -> None:
        clients = [observed(seen, ScriptedEngine([answer()], seconds=5)) for _ in range(3)]
        async with anyio.create_task_group() as group:
            for each in clients:
                group.start_soon(lambda its_client: its_client.check_license_feature(**CHECK), each)
            await anyio.sleep(1)
            assert gauge(seen, "requests.in_flight") == 3
            assert gauge(seen, "circuit.state") is None

    run(main)


@pytest.mark.parametrize("seed", range(5))
def test_a_storm_of_cancellations_leaves_nothing_behind(run: Run, seed: int) -> None:
    """Frees every slot, ends every span and wedges no circuit, whenever callers are cancelled."""
    seen, chance = Seen(), random.Random(seed)

    async def main() -> None:
        started = anyio.current_time()

        def play(_: HttpRequest) -> HttpResponse:
            is_up = anyio.current_time() - started > 60
            return answer() if is_up or chance.random() < 0.4 else answer(503, "")

        engine = ScriptedEngine([play], seconds=1)
        policy = CircuitPolicy(min_attempts=5, open_for=3, probes=2)
        its_client = observed(seen, engine, circuit=policy, max_concurrency=3, timeout=8)

        async def call() -> None:
            await anyio.sleep(chance.uniform(0, 50))
            with anyio.move_on_after(chance.uniform(0, 5)):
                try:
                    await its_client.check_license_feature(**CHECK)
                except LicenseSpringError:
                    return

        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(call)
        assert gauge(seen, "requests.in_flight") == 0
        await anyio.sleep(15)
        for _ in range(2):
            await its_client.check_license_feature(**CHECK)
        assert its_client.circuit is not None
        assert its_client.circuit.state is CircuitState.CLOSED
        assert len(seen.spans("GET ")) == len(engine.requests)

    run(main)
    assert sum(each.value for each in seen.points("licensespring.client.calls")) == len(seen.spans("licensespring."))


def test_the_global_providers_may_be_set_later() -> None:
    """Reads the clients that were made before the program set its providers, and those made after."""
    code = """
import asyncio
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from licensespring_async import ApiKey, LicenseSpring
from licensespring_async.services.telemetry import OpenTelemetry

auth = ApiKey(api_key="k", shared_key="s")
before = LicenseSpring(auth=auth, telemetry=OpenTelemetry(), base_url="https://api.licensespring.com")
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
after = LicenseSpring(
    auth=auth, telemetry=OpenTelemetry(), base_url="https://other.example.org", public_key=PEM
)
[resource] = reader.get_metrics_data().resource_metrics
for metric in resource.scope_metrics[0].metrics:
    if metric.name == "licensespring.client.retry_budget.tokens":
        print(sorted(point.attributes["server.address"] for point in metric.data.data_points))
"""
    code = code.replace("PEM", repr(PRODUCTION_PUBLIC_KEY))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['api.licensespring.com', 'other.example.org']\n"


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


def test_requests_and_retries_are_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Logs a retry at INFO and each request at DEBUG, with the attributes that spans have."""
    caplog.set_level(logging.DEBUG, "licensespring_async")

    async def main() -> None:
        await client(ScriptedEngine([answer(503, ""), answer()]), virtual.clock()).check_license_feature(**CHECK)

    run(main)
    first, retry, second = (vars(each) for each in caplog.records)
    assert [each["levelname"] for each in (first, retry, second)] == ["DEBUG", "INFO", "DEBUG"]
    assert {each["name"] for each in (first, retry, second)} == {"licensespring_async"}
    assert {each["licensespring.endpoint"] for each in (first, retry, second)} == {"check_license_feature"}
    assert (first["http.response.status_code"], first["error.type"]) == (503, "ApiError")
    assert (second["http.response.status_code"], second["error.type"]) == (200, None)
    assert (retry["licensespring.retry_delay"], second["http.request.resend_count"]) == (0.05, 1)


def test_a_circuit_that_opens_is_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Says when the circuit opens, and when it closes."""
    caplog.set_level(logging.INFO, "licensespring_async")

    async def main() -> None:
        engine = ScriptedEngine([answer(503, ""), answer()])
        policy = CircuitPolicy(min_attempts=1, open_for=5)
        its_client = client(engine, virtual.clock(), circuit=policy, retry=RetryPolicy(max_attempts=1))
        with pytest.raises(LicenseSpringError):
            await its_client.check_license_feature(**CHECK)
        await anyio.sleep(6)
        await its_client.check_license_feature(**CHECK)

    run(main)
    opened, closed = caplog.records
    assert (opened.levelname, vars(opened)["licensespring.circuit.state"]) == ("INFO", "open")
    assert (closed.levelname, vars(closed)["licensespring.circuit.state"]) == ("INFO", "closed")


def test_the_logger_is_silent_unless_asked() -> None:
    """Has no handler, so that a program sees what it sets logging up for."""
    assert logging.getLogger("licensespring_async").handlers == []


def test_without_the_extra_everything_else_works() -> None:
    """Needs OpenTelemetry for nothing but this module, which names the extra when it is missing."""
    code = """
import sys
sys.modules["opentelemetry"] = None
import licensespring_async, licensespring_async.services
from licensespring_async import ConfigurationError
try:
    import licensespring_async.services.telemetry
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert 'python -m pip install "licensespring-async[otel]"' in done.stdout


def test_nothing_is_imported_unless_used() -> None:
    """Imports no OpenTelemetry with the package, nor with its services."""
    code = "import sys, licensespring_async, licensespring_async.services; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
