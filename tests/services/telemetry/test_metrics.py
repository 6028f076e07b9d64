"""Durations, counts and gauges."""

from __future__ import annotations

import random
import subprocess
import sys

import anyio
import pytest

from licensespring_async import (
    PRODUCTION_PUBLIC_KEY,
    CircuitPolicy,
    CircuitState,
    DoubtEvent,
    LicenseEvent,
    LicenseRefused,
    LicenseSpringError,
    RetryPolicy,
)
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import CHECK, ScriptedEngine, answer, refusal
from ...transport.virtual import Run
from .seen import Seen, observed


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


def test_what_a_session_notices_is_counted(run: Run) -> None:
    """Counts changes of a license by state, and uses in doubt; a change is an event of the span that is current."""
    seen = Seen()
    changed = LicenseEvent(product="CAD", feature="scan", before="online", state="refused", reason="blacklisted")

    async def main() -> None:
        client = observed(seen, answer())
        with seen.tracers.get_tracer("program").start_as_current_span("work"):
            client.report(changed)
        client.report(DoubtEvent(product="CAD", feature=None, consumptions=3, id="1"))

    run(main)

    (change,), (doubts,) = seen.points("licensespring.license.changes"), seen.points("licensespring.license.doubts")
    assert (change.value, change.attributes["licensespring.license.state"]) == (1, "refused")
    assert change.attributes["licensespring.feature"] == "scan"
    assert (doubts.value, doubts.attributes["licensespring.product"]) == (3, "CAD")
    (span,) = seen.spans("work")
    assert [each.name for each in span.events] == ["licensespring.license.change"]
