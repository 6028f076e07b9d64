"""The layers between an endpoint's request and the wire."""

from importlib import import_module
from typing import TYPE_CHECKING

from .clock import Clock
from .engine import Engine
from .events import DoubtEvent, Event, Hook, LicenseEvent, RequestEvent, RetryEvent
from .observing import Observer, Telemetry, Vitals
from .policies.circuit import Circuit, CircuitPolicy, CircuitState
from .policies.deadline import Patience
from .policies.retry import RetryPolicy
from .policies.windows import RateLimits, Window
from .values import HttpRequest, HttpResponse, RawResponse, Tpm

if TYPE_CHECKING:
    from .engines.httptools_engine import HttptoolsEngine
    from .engines.httpx_engine import HttpxEngine

__all__ = [
    "Circuit",
    "CircuitPolicy",
    "CircuitState",
    "Clock",
    "DoubtEvent",
    "Engine",
    "Event",
    "Hook",
    "HttpRequest",
    "HttpResponse",
    "HttptoolsEngine",
    "HttpxEngine",
    "LicenseEvent",
    "Observer",
    "Patience",
    "RateLimits",
    "RawResponse",
    "RequestEvent",
    "RetryEvent",
    "RetryPolicy",
    "Telemetry",
    "Tpm",
    "Vitals",
    "Window",
]

_ENGINES = {"HttpxEngine": ".engines.httpx_engine", "HttptoolsEngine": ".engines.httptools_engine"}


def __getattr__(name: str) -> object:
    """Import an engine at its first use: httpx and httpcore take longer to import than all the rest."""
    if name not in _ENGINES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ENGINES[name], __name__), name)
