"""What a test's own OpenTelemetry was given."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from licensespring_async import LicenseSpring
from licensespring_async.services.telemetry import OpenTelemetry

from ...fakes import ScriptedEngine, client
from ...transport import virtual


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
