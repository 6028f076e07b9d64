"""The state of an engine for each event loop. Neither waiters nor connections may move to another loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Generic, TypeVar

from ..loops import has_ended, process_id, running

T = TypeVar("T")


class PerRun(Generic[T]):
    """A value for each event loop, so that several may use one engine, at once or one after the other.

    Args:
        make: Makes the value for a new loop.
        drop: Called with the value of an ended loop, when a new loop appears.
    """

    def __init__(self, make: Callable[[], T], drop: Callable[[T], None]) -> None:
        self._make = make
        self._drop = drop
        # By process: a forked one may go on with its parent's loop, and on a shared connection, each would read the
        # other's answers.
        self._values = defaultdict[int, dict[object, T]](dict)

    def here(self) -> T:
        """Return the value of the loop that runs now."""
        run, values = running(), self._values[process_id()]
        value = values.get(run)
        if value is None:
            for ended in [each for each in list(values) if has_ended(each)]:
                found = values.pop(ended, None)
                if found is not None:  # else a loop in another thread has dropped it
                    self._drop(found)
            value = values[run] = self._make()
        return value

    def all(self) -> list[T]:
        """Return the values of all loops of this process."""
        return list(self._values[process_id()].values())
