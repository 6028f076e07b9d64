"""The Dask cluster of a run: one that is there, or processes on this machine. Dask's own client is used only here."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
from distributed import Client, KilledWorker, LocalCluster
from distributed.client import FutureCancelledError

from ...errors import ConfigurationError, LicenseSpringError
from ...transport import RateLimits
from . import worker as remote

LOCAL: Final = "local"
LOST: Final = (FutureCancelledError, KilledWorker, OSError, TimeoutError)
"""What is raised when a worker, or the scheduler, is gone or does not answer."""

_ANSWER_WITHIN: Final = 10.0
_CONNECT_WITHIN: Final = 15.0
_CLOSE_WITHIN: Final = 10.0


class Cluster:
    """The workers, and how to reach them for one run.

    Args:
        client: An asynchronous client of Dask's.
        run: Name of the run.
    """

    def __init__(self, client: Client, run: str) -> None:
        self._dask: Any = client  # most of its methods have no types
        self._run = run
        self._numbers = itertools.count(1)

    async def prepare(self, settings: remote.Settings) -> None:
        """Have every worker, and each that comes later, make a client.

        Raises:
            ConfigurationError: The workers cannot run this package.
        """
        try:
            await self._dask.register_plugin(remote.Checking(self._run, settings))
        except ImportError as e:
            raise ConfigurationError(f"the Dask workers need this package in the same version: {e}") from e

    async def workers(self) -> Mapping[str, str]:
        """Return the host of each worker that runs."""
        with anyio.fail_after(_ANSWER_WITHIN):
            found = (await self._dask.scheduler.identity())["workers"]
        return {worker: about["host"] for worker, about in found.items() if about["status"] == "running"}

    async def share(self, worker: str, limits: RateLimits | None) -> LicenseSpringError | None:
        """Tell a worker its share of the rate windows, and return why it cannot work."""
        with anyio.fail_after(_ANSWER_WITHIN):
            answers = await self._dask.run(remote.share, self._run, limits, workers=[worker])
        error: LicenseSpringError | None = answers[worker]
        return error

    async def check(self, worker: str, chunk: remote.Chunk) -> remote.Checked:
        """Have a worker check a chunk; Dask never tries it again by itself."""
        key = f"{self._run}-{next(self._numbers)}"  # taken before anything else can run: Dask joins tasks of one key
        # The rows go as data: what tasks are called with stays in the scheduler's graph.
        data = await self._dask.scatter(chunk, workers=[worker], hash=False, timeout=_ANSWER_WITHIN)
        task = self._dask.submit(
            remote.check_chunk,
            self._run,
            data,
            key=key,
            workers=[worker],
            allow_other_workers=False,
            retries=0,
            pure=False,
        )
        checked: remote.Checked = await task
        return checked

    async def end(self) -> None:
        """Have all workers send no more; quiet about those that are gone."""
        await self._bounded(lambda: self._dask.run(remote.end, self._run, on_error="ignore"))

    async def forget(self) -> None:
        """Have all workers close their clients; quiet about those that are gone."""
        await self._bounded(lambda: self._dask.unregister_worker_plugin(self._run))

    async def _bounded(self, ask: Callable[[], Any]) -> None:
        with anyio.move_on_after(_ANSWER_WITHIN, shield=True), suppress(*LOST):
            await ask()


@asynccontextmanager
async def connected(scheduler: str, *, environ: Mapping[str, str] | None = None) -> AsyncGenerator[Client]:
    """Give an asynchronous client of a Dask cluster.

    Args:
        scheduler: Address of a scheduler, `tcp://host:8786`; `local` for a process on each core of this machine,
            `local:4` for four.
        environ: What the processes of a local cluster find in their environment, besides this process's.

    Raises:
        ConfigurationError: No scheduler answers there, or the address is none.
    """
    if is_local(scheduler):
        async with _local(_processes(scheduler), environ or {}) as address, _client(address) as client:
            yield client
    else:
        async with _client(scheduler) as client:
            yield client


def is_local(scheduler: str) -> bool:
    """Return whether a cluster is one of this machine's, for the run alone."""
    return scheduler.partition(":")[0] == LOCAL


def _processes(scheduler: str) -> int:
    number = scheduler.partition(":")[2]
    if not number:
        return os.cpu_count() or 1
    if not number.isdecimal() or int(number) < 1:
        raise ConfigurationError(f"--dask {scheduler}: must be local or local:NUMBER, for example local:4")
    return int(number)


@asynccontextmanager
async def _local(processes: int, environ: Mapping[str, str]) -> AsyncGenerator[str]:
    make: Any = LocalCluster
    cluster = make(
        n_workers=processes,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else it takes a port that others want
        asynchronous=True,
        silence_logs=logging.CRITICAL,
        env=dict(environ),
    )
    try:
        await cluster
        yield cluster.scheduler_address
    finally:
        with anyio.move_on_after(_CLOSE_WITHIN, shield=True):
            await cluster.close()


@asynccontextmanager
async def _client(address: str) -> AsyncGenerator[Client]:
    make: Any = Client
    try:
        client = await make(address, asynchronous=True, set_as_default=False, timeout=_CONNECT_WITHIN)
    except (OSError, ValueError) as e:
        raise ConfigurationError(f"--dask {address}: no Dask scheduler answers there: {e}") from e
    try:
        yield client
    finally:
        with anyio.move_on_after(_CLOSE_WITHIN, shield=True):
            await client.close()
