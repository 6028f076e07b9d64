"""A circuit breaker: while the service does not answer, calls fail at once instead of each waiting for its time-out.

While it is closed, attempts go out and are counted. If too many fail, it opens, and nothing goes out for a while. Then
it is half open and lets a few probes through. Their answers close it, a failure opens it again.

Source: https://martinfowler.com/bliki/CircuitBreaker.html
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from enum import StrEnum

import attrs

from ...by_fields import ByFields
from ...errors import CircuitOpen, ConfigurationError, ResponseError, TransportError
from ..clock import Clock, is_number
from ..engine import Engine
from ..values import HttpRequest, HttpResponse
from .retry import whole

_log = logging.getLogger("licensespring_async")

_SLICES = 10
# A probe is under way and may end at any moment.
_PROBE_SECONDS = 1.0


def _above_zero(most: float) -> Callable[[object, attrs.Attribute[float], float], None]:
    def check(_: object, attribute: attrs.Attribute[float], value: float) -> None:
        if not is_number(value) or not 0 < value <= most:
            limit = "" if math.isinf(most) else f" and at most {most:g}"
            raise ConfigurationError(f"{attribute.name}: must be a number above 0{limit}, not {value!r}")

    return check


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CircuitPolicy(ByFields):
    """When a client stops asking a service that does not answer, and when it tries again.

    Args:
        failure_rate: Share of the attempts within `window`, from 0 to 1, whose failure opens the circuit.
        min_attempts: Attempts within `window` below which the circuit never opens.
        window: Seconds that an attempt counts for.
        open_for: Seconds that nothing is sent after the circuit has opened.
        probes: Attempts that are then let through. If all are answered, the circuit closes; one failure opens it again.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    failure_rate: float = attrs.field(default=0.5, validator=_above_zero(1))
    min_attempts: int = attrs.field(default=10, validator=whole)
    window: float = attrs.field(default=60.0, validator=_above_zero(math.inf))
    open_for: float = attrs.field(default=5.0, validator=_above_zero(math.inf))
    probes: int = attrs.field(default=1, validator=whole)


class CircuitState(StrEnum):
    """The state of a circuit: it lets through everything, nothing, or some probes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class _Window:
    """Attempts and failures of the last seconds, in slices, so that no number of attempts takes more memory."""

    def __init__(self, seconds: float) -> None:
        self._slice = seconds / _SLICES
        self._counts = [(0, 0)] * _SLICES
        self._latest = 0

    def add(self, now: float, failed: bool) -> None:
        self._move(now)
        attempts, failures = self._counts[self._latest % _SLICES]
        self._counts[self._latest % _SLICES] = (attempts + 1, failures + failed)

    def sums(self, now: float) -> tuple[int, int]:
        """Return the attempts within the window, and how many of them failed."""
        self._move(now)
        return sum(each[0] for each in self._counts), sum(each[1] for each in self._counts)

    def clear(self) -> None:
        self._counts = [(0, 0)] * _SLICES

    def _move(self, now: float) -> None:
        current = max(int(now // self._slice), self._latest)
        for passed in range(max(self._latest + 1, current - _SLICES + 1), current + 1):
            self._counts[passed % _SLICES] = (0, 0)
        self._latest = current


class Circuit:
    """The circuit breaker of a client and its copies; pure but for the clock and the log.

    Failures are those of the network or the service: no answer, a late answer, HTTP 5xx. Any other answer is a success,
    even a refusal or HTTP 429. Token requests count too; cancelled attempts do not.
    """

    def __init__(self, policy: CircuitPolicy, monotonic: Callable[[], float]) -> None:
        self.policy = policy
        self._now = monotonic
        self._window = _Window(policy.window)
        self._opened: float | None = None
        self._reason = ""
        # Attempts of an earlier period say nothing about this one.
        self._period = 0
        self._probing = 0
        self._answered = 0

    @property
    def state(self) -> CircuitState:
        """The current state."""
        if self._opened is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if self._now() < self._opened + self.policy.open_for else CircuitState.HALF_OPEN

    @property
    def retry_after(self) -> float:
        """Seconds until an attempt may pass; 0 if one may now."""
        if self._opened is None:
            return 0.0
        left = self._opened + self.policy.open_for - self._now()
        if left > 0:
            return left
        return 0.0 if self._probing + self._answered < self.policy.probes else _PROBE_SECONDS

    def check(self) -> None:
        """Raise if an attempt may not pass now.

        Raises:
            CircuitOpen: Nothing may be sent now.
        """
        if self._opened is not None and (wait := self.retry_after) > 0:
            raise CircuitOpen(wait, self._reason)

    def begin(self) -> int:
        """Note that an attempt goes out; return its period for `end`.

        Raises:
            CircuitOpen: As `check`.
        """
        self.check()
        if self._opened is not None:
            self._probing += 1
        return self._period

    def end(self, period: int, *, failed: bool | None, how: str = "") -> None:
        """Record the outcome of an attempt.

        Args:
            period: From `begin`.
            failed: Whether it failed; None if unknown.
            how: The failure in a word, for the reason why the circuit is open.
        """
        if period != self._period:
            return
        if self._opened is not None:
            self._probing -= 1
            self._answered += failed is False
            if failed:
                self._open(f"a probe failed with {how}")
            elif self._answered >= self.policy.probes:
                self._close()
        elif failed is not None:
            now = self._now()
            self._window.add(now, failed)
            if failed:
                self._judge(now, how)

    def give_up(self) -> None:
        """Forget the probes that are under way: their event loop is gone."""
        if self._probing:
            self._next_period()

    def _judge(self, now: float, how: str) -> None:
        attempts, failures = self._window.sums(now)
        if attempts >= self.policy.min_attempts and failures >= attempts * self.policy.failure_rate:
            self._open(f"{failures} of the last {attempts} attempts failed, the latest with {how}")

    def _open(self, reason: str) -> None:
        self._opened, self._reason = self._now(), reason
        _log.info("the circuit is open: %s", reason, extra={"licensespring.circuit.state": "open"})
        self._next_period()

    def _close(self) -> None:
        self._opened = None
        self._window.clear()
        _log.info("the circuit is closed again", extra={"licensespring.circuit.state": "closed"})
        self._next_period()

    def _next_period(self) -> None:
        self._period += 1
        self._probing = self._answered = 0

    def __repr__(self) -> str:
        return f"Circuit({self.state})"


@attrs.frozen(eq=False, repr=False)
class GuardedEngine:
    """An engine behind a circuit, which counts everything that goes over the wire."""

    _engine: Engine
    _circuit: Circuit
    _clock: Clock

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send, unless the circuit is open.

        Raises:
            CircuitOpen: Nothing was sent.
            LicenseSpringError: What the engine raises.
        """
        period = self._circuit.begin()
        failed: bool | None = None
        how, started = "", self._clock.monotonic()
        try:
            response = await self._engine.send(request, timeout)
        except TransportError as error:
            failed, how = True, type(error).__name__
            raise
        except ResponseError:
            failed = False
            raise
        else:
            failed, how = response.status >= 500, f"HTTP {response.status}"
            return response
        finally:
            # A wait for a token ends at the same moment as the engine's, and may end first.
            if failed is None and self._clock.monotonic() - started >= 0.99 * timeout:
                failed, how = True, "DeadlineExceeded"
            self._circuit.end(period, failed=failed, how=how)

    async def aclose(self) -> None:
        """Close the engine."""
        await self._engine.aclose()
