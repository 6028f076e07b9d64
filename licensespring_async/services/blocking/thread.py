"""An event loop in a thread of its own, for code that does not await."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from ...client import LicenseSpring
from ...errors import ConfigurationError, LicenseSpringError
from ...transport.loops import running

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread, in which one client is open; what waits for it can be interrupted."""

    def __init__(self, client: LicenseSpring) -> None:
        self._client = client
        self._thread: threading.Thread | None = None
        self._portal: BlockingPortal | None = None
        self._process = 0

    def open(self) -> None:
        """Start the thread, and open the client in it.

        Raises:
            ConfigurationError: The caller is inside an event loop, it was opened before, or no thread can be started.
        """
        _refuse_inside_a_loop()
        if self._thread is not None:
            raise ConfigurationError("this client was opened before; make another one")
        opened: Future[BlockingPortal] = Future()
        # A daemon, so that a program which never closes the client can end.
        thread = threading.Thread(target=self._main, args=[opened], name="licensespring-async", daemon=True)
        try:
            thread.start()
        except RuntimeError as e:
            raise ConfigurationError(
                f"no thread can be started to run the calls in ({e}); at the end of a program, as in atexit, "
                "use a client that was opened before"
            ) from e
        self._thread = thread
        self._portal, self._process = opened.result(), os.getpid()

    def _main(self, opened: Future[BlockingPortal]) -> None:
        try:
            anyio.run(self._serve, opened)
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    async def _serve(self, opened: Future[BlockingPortal]) -> None:
        # The calls are in the inner block: they have ended, and leases are released, before the client closes.
        async with self._client, BlockingPortal() as portal:
            opened.set_result(portal)
            await portal.sleep_until_stopped()

    def close(self) -> None:
        """Cancel what is under way, and close the client."""
        portal, self._portal = self._portal, None
        if portal is None or self._thread is None or self._process != os.getpid():
            return
        portal.start_task_soon(portal.stop, True)
        self._thread.join()

    def begin(self, function: Callable[[], Awaitable[T]]) -> Future[T]:
        """Start a coroutine in the loop.

        Raises:
            ConfigurationError: There is no loop to run it, or the caller is inside one.
        """
        _refuse_inside_a_loop()
        if self._portal is None:
            raise ConfigurationError("this client is not open; use it in `with`")
        if self._process != os.getpid():
            raise ConfigurationError("this client was opened by another process; make one in each")
        try:
            return self._portal.start_task_soon(function)
        except RuntimeError as e:
            raise _closed() from e

    def run(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine, and cancel it when the wait for it is interrupted."""
        return _ended(self.begin(function))


def _ended(task: Future[T]) -> T:
    """Wait for a task's end; an interruption of the wait, as by Ctrl-C, cancels it."""
    try:
        return task.result()
    except CancelledError:
        raise _closed() from None
    except BaseException:
        task.cancel()  # does nothing when the error is the task's own
        raise


def _closed() -> ConfigurationError:
    return ConfigurationError("the client was closed, by another thread, during the call")


def _refuse_inside_a_loop() -> None:
    if running() is not None:
        raise ConfigurationError(
            "a blocking client was used inside a running event loop, which it would hold up; use LicenseSpring there"
        )


class Held(AbstractContextManager[T, None], Generic[T]):
    """A `with` around an `async with` that is in the loop."""

    def __init__(self, loop: LoopThread, context: AbstractAsyncContextManager[T, bool | None]) -> None:
        self._loop = loop
        self._context = context
        self._leave: Callable[[], None] = lambda: None
        self._task: Future[None] | None = None

    def __enter__(self) -> T:
        entered: Future[T] = Future()
        self._task = self._loop.begin(functools.partial(self._hold, entered))
        # Whatever ends the task before the block is entered ends the wait too.
        self._task.add_done_callback(functools.partial(_pass_on, entered))
        try:
            return entered.result()
        except BaseException:
            self._task.cancel()
            raise

    async def _hold(self, entered: Future[T]) -> None:
        leave = anyio.Event()
        self._leave = leave.set
        async with self._context as value:
            entered.set_result(value)
            await leave.wait()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._task is not None  # noqa: S101
        try:
            if not self._task.done():
                self._loop.run(self._left)
            _ended(self._task)
        except LicenseSpringError:
            # What ended the body matters more.
            if exc is None:
                raise

    async def _left(self) -> None:
        self._leave()


def _pass_on(entered: Future[Any], task: Future[None]) -> None:
    if not entered.done():
        entered.set_exception(_closed() if task.cancelled() else task.exception())
