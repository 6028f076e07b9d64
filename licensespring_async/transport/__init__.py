"""The layers between an endpoint's request and the wire."""

from .clock import Clock
from .engine import Engine
from .events import Event, Hook, RequestEvent, RetryEvent
from .httpx_engine import HttpxEngine
from .pyreqwest_engine import PyreqwestEngine
from .retry import RetryPolicy
from .values import HttpRequest, HttpResponse, RawResponse
from .windows import RateLimits, Window

__all__ = [
    "Clock",
    "Engine",
    "Event",
    "Hook",
    "HttpRequest",
    "HttpResponse",
    "HttpxEngine",
    "PyreqwestEngine",
    "RateLimits",
    "RawResponse",
    "RequestEvent",
    "RetryEvent",
    "RetryPolicy",
    "Window",
]
