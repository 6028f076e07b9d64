"""A coroutine that must be awaited before it can be a condition."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Asking(Coroutine[Any, Any, T_co]):
    """A coroutine that raises when it is used as a condition.

    A plain coroutine is always true, so `if gate.allows(check):` would let everyone in.

    Args:
        coroutine: The coroutine to await.
        call: The call as it is written, for the error.
    """

    __slots__ = ("_call", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, T_co], call: str) -> None:
        self._coroutine = coroutine
        self._call = call

    def __bool__(self) -> NoReturn:
        self._coroutine.close()  # avoids a second warning, that it was never awaited
        raise TypeError(f"{self._call} has no answer yet: await it, as in `if await {self._call}:`")

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self._coroutine.__await__()

    def send(self, value: Any, /) -> Any:
        """Resume the coroutine."""
        return self._coroutine.send(value)

    def throw(self, kind: Any, value: BaseException | object = None, traceback: TracebackType | None = None, /) -> Any:
        """Raise an error inside the coroutine."""
        if value is None and traceback is None:
            return self._coroutine.throw(kind)
        return self._coroutine.throw(kind, value, traceback)

    def close(self) -> None:
        """Close the coroutine without an answer."""
        self._coroutine.close()
