"""A question whose answer has to be awaited before it is a yes or a no."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Asking(Coroutine[Any, Any, T_co]):
    """A coroutine that refuses to be a condition: a plain one is true, so `if gate.allows(check):` would let all in.

    Args:
        coroutine: What is awaited.
        call: How it was called, for the error.
    """

    __slots__ = ("_call", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, T_co], call: str) -> None:
        self._coroutine = coroutine
        self._call = call

    def __bool__(self) -> NoReturn:
        self._coroutine.close()  # or it would warn as well that it was never awaited
        raise TypeError(f"{self._call} has no answer yet: await it, as in `if await {self._call}:`")

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self._coroutine.__await__()

    def send(self, value: Any, /) -> Any:
        """Go on until something has to be waited for."""
        return self._coroutine.send(value)

    def throw(self, kind: Any, value: BaseException | object = None, traceback: TracebackType | None = None, /) -> Any:
        """Go on with an error."""
        if value is None and traceback is None:
            return self._coroutine.throw(kind)
        return self._coroutine.throw(kind, value, traceback)

    def close(self) -> None:
        """Give the question up."""
        self._coroutine.close()
