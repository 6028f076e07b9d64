"""When a session checks by itself, and the tasks in which it does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio
import attrs
from anyio.abc import TaskGroup

from ...transport import Clock
from ...transport.clock import LONGEST_NAP
from .knowledge import Knowledge
from .standing import State, slot_seconds

# The last yes stands for this many intervals, so that a late check changes nothing.
CHECKS: Final = 2
_SHORTEST_NAP: Final = 0.01
# How soon a service that did not answer is asked again.
_AGAIN_SECONDS: Final = 60.0
_SILENT: Final = (State.GRACE, State.BORROWED, State.LAPSED)
_OVER: Final = (State.LAPSED, State.EXPIRED)


@attrs.frozen(kw_only=True)
class Pace:
    """Wait for the next check, and report changes that come with time.

    Attributes:
        knowledge: What is known.
        every: Seconds between checks, at most.
        jitter: The fraction of it that is subtracted at random, at most.
        random: Gives numbers from [0, 1).
        clock: Where time comes from.
    """

    knowledge: Knowledge
    every: float
    jitter: float
    random: Callable[[], float]
    clock: Clock

    async def wait(self) -> None:
        """Wait until the next check is due, or what is known ends: the service may know more by then."""
        known = self.knowledge.known
        license, pause, before = known.license, self.every, self._state()
        if license.is_floating_cloud:
            pause = min(pause, slot_seconds(license) / CHECKS)
        if before in _SILENT:
            pause = min(pause, _AGAIN_SECONDS)
        due = self.clock.monotonic() + pause * (1 - self.jitter * self.random())
        while (left := due - self.clock.monotonic()) > 0:
            now = self.knowledge.now()
            nap = min(left, self.knowledge.known.turns_at(now) - now, LONGEST_NAP)
            await self.clock.sleep(max(nap, _SHORTEST_NAP))
            if before.is_usable and self._state() in _OVER:
                return
            self.knowledge.notice()

    def _state(self) -> State:
        return self.knowledge.known.at(self.knowledge.now())[0]


@asynccontextmanager
async def tasks() -> AsyncGenerator[TaskGroup]:
    """Open a task group that ends with the block; an error of the block is raised itself, not in a group."""
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        try:
            yield group
        except Exception as error:  # noqa: BLE001  # raised again below
            failure = error
        finally:
            group.cancel_scope.cancel()
    if failure is not None:
        raise failure
