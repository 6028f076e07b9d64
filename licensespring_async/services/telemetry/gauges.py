"""OpenTelemetry: gauges over all clients that share a provider. Needs the extra `otel`."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from ...extras import needs_extra
from ...transport.observing import Vitals
from ...transport.policies.circuit import CircuitState

with needs_extra("otel"):
    from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation

_STATES: Final = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Watched:
    """The clients that gauges read. A client that no longer exists is dropped."""

    def __init__(self) -> None:
        # Replaced, never changed: exporters read it in their own threads.
        self._all: tuple[weakref.ref[Vitals], ...] = ()

    def add(self, vitals: Vitals) -> None:
        """Include a client in the gauges."""
        self._all = (*(each for each in self._all if each() is not None), weakref.ref(vitals))

    def worst(
        self, value: Callable[[Vitals], int | None], choose: Callable[[Iterable[int]], int]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        """Return a gauge's callback, which combines the values of clients of one server."""

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            values: dict[tuple[tuple[str, str | int], ...], list[int]] = {}
            for each in self._all:
                vitals = each()
                number = None if vitals is None else value(vitals)
                if vitals is not None and number is not None:
                    values.setdefault(tuple(server_of(vitals).items()), []).append(number)
            return [Observation(choose(numbers), dict(server)) for server, numbers in values.items()]

        return observe


# A meter ignores a second gauge with the same name, so clients of one provider share its gauges. None stands for the
# global provider, because that is another object until the program sets it.
_BY_GLOBAL: list[Watched] = []
_BY_PROVIDER: weakref.WeakKeyDictionary[MeterProvider, Watched] = weakref.WeakKeyDictionary()


def watched_by(provider: MeterProvider | None, meter: Meter) -> Watched:
    """Return the clients that a provider's gauges read; `meter` makes the gauges the first time."""
    watched = _BY_PROVIDER.get(provider) if provider is not None else next(iter(_BY_GLOBAL), None)
    if watched is None:
        watched = Watched()
        if provider is None:
            _BY_GLOBAL.append(watched)
        else:
            _BY_PROVIDER[provider] = watched
        meter.create_observable_gauge(
            "licensespring.client.requests.in_flight",
            [watched.worst(lambda each: each.in_flight, sum)],
            "{request}",
            "Slots of max_concurrency in use.",
        )
        meter.create_observable_gauge(
            "licensespring.client.retry_budget.tokens",
            [watched.worst(lambda each: each.budget.tokens, min)],
            "{token}",
            "Tokens left for retries.",
        )
        meter.create_observable_gauge(
            "licensespring.client.circuit.state",
            [watched.worst(lambda each: None if each.circuit is None else _STATES[each.circuit.state], max)],
            "1",
            "0 closed, 1 half open, 2 open.",
        )
    return watched


def server_of(vitals: Vitals) -> dict[str, str | int]:
    """Return the attributes that name a client's server."""
    parts = urlsplit(vitals.base_url)
    return {
        "server.address": parts.hostname or "",
        "server.port": parts.port or {"https": 443, "http": 80}[parts.scheme],
    }
