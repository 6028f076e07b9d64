"""An event loop in its own thread, for code that does not await."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
import attrs
from anyio.from_thread import BlockingPortal

from ...client import LicenseSpring
from ...errors import ConfigurationError, LicenseSpringError
from ...transport.loops import process_id, running

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread, with one open client; a wait for it can be interrupted.

    The first call starts the thread. It is a daemon. It ends with the program, with the last reference to this object,
    or with `close`. A forked process does not have the thread: its first call makes another client and another thread.

    Args:
        client: The client.
        again: Makes another client like it.
    """

    def __init__(self, client: LicenseSpring, again: Callable[[], LicenseSpring]) -> None:
        self._client = client
        self._again = again
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._opening: Future[_Opened] | None = None
        self._finalizer: weakref.finalize[..., LoopThread] | None = None
        self._is_closed = self._is_of_another_process = False
        _all.add(self)

    def forget_the_parents(self) -> None:
        """Drop the parent's thread after a fork; no other thread runs yet."""
        self._lock = threading.Lock()  # another thread may have held it
        if self._finalizer is not None:
            self._finalizer.detach()
        if self._opening is not None:
            self._is_of_another_process = True
            self._thread = self._opening = self._finalizer = None

    @property
    def client(self) -> LicenseSpring:
        """The client of this process.

        Raises:
            ConfigurationError: The client was opened before a fork, and only the parent process can use its engine.
        """
        if self._is_of_another_process:
            with self._lock:
                if self._is_of_another_process:
                    self._client = self._again()
                    self._is_of_another_process = False
        return self._client

    def open(self) -> BlockingPortal:
        """Start the thread and open the client in it, unless that is done.

        Raises:
            ConfigurationError: The caller is in an event loop, this was closed, or no thread can be started.
        """
        _refuse_inside_a_loop()
        client = self.client
        with self._lock:
            if self._is_closed:
                raise ConfigurationError("this client was closed; make another one")
            if self._opening is None:
                self._start(client)
            assert self._opening is not None  # noqa: S101
            opening = self._opening
        return opening.result().portal

    def _start(self, client: LicenseSpring) -> None:
        opening: Future[_Opened] = Future()
        # A daemon, so that a program that never closes the client can end. It must not reference this object.
        thread = threading.Thread(target=_main, args=[client, opening], name="licensespring-async", daemon=True)
        try:
            thread.start()
        except RuntimeError as e:
            raise ConfigurationError(
                f"no thread can be started for the calls ({e}); at the end of a program, as in atexit, use a client "
                "that was opened earlier"
            ) from e
        self._thread, self._opening = thread, opening
        self._finalizer = weakref.finalize(self, _stop, opening)
        # Other atexit handlers may still make calls.
        self._finalizer.atexit = False

    def close(self) -> None:
        """Cancel the calls in progress and close the client."""
        with self._lock:
            self._is_closed = True
            thread, opening = self._thread, self._opening
        if thread is None or opening is None:
            return
        _stop(opening)
        if thread is not threading.current_thread():  # a hook runs in it
            thread.join()

    def begin(self, function: Callable[[], Awaitable[T]]) -> Future[T]:
        """Start a coroutine in the loop.

        Raises:
            ConfigurationError: There is no loop to run it, or the caller is in one.
        """
        portal = self.open()
        try:
            return portal.start_task_soon(function)
        except RuntimeError as e:
            raise _closed() from e

    def run(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine; cancel it if the wait is interrupted."""
        return _ended(self.begin(function))


_all: weakref.WeakSet[LoopThread] = weakref.WeakSet()


def _after_fork() -> None:
    for each in list(_all):
        each.forget_the_parents()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@attrs.frozen
class _Opened:
    """A running loop.

    Attributes:
        portal: Runs coroutines in it.
        stop: Ends it, from any thread.
    """

    portal: BlockingPortal
    stop: Callable[[], object]


def _main(client: LicenseSpring, opening: Future[_Opened]) -> None:
    try:
        anyio.run(_serve, client, opening)
    except BaseException as error:
        if opening.done():
            raise
        opening.set_exception(error)


async def _serve(client: LicenseSpring, opening: Future[_Opened]) -> None:
    ending = anyio.Event()
    wake = functools.partial(asyncio.get_running_loop().call_soon_threadsafe, ending.set)
    # Calls run in the inner block, so they end and leases are released before the client closes.
    async with client, BlockingPortal() as portal:
        opening.set_result(_Opened(portal, wake))
        await ending.wait()
        await portal.stop(cancel_remaining=True)


def _stop(opening: Future[_Opened]) -> None:
    """End a thread, once it is open."""
    opening.add_done_callback(_end)


def _end(opening: Future[_Opened]) -> None:
    if opening.exception() is None:
        with suppress(RuntimeError):  # the loop is closed
            opening.result().stop()


def _ended(task: Future[T]) -> T:
    """Wait for a task; cancel it if the wait is interrupted, as by Ctrl-C."""
    try:
        return task.result()
    except CancelledError:
        raise _closed() from None
    except BaseException:
        task.cancel()  # has no effect if the task raised the error
        raise


def _closed() -> ConfigurationError:
    return ConfigurationError("another thread closed the client during the call")


def _refuse_inside_a_loop() -> None:
    if running() is not None:
        raise ConfigurationError(
            "a blocking client would block the running event loop; use LicenseSpring in async code"
        )


class Held(AbstractContextManager[T, None], Generic[T]):
    """A `with` around an `async with` that runs in the loop."""

    def __init__(self, loop: LoopThread, context: AbstractAsyncContextManager[T, bool | None]) -> None:
        self._loop = loop
        self._context = context
        self._leave: Callable[[], None] = lambda: None
        self._task: Future[None] | None = None
        self._process = 0  # the one that entered

    def __enter__(self) -> T:
        self._process = process_id()
        entered: Future[T] = Future()
        self._task = self._loop.begin(functools.partial(self._hold, entered))
        # If the task ends before it enters the block, the wait must end too.
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
        if self._process != process_id():  # forked in the block: what is held is the parent's, and so is the loop
            return
        try:
            if not self._task.done():
                self._loop.run(self._left)
            _ended(self._task)
        except LicenseSpringError:
            # The error of the body matters more.
            if exc is None:
                raise

    async def _left(self) -> None:
        self._leave()


def _pass_on(entered: Future[Any], task: Future[None]) -> None:
    if not entered.done():
        entered.set_exception(_closed() if task.cancelled() else task.exception())
