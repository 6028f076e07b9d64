"""OpenTelemetry: spans and metrics of calls and attempts, and gauges of clients (extra: `otel`)."""

from .spans import OpenTelemetry

__all__ = ["OpenTelemetry"]
