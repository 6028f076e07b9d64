"""OpenTelemetry: spans of calls and attempts, and gauges of what clients share (extra: `otel`)."""

from .spans import OpenTelemetry

__all__ = ["OpenTelemetry"]
