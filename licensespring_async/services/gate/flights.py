"""Requests in flight: callers with the same check share one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVarTuple

import anyio
import attrs
from anyio.abc import TaskGroup

from ...checks import Key
from ...errors import ConfigurationError
from ...transport.loops import running
from .decisions import Decision

Ts = TypeVarTuple("Ts")


@attrs.define
class Flight:
    """One request and the callers that wait for its answer."""

    _done: anyio.Event = attrs.field(factory=anyio.Event)
    outcome: Decision | Exception | None = None

    async def landed(self) -> Decision:
        """Wait for the answer, and return it or raise its error."""
        await self._done.wait()
        if isinstance(self.outcome, Exception):
            # Several callers raise the same error. Its traceback must not grow with each of them.
            raise self.outcome.with_traceback(None)
        if self.outcome is None:
            raise ConfigurationError("the gate was closed during the request")
        return self.outcome

    def land(self) -> None:
        """Wake the waiting callers."""
        self._done.set()


class Flights:
    """Run requests in their own task group: a cancelled caller does not cancel them, and `close` ends them all."""

    def __init__(self) -> None:
        self._under_way: dict[Key, Flight] = {}
        self._tasks: TaskGroup | None = None
        self._loop: object | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests can be started."""
        return self._tasks is not None

    async def open(self) -> None:
        """Open the task group; ConfigurationError if it is open."""
        if self._tasks is not None:
            raise ConfigurationError("the gate is already open; make a second one")
        self._loop = running()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()

    async def close(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cancel the requests in flight and wake the waiting callers."""
        tasks, self._tasks = self._tasks, None
        assert tasks is not None  # noqa: S101
        tasks.cancel_scope.cancel()
        if isinstance(exc, Exception):
            # An error of the body is raised itself, not in a group.
            exc_type = exc = traceback = None
        try:
            await tasks.__aexit__(exc_type, exc, traceback)
        finally:
            # A task cancelled before its first step has not woken its callers.
            for flight in self._under_way.values():
                flight.land()
            self._under_way.clear()

    def under_way(self, key: Key) -> Flight | None:
        """Return the request in flight for a key, or None."""
        return self._under_way.get(key)

    def start(self, key: Key, ask: Callable[[], Awaitable[Decision]]) -> Flight:
        """Start a request, and return the flight that others can wait for too.

        Raises:
            ConfigurationError: The gate is not open, or was opened in another event loop.
        """
        if self._tasks is None:
            raise ConfigurationError("the gate is not open; use it in `async with`")
        if running() is not self._loop:
            raise ConfigurationError("the gate was opened in another event loop; make one gate and client for each")
        flight = self._under_way[key] = Flight()
        self._tasks.start_soon(self._fly, key, flight, ask)
        return flight

    def beside(self, function: Callable[[*Ts], Coroutine[Any, Any, None]], *arguments: *Ts) -> None:
        """Run a function in the background; do nothing if the gate is closed."""
        if self._tasks is not None:
            self._tasks.start_soon(function, *arguments)

    async def _fly(self, key: Key, flight: Flight, ask: Callable[[], Awaitable[Decision]]) -> None:
        try:
            flight.outcome = await ask()
        except Exception as error:  # noqa: BLE001  # the callers raise it; in the group it would end the application
            flight.outcome = error
        finally:
            self._under_way.pop(key, None)
            flight.land()
