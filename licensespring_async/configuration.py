"""The settings of a client, checked when it is made, so that mistakes show before the first call."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import TypedDict
from urllib.parse import urlsplit

from ._version import __version__
from .auth import ApiKey, ClientCredentials, is_loopback, require_secure
from .errors import ConfigurationError
from .models.json_types import exact
from .signatures import PRODUCTION_PUBLIC_KEY, PublicKeys, Verifier
from .transport import Circuit, CircuitPolicy, Clock, Engine, Hook, RateLimits, RetryPolicy, Tpm
from .transport.authorizer import Authorizer, KeyAuthorizer
from .transport.clock import is_number
from .transport.heads import Heads
from .transport.observing import Telemetry, Vitals
from .transport.pipeline import Pipeline
from .transport.policies.circuit import GuardedEngine
from .transport.policies.skew import ClockSkew
from .transport.policies.windows import Pause, RateLimiter

PRODUCTION_URL = "https://api.licensespring.com"


class Options(TypedDict, total=False):
    """The arguments of `LicenseSpring` that do not come from the environment."""

    public_key: PublicKeys | None
    verify_signatures: bool
    bind_answers: bool
    max_answer_age: float | None
    timeout: float
    retry: RetryPolicy
    rate_limits: RateLimits | None
    circuit: CircuitPolicy | None
    max_concurrency: int
    engine: Engine | None
    allow_http: bool
    hooks: Iterable[Hook]
    telemetry: Telemetry | None
    clock: Clock
    random: Callable[[], float]
    tpm: Tpm | None


# Objects of foreign classes are recognized by a method.
_OBJECTS = {
    "engine": ("send", "HttpxEngine()"),
    "telemetry": ("observe", "OpenTelemetry()"),
    "tpm": ("sign", "your own Tpm"),
}


def check_kinds(**given: object) -> None:
    """Refuse settings of the wrong type; None means that a setting was not given."""
    kinds = {"retry": RetryPolicy, "rate_limits": RateLimits, "circuit": CircuitPolicy, "clock": Clock}
    for name, value in given.items():
        if value is None:
            continue
        if name in _OBJECTS:
            _check_no_http_client(name, value)
            method, example = _OBJECTS[name]
            if isinstance(value, type) or not callable(getattr(value, method, None)):
                raise ConfigurationError(f"{name}: must be an object like {example}, with a {method}() method")
        elif not isinstance(value, kinds[name]):
            raise ConfigurationError(f"{name}: must be a {kinds[name].__name__}, not {type(value).__name__}")


def _check_no_http_client(name: str, value: object) -> None:
    # An httpx client has a send() method too, and importing httpx for its class would take a while.
    if any(kind.__module__.partition(".")[0] == "httpx" for kind in type(value).__mro__):
        raise ConfigurationError(f"{name}: must be an engine, not an httpx client; wrap it: HttpxEngine(client=...)")


def checked_flag(name: str, value: bool) -> bool:
    """Return a flag, or refuse anything but True and False: None or 0 would turn off a protection."""
    if not isinstance(value, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{name}: must be True or False, not {type(value).__name__}")
    return value


def is_async(function: object) -> bool:
    """Return whether calling a function only makes a coroutine, which somebody would have to await."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def checked_hooks(hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Return the hooks, or refuse what is not callable."""
    given = tuple(hooks) if isinstance(hooks, Iterable) else (hooks,)
    if not all(callable(hook) for hook in given):
        raise ConfigurationError("hooks: must be an iterable of callables")
    if any(map(is_async, given)):
        raise ConfigurationError("hooks: are called but not awaited; pass plain functions, not async ones")
    return given


def pipeline_for(
    auth: ApiKey | ClientCredentials,
    origin: str,
    *,
    timeout: float,
    retry: RetryPolicy,
    rate_limits: RateLimits | None,
    circuit: CircuitPolicy | None,
    max_concurrency: int,
    engine: Engine | None,
    hooks: Iterable[Hook],
    telemetry: Telemetry | None,
    clock: Clock,
    random: Callable[[], float],
    tpm: Tpm | None,
) -> Pipeline:
    """Return a client's pipeline, from the arguments of `LicenseSpring`."""
    if type(max_concurrency) is not int or max_concurrency < 1:
        raise ConfigurationError(f"max_concurrency: must be a whole number of at least 1, not {max_concurrency!r}")
    if retry is None:
        raise ConfigurationError("retry: must be a RetryPolicy, not None; RetryPolicy(max_attempts=1) never retries")
    if clock is None:
        raise ConfigurationError("clock: must be a Clock, not None")
    if not callable(random):
        raise ConfigurationError("random: must be callable, and return a number from 0 to 1")
    check_kinds(retry=retry, rate_limits=rate_limits, circuit=circuit, clock=clock)
    check_kinds(engine=engine, telemetry=telemetry, tpm=tpm)
    breaker = None if circuit is None else Circuit(circuit, clock.monotonic)
    engine = default_engine() if engine is None else engine
    if breaker is not None:
        engine = GuardedEngine(engine, breaker, clock)
    authorizer = authorizer_for(auth, origin, engine, clock)
    vitals = Vitals(base_url=origin, max_concurrency=max_concurrency, monotonic=clock.monotonic, circuit=breaker)
    return Pipeline(
        base_url=origin,
        account=hashlib.sha256(auth.name.encode()).hexdigest(),
        heads=Heads(f"licensespring-async/{__version__}"),
        timeout=checked_timeout(timeout),
        policy=retry,
        engine=engine,
        authorizer=authorizer,
        limiter=RateLimiter(rate_limits, clock, Pause()),
        vitals=vitals,
        skew=ClockSkew(),
        clock=clock,
        random=random,
        hooks=checked_hooks(hooks),
        observer=None if telemetry is None else telemetry.observe(vitals),
        tpm=tpm,
    )


def default_limits(origin: str) -> RateLimits | None:
    """Return the default rate windows: at the vendor's own address, those that apply on every plan."""
    return RateLimits.every_plan() if origin == PRODUCTION_URL else None


def default_engine() -> Engine:
    """Return the httpx engine."""
    from .transport.engines.httpx_engine import HttpxEngine  # noqa: PLC0415  # slow to import, and not needed with another engine

    return HttpxEngine()


def checked_origin(base_url: str, allow_http: bool) -> str:
    """Return the origin that requests go to, in its shortest form, or refuse what is not an origin."""
    require_secure("base_url", base_url, allow_http=allow_http is True)
    parts = urlsplit(exact(base_url))
    if parts.path.strip("/") or parts.query:
        raise ConfigurationError("base_url: must be an origin like https://host, without a path; /api/v4 is appended")
    if _is_in_the_clear(base_url):
        _warn(
            "allow_http=True: API key, license keys and device ids are sent in the clear; anyone on the network can "
            "read them"
        )
    default_port = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default_port)}"


def checked_timeout(timeout: float) -> float:
    """Return the seconds of a call, or refuse what is not a positive number."""
    if not is_number(timeout) or timeout <= 0:
        raise ConfigurationError("timeout: must be a positive number of seconds")
    return float(timeout)


def checked_age(seconds: float | None) -> float | None:
    """Return the greatest age of an answer in seconds, or refuse what is not a positive number."""
    if seconds is not None and (not is_number(seconds) or seconds <= 0):
        raise ConfigurationError("max_answer_age: must be a positive number of seconds, or None")
    return seconds


def verifier_for(origin: str, public_key: PublicKeys | None, verify: bool) -> Verifier | None:
    """Return the verifier for an origin's signatures, or None (with a warning) if they are not to be checked."""
    if not checked_flag("verify_signatures", verify):
        _warn("verify_signatures=False: answers are accepted without verification, whoever sent them")
        return None
    if public_key is None:
        if origin != PRODUCTION_URL:
            raise ConfigurationError(
                f"public_key: {origin} is not the vendor's own service; pass the PEM of the key that it signs with, "
                "or verify_signatures=False"
            )
        public_key = PRODUCTION_PUBLIC_KEY
    return Verifier(public_key)


def _is_in_the_clear(origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=_frames_of_this_package())


def _frames_of_this_package() -> int:
    """Return the stack level of the caller's own line, for warnings: `from_env` adds a frame."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith(__package__ or ""):
        frame, level = frame.f_back, level + 1
    return level


def authorizer_for(auth: ApiKey | ClientCredentials, origin: str, engine: Engine, clock: Clock) -> Authorizer:
    """Return the authorizer for these credentials."""
    if isinstance(auth, ApiKey):
        return KeyAuthorizer(auth)
    if isinstance(auth, ClientCredentials):  # pyright: ignore[reportUnnecessaryIsInstance]
        if auth.token_url is None and _is_in_the_clear(origin):
            raise ConfigurationError(
                "token_url: is missing; pass the token endpoint. Over plain http, anyone on the network could name "
                "another endpoint and receive the client secret"
            )
        from .transport.tokens import TokenAuthorizer  # noqa: PLC0415  # kept out of the package's import

        return TokenAuthorizer(auth, origin, engine.send, clock)
    raise ConfigurationError("auth: must be an ApiKey or ClientCredentials")
