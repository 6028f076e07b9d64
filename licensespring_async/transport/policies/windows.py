"""Rate windows: at most `limit` requests in any `seconds`, for several windows at once.

A request counts from before it is sent until `seconds` after it has ended, because the service may count it at any
moment in between. So the service never sees a window exceeded, whatever the network does to the spacing.

A single call is sent as soon as the windows have room. The calls of a run, which are patient, are also spread evenly.
"""

from __future__ import annotations

import math
from collections import deque

import anyio
import attrs

from ...by_fields import ByFields
from ...errors import ConfigurationError, RateLimited
from ...models.json_types import exact
from ..clock import Clock, is_number
from ..loops import InLoop
from .deadline import Deadline

_LONGEST_PAUSE = 3600.0
_UNPACED = (
    "the client has no rate windows; with rate_limits=RateLimits.every_plan(), or those of a plan, its calls wait "
    "for room"
)
_SHARED = (
    "the client kept to its rate_limits, so the service also counts other clients at the same address or of the same "
    "company; give each client a share of the windows"
)
_SPREAD = 60.0  # seconds of the longest window that a run is spread over; a longer one is a quota, to be used at once
_SLACK = 0.02  # seconds that a run may catch up, so that an event loop that wakes late costs nothing
_TICK = 1e-6  # a sleep must end after the moment it waits for, not a rounding error before it


@attrs.frozen(eq=False, repr=False)
class Window(ByFields):
    """At most `limit` requests in any `seconds`.

    Args:
        limit: Requests, at least 1.
        seconds: The window's length.

    Raises:
        ConfigurationError: A number cannot be used.
    """

    limit: int
    seconds: float

    def __attrs_post_init__(self) -> None:
        if type(self.limit) is not int or self.limit < 1:
            raise ConfigurationError(f"rate window: the limit must be a whole number of at least 1, not {self.limit!r}")
        if not is_number(self.seconds) or self.seconds <= 0:
            raise ConfigurationError("rate window: the seconds must be a positive number")


@attrs.frozen(init=False, eq=False, repr=False)
class RateLimits(ByFields):
    """Rate windows that all apply, for example `RateLimits((200, 10), (50, 1))`.

    Args:
        windows: Pairs of a number of requests and a number of seconds.

    Raises:
        ConfigurationError: There is none, or one is not positive.

    Source of the presets: https://docs.licensespring.com/license-api/rate-limiting
    """

    windows: tuple[Window, ...]

    def __init__(self, *windows: tuple[int, float] | Window) -> None:
        if not windows:
            raise ConfigurationError("rate_limits: give at least one (requests, seconds) pair, or None for no limit")
        made = tuple(each if isinstance(each, Window) else _window(each) for each in windows)
        object.__setattr__(self, "windows", made)

    @classmethod
    def every_plan(cls) -> RateLimits:
        """Return the windows that apply on every plan of the hosted service: per address and per authorization."""
        return cls(PER_ADDRESS, (50, 1))

    @classmethod
    def plan(cls, name: str) -> RateLimits:
        """Return the windows of a plan, with those that apply on every plan.

        The plan's own window is per company: clients on several machines share it.

        Args:
            name: `free`, `business-starter`, `business-plus` or `enterprise`.

        Raises:
            ConfigurationError: There is no such plan.
        """
        if not isinstance(name, str) or exact(name) not in _PLANS:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"rate_limits: no plan {name!r}; the plans are {', '.join(_PLANS)}")
        return cls(*cls.every_plan().windows, (_PLANS[exact(name)], 60))


_PLANS = {"free": 1_800, "business-starter": 3_600, "business-plus": 4_500, "enterprise": 18_000}


def _window(pair: tuple[int, float]) -> Window:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ConfigurationError("rate_limits: each window is a (requests, seconds) pair, for example (200, 10)")
    return Window(*pair)


def spread_gap(limits: RateLimits) -> float:
    """Return the seconds between two calls of a run that is spread evenly over its windows."""
    return max((each.seconds / each.limit for each in limits.windows if each.seconds <= _SPREAD), default=0.0)


PER_ADDRESS = Window(200, 10)
"""The window that the service counts per client address."""


class _Count:
    """The requests in one window: those in progress, and when the ended ones stop counting."""

    def __init__(self, window: Window, under_way: int = 0) -> None:
        self.window = window
        self._under_way = under_way
        self._leaving: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Return the seconds until one more fits; infinity if one in progress must end first."""
        while self._leaving and self._leaving[0] <= now:
            self._leaving.popleft()
        over = self._under_way + len(self._leaving) - self.window.limit
        if over < 0:
            return 0.0
        return self._leaving[over] - now if over < len(self._leaving) else math.inf

    def begin(self) -> None:
        self._under_way += 1

    def end(self, now: float) -> None:
        self._under_way -= 1
        self._leaving.append(now + self.window.seconds)

    def end_all(self, now: float) -> None:
        self._leaving.extend([now + self.window.seconds] * self._under_way)
        self._under_way = 0


@attrs.define(eq=False, repr=False)
class Pause:
    """Until when the service asked for a pause.

    Attributes:
        until: Monotonic seconds.
        error: The answer that asked for it.
    """

    until: float = -math.inf
    error: RateLimited | None = None


def seconds_asked(error: RateLimited) -> float:
    """Return the seconds of pause that an answer asks for: an hour at most, 0 if it does not say."""
    return min(error.retry_after or 0.0, _LONGEST_PAUSE)


class Line:
    """The calls that wait for a place or have one, in one event loop.

    Attributes:
        turn: Held by the first in line, which waits for time to pass.
        ended: Set when a request has ended, or the windows have changed.
        under_way: Requests that entered and have not left.
    """

    def __init__(self) -> None:
        self.turn = anyio.Lock(fast_acquire=True)
        self.ended = anyio.Event()
        self.under_way = 0


class RateLimiter:
    """Admit requests as the windows allow, first come, first served, and none while the service asks for a pause.

    Only the first in line waits for time to pass; the others wait for it. A waiter that is cancelled leaves no trace.

    Args:
        limits: The windows, or None for none.
        clock: Where time comes from.
        pause: Shared by every limiter of a client.
    """

    def __init__(self, limits: RateLimits | None, clock: Clock, pause: Pause) -> None:
        self._clock = clock
        self.pause = pause
        self._counts = list[_Count]()
        self._gap = 0.0  # seconds between the calls of a run
        self._spread_to = -math.inf  # when the last of them was due
        self._line = InLoop(self._new_line)
        self.change(limits)

    def _new_line(self) -> Line:
        # The requests of a loop that is gone may have been sent. They have ended.
        now = self._clock.monotonic()
        for count in self._counts:
            count.end_all(now)
        return Line()

    def change(self, limits: RateLimits | None) -> None:
        """Replace the windows. Requests sent before still count in windows of the same length."""
        line = self._line.latest
        kept = {count.window.seconds: count for count in self._counts}
        self._counts = list[_Count]()
        for window in limits.windows if limits else ():
            count = kept.pop(window.seconds, None) or _Count(window, 0 if line is None else line.under_way)
            count.window = window
            self._counts.append(count)
        self._gap = spread_gap(limits) if limits else 0.0
        if line is not None:
            line.ended.set()

    def enter_nowait(self, deadline: Deadline, loop: object | None) -> Line | None:
        """Take a place if there is one and no other call waits; None if `enter` has to wait.

        Args:
            deadline: The call's deadline.
            loop: The event loop that runs here.

        Raises:
            ConfigurationError: Another event loop uses the client.
        """
        line = self._line.get(loop)
        return None if line.turn.locked() or self._wait(deadline) > 0 else self._begin(line, deadline)

    async def enter(self, deadline: Deadline) -> Line:
        """Wait for a place; every `enter` needs its `leave`, with the line that it returns.

        Raises:
            ConfigurationError: Another event loop uses the client.
            RateLimited: The service asked for a longer pause than the call may wait.
            DeadlineExceeded: The windows left no place for as long as the call may wait.
        """
        line = self._line.get()
        await self._stand_in(line, deadline)
        return self._begin(line, deadline)

    def _begin(self, line: Line, deadline: Deadline) -> Line:
        if self._gap and deadline.is_patient:
            self._spread_to = max(self._spread_to + self._gap, self._clock.monotonic() - _SLACK)
        line.under_way += 1
        for count in self._counts:
            count.begin()
        return line

    def leave(self, line: Line) -> None:
        """Record the end of a request that entered."""
        if line is not self._line.latest:
            return  # its loop is gone, and this request with it
        line.under_way -= 1
        if self._counts:
            now = self._clock.monotonic()
            for count in self._counts:
                count.end(now)
            line.ended.set()

    def hold(self, error: RateLimited) -> None:
        """Pause for as long as the service asked, an hour at most; add advice to the error."""
        error.add_note(_SHARED if self._counts else _UNPACED)
        until = self._clock.monotonic() + seconds_asked(error)
        if until > self.pause.until:
            self.pause.until = until
            self.pause.error = error

    def _wait(self, deadline: Deadline) -> float:
        """Return the seconds until one more fits; 0 or less if it fits now."""
        now = self._clock.monotonic()
        wait = self.pause.until - now
        if self._gap and deadline.is_patient:
            wait = max(wait, self._spread_to + self._gap - now)
        for count in self._counts:
            wait = max(wait, count.wait(now))
        return wait

    async def _stand_in(self, line: Line, deadline: Deadline) -> None:
        with deadline.wait():
            async with line.turn:
                while (wait := self._wait(deadline)) > 0:
                    if wait == math.inf:
                        line.ended = anyio.Event()
                        await line.ended.wait()
                        continue
                    self._check_pause(deadline)
                    if wait > deadline.patience:
                        raise deadline.crowded()
                    await self._clock.sleep(wait + _TICK)

    def _check_pause(self, deadline: Deadline) -> None:
        paused, error = self.pause.until - self._clock.monotonic(), self.pause.error
        if error is not None and paused > deadline.left and not deadline.is_patient:
            raise RateLimited(error.status, error.code, error.message, retry_after=paused)
