"""OpenTelemetry: spans and metrics of a client. Needs the extra `otel`.

Names follow the semantic conventions for HTTP clients. All others begin with `licensespring.`. No attribute contains a
key, a user, a device or a query.

Source: https://opentelemetry.io/docs/specs/semconv/http/
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from ..._version import __version__
from ...errors import LicenseRefused, LicenseSpringError
from ...errors.codes import OK
from ...extras import needs_extra
from ...transport.events import DoubtEvent, LicenseEvent
from ...transport.history import History
from ...transport.observing import Vitals
from ...transport.values import Request
from .gauges import server_of, watched_by

with needs_extra("otel"):
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

_SCOPE: Final = "licensespring_async"
# The buckets that the conventions advise for http.client.request.duration.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

_log = logging.getLogger(_SCOPE)

Attributes = Mapping[str, str | int]


class OpenTelemetry:
    """Trace and measure the clients that it is passed to: `LicenseSpring(telemetry=OpenTelemetry())`.

    Spans: one for each call, and below it one for each HTTP request. Each is current while it lasts. Metrics:
    `http.client.request.duration`, `licensespring.client.call.duration` (seconds), `licensespring.client.calls` by
    `licensespring.code`, `licensespring.client.retries`; and gauges `licensespring.client.requests.in_flight`,
    `licensespring.client.retry_budget.tokens`, `licensespring.client.circuit.state` (0 closed, 1 half open, 2 open).
    For license sessions: `licensespring.license.changes` by `licensespring.license.state`, and
    `licensespring.license.doubts`, uses that were sent and not answered.
    Token requests get no separate span.

    Args:
        tracer_provider: Makes the tracer; None for the global one.
        meter_provider: Makes the meter; None for the global one.

    Raises:
        ConfigurationError: On import of this module, when opentelemetry-api is not installed.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        meter = metrics.get_meter(_SCOPE, __version__, meter_provider)
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
        self._watched = watched_by(meter_provider, meter)
        self._requests = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._durations = meter.create_histogram(
            "licensespring.client.call.duration",
            "s",
            "Duration of calls, waits and retries included.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._calls = meter.create_counter("licensespring.client.calls", "{call}", "Calls, by how they ended.")
        self._retries = meter.create_counter("licensespring.client.retries", "{request}", "Requests sent again.")
        self._changes = meter.create_counter(
            "licensespring.license.changes", "{change}", "Changes of a license's state."
        )
        self._doubts = meter.create_counter("licensespring.license.doubts", "{use}", "Uses sent and not answered.")

    def observe(self, vitals: Vitals) -> _Observer:
        """Return the observer of a client; the client itself calls this."""
        self._watched.add(vitals)
        return _Observer(self, vitals)

    def span(self, name: str, kind: SpanKind, attributes: Attributes) -> Span:
        """Start a span below the current one."""
        return self._tracer.start_span(name, kind=kind, attributes=attributes)

    def count_request(self, seconds: float, attributes: Attributes) -> None:
        """Measure one HTTP request."""
        self._requests.record(seconds, attributes)

    def count_call(self, seconds: float, code: str, attributes: Attributes) -> None:
        """Measure one call."""
        self._durations.record(seconds, attributes)
        self._calls.add(1, {**attributes, "licensespring.code": code})

    def count_event(self, event: LicenseEvent | DoubtEvent, server: Attributes) -> None:
        """Count an event of a license session, and add a change to the current span."""
        attributes = {"licensespring.product": event.product, **server}
        if event.feature is not None:
            attributes["licensespring.feature"] = event.feature
        if isinstance(event, DoubtEvent):
            self._doubts.add(max(event.consumptions, 0), attributes)
            return
        found = {**attributes, "licensespring.license.state": event.state, "licensespring.code": event.reason}
        self._changes.add(1, found)
        trace.get_current_span().add_event("licensespring.license.change", found)

    def count_retry(self, attributes: Attributes) -> None:
        """Count a request that is sent again."""
        self._retries.add(1, attributes)


class _Observer:
    """Spans and measurements of one client."""

    def __init__(self, telemetry: OpenTelemetry, vitals: Vitals) -> None:
        self.telemetry = telemetry
        self.monotonic = vitals.monotonic
        self.base_url = vitals.base_url
        self.server = server_of(vitals)
        self._known: dict[str, tuple[Attributes, Attributes]] = {}

    def call(self, request: Request, history: History) -> _Around:
        return _Call(self, request, history)

    def attempt(self, request: Request, history: History) -> _Around:
        return _Attempt(self, request, history)

    def event(self, event: LicenseEvent | DoubtEvent) -> None:
        try:
            self.telemetry.count_event(event, self.server)
        except Exception:  # noqa: BLE001  # exporters are foreign code, and nothing is awaited here
            _log.exception("telemetry failed")

    def attributes(self, request: Request) -> tuple[Attributes, Attributes]:
        """Return the attributes that calls and requests of an endpoint have in common."""
        known = self._known.get(request.endpoint)
        if known is None:
            endpoint = {"licensespring.endpoint": request.endpoint, **self.server}
            http = {"http.request.method": request.method, "url.template": request.path, **self.server}
            known = self._known[request.endpoint] = endpoint, http
        return known


class _Around:
    """A span that is current during a `with`, and is measured when it ends."""

    __slots__ = ("_history", "_observer", "_request", "_span", "_started", "_token")

    def __init__(self, observer: _Observer, request: Request, history: History) -> None:
        self._observer = observer
        self._request = request
        self._history = history
        self._span: Span | None = None

    def __enter__(self) -> None:
        self._started = self._observer.monotonic()
        try:
            span = self._begin()
            self._token = context.attach(trace.set_span_in_context(span))
            self._span = span
        except Exception:  # noqa: BLE001  # samplers and exporters are foreign code, and nothing is awaited here
            _log.exception("telemetry failed")

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._span is None:
            return
        try:
            try:
                self._end(self._span, self._observer.monotonic() - self._started, exc)
            finally:
                context.detach(self._token)
                self._span.end()
        except Exception:  # noqa: BLE001  # as above
            _log.exception("telemetry failed")

    def _begin(self) -> Span:
        raise NotImplementedError

    def _end(self, span: Span, seconds: float, error: BaseException | None) -> None:
        raise NotImplementedError


class _Call(_Around):
    __slots__ = ()

    def _begin(self) -> Span:
        common, _ = self._observer.attributes(self._request)
        return self._observer.telemetry.span(f"licensespring.{self._request.endpoint}", SpanKind.INTERNAL, common)

    def _end(self, span: Span, seconds: float, error: BaseException | None) -> None:
        common, _ = self._observer.attributes(self._request)
        code = _code(error)
        if error is not None:
            common = {**common, "error.type": _type(error)}
        if span.is_recording():
            span.set_attributes(
                {**common, "licensespring.code": code, "licensespring.attempts": self._history.attempts}
            )
            # A refusal is an answer, not a failure of the call.
            if isinstance(error, LicenseSpringError) and not isinstance(error, LicenseRefused):
                span.set_status(Status(StatusCode.ERROR))
        self._observer.telemetry.count_call(seconds, code, common)


class _Attempt(_Around):
    __slots__ = ()

    def _begin(self) -> Span:
        observer, number = self._observer, self._history.attempts
        _, common = observer.attributes(self._request)
        path = common["url.template"]
        attributes = {**common, "url.full": f"{observer.base_url}{path}"}
        if number > 1:
            attributes["http.request.resend_count"] = number - 1
            why = _type(self._history.failures[-1]) if self._history.failures else "unknown"
            observer.telemetry.count_retry({"licensespring.endpoint": self._request.endpoint, "error.type": why})
        return observer.telemetry.span(f"{self._request.method} {path}", SpanKind.CLIENT, attributes)

    def _end(self, span: Span, seconds: float, error: BaseException | None) -> None:
        _, common = self._observer.attributes(self._request)
        status = self._history.status
        found: dict[str, str | int] = {}
        if status is not None:
            found["http.response.status_code"] = status
        if error is not None:
            found["error.type"] = str(status) if status is not None and status >= 400 else _type(error)
        if span.is_recording():
            span.set_attributes(found)
            if isinstance(error, LicenseSpringError):
                span.set_status(Status(StatusCode.ERROR))
        self._observer.telemetry.count_request(seconds, {**common, **found})


def _type(error: BaseException) -> str:
    """Return the name of an error's class. There are few, so they may label metrics."""
    return type(error).__name__ if isinstance(error, Exception) else "cancelled"


def _code(error: BaseException | None) -> str:
    if error is None:
        return OK
    return error.kind if isinstance(error, LicenseSpringError) else _type(error)
