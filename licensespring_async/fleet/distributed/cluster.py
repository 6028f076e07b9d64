"""The Dask cluster of a run: an existing one, or processes on this machine. Only this module uses Dask's client."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
from dask import config as dask_config
from distributed import Client, LocalCluster, Security
from distributed.client import FutureCancelledError
from distributed.comm.addressing import parse_address
from distributed.protocol import pickle

from ...auth import is_loopback
from ...errors import ConfigurationError, LicenseSpringError
from ...transport import RateLimits
from . import worker as remote
from .plain import Checked, read_checked, read_error, written_rows

LOCAL: Final = "local"


_pickle: Any = pickle
_config: Any = dask_config


class ChunkLost(OSError):
    """A worker failed before it reported on its rows."""


LOST: Final = (FutureCancelledError, ChunkLost, OSError, TimeoutError)
"""Errors that mean a worker or the scheduler is gone or does not answer."""

_ANSWER_WITHIN: Final = 10.0
_CONNECT_WITHIN: Final = 15.0
_CLOSE_WITHIN: Final = 10.0
_WITH_TLS: Final = ("tls", "wss")
_ENCRYPTED: Final = (*_WITH_TLS, "inproc")
_READ: Final = ["msgpack", "error"]  # and not "pickle" or "dask", whose headers are pickles


class Cluster:
    """The workers, and how to reach them for one run.

    Args:
        client: An asynchronous Dask client.
        run: Name of the run.
    """

    def __init__(self, client: Client, run: str) -> None:
        self._dask: Any = client  # most of its methods have no types
        self._run = run
        self._numbers = itertools.count(1)

    async def prepare(self, settings: remote.Settings) -> None:
        """Prepare all workers, and those that join later, to make a client.

        Raises:
            ConfigurationError: The workers cannot run this package.
        """
        plugin = _pickle.dumps(remote.Checking(self._run, settings))
        try:
            # Dask's own `register_plugin` would unpickle the errors of workers.
            found = await self._dask.scheduler.register_worker_plugin(plugin=plugin, name=self._run, idempotent=False)
        except (TypeError, ValueError, ImportError):
            found = {"a worker": {"status": "error"}}
        failed = [worker for worker, answer in found.items() if answer.get("status") != "OK"]
        if failed:
            raise ConfigurationError(
                f"the Dask workers need this package in the same version: {failed[0]} cannot load it"
            )

    async def workers(self) -> Mapping[str, str]:
        """Return the host of each running worker."""
        with anyio.fail_after(_ANSWER_WITHIN):
            found = (await self._dask.scheduler.identity())["workers"]
        return {worker: about["host"] for worker, about in found.items() if about["status"] == "running"}

    async def share(self, worker: str, limits: RateLimits | None) -> LicenseSpringError | None:
        """Give a worker its share of the rate windows; return an error if it cannot work."""
        with anyio.fail_after(_ANSWER_WITHIN):
            answers = await self._have_run(remote.share, self._run, limits, workers=[worker])
        if worker not in answers:
            raise ChunkLost(f"{worker} did not take its share")
        return read_error(answers[worker])

    async def check(self, worker: str, chunk: remote.Chunk) -> Checked:
        """Check rows on a worker; Dask does not retry by itself.

        Raises:
            NotReady: The worker's process was replaced by another.
        """
        key = f"{self._run}-{next(self._numbers)}"  # taken before anything else can run: Dask joins tasks of one key
        # Send the rows as data: the arguments of tasks stay in the scheduler's graph.
        data = await self._dask.scatter(written_rows(chunk.rows), workers=[worker], hash=False, timeout=_ANSWER_WITHIN)
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
        try:
            answer = await task
        except TypeError:  # not text, so it is not read
            answer = None
        checked = read_checked(answer, chunk.rows)
        if isinstance(checked, LicenseSpringError):
            raise checked if isinstance(checked, remote.NotReady) else ChunkLost(str(checked))
        return checked

    async def end(self) -> None:
        """Stop all workers from sending; ignore workers that are gone."""
        await self._bounded(lambda: self._have_run(remote.end, self._run))

    async def forget(self) -> None:
        """Close the clients of all workers; ignore workers that are gone."""
        await self._bounded(lambda: self._dask.scheduler.unregister_worker_plugin(name=self._run))

    async def _have_run(
        self, function: Callable[..., object], *args: object, workers: Sequence[str] | None = None
    ) -> Mapping[str, object]:
        """Run a function on workers and return its results; Dask's own `run` would unpickle errors."""
        given: dict[str, object] = {"function": function, "args": args, "kwargs": {}}
        message = {"op": "run", **{name: _pickle.dumps(value) for name, value in given.items()}}
        try:
            answers = await self._dask.scheduler.broadcast(msg=message, workers=workers, on_error="ignore")
        except TypeError:  # not text, so it is not read
            return {}
        return {worker: answer["result"] for worker, answer in answers.items() if answer.get("status") == "OK"}

    async def _bounded(self, ask: Callable[[], Any]) -> None:
        with anyio.move_on_after(_ANSWER_WITHIN, shield=True), suppress(*LOST):
            await ask()


class _PlainClient(Client):
    """A Dask client that unpickles nothing from workers: data must be text, and errors are not read."""

    async def _ensure_connected(self, timeout: float | None = None) -> None:
        await super()._ensure_connected(timeout=timeout)  # type: ignore[no-untyped-call]
        connection: Any = self.scheduler_comm
        if connection is not None:
            connection.comm.deserialize = False  # else an error would be unpickled before anyone asks for it

    def _handle_task_erred(self, key: object = None, exception: object = None, traceback: object = None) -> None:
        error = ChunkLost("the worker failed")
        super()._handle_task_erred(key=key, exception=error, traceback=None)  # type: ignore[no-untyped-call]


@asynccontextmanager
async def connected(
    scheduler: str, *, environ: Mapping[str, str] | None = None, allow_plaintext: bool = False
) -> AsyncGenerator[Client]:
    """Yield an asynchronous client of a Dask cluster.

    Workers and scheduler are trusted with the credentials and license keys. So connections to them must use TLS, as
    configured in Dask (`distributed.comm.tls`), or stay on this machine. The processes of a local cluster authenticate
    by a certificate made for the run.

    Args:
        scheduler: Address of a scheduler, `tls://host:8786`; `local` for a process per core of this machine, `local:4`
            for four.
        environ: Variables for the processes of a local cluster, besides the environment of this process.
        allow_plaintext: Whether to allow an unencrypted connection to another machine. Anyone on the way can then read
            the license keys, forge results, and run code on the workers.

    Raises:
        ConfigurationError: No scheduler answers there, the address is invalid, or the connection would be unencrypted.
    """
    if is_local(scheduler):
        async with (
            _local(_processes(scheduler), environ or {}) as (address, security),
            _client(address, security) as client,
        ):
            yield client
    else:
        if not allow_plaintext:
            _refuse_plaintext(scheduler)
        _refuse_without_certificates(scheduler)
        async with _client(scheduler, None) as client:
            yield client


def _refuse_plaintext(scheduler: str) -> None:
    scheme, location = parse_address(scheduler)
    try:
        host = urlsplit(f"//{location}").hostname or ""
    except ValueError:
        host = ""
    if scheme not in _ENCRYPTED and not is_loopback(host):
        raise ConfigurationError(
            f"--dask {scheduler}: is not encrypted: others could read license keys and forge results; give tls:// with "
            "Dask's certificates (distributed.comm.tls), or say --dask-plaintext in a private network"
        )


def _refuse_without_certificates(scheduler: str) -> None:
    configured: Any = Security()  # type: ignore[no-untyped-call]
    if parse_address(scheduler)[0] in _WITH_TLS and configured.get_connection_args("client")["ssl_context"] is None:
        raise ConfigurationError(
            f"--dask {scheduler}: needs certificates; name their files in Dask's configuration, under "
            "distributed.comm.tls (https://distributed.dask.org/en/stable/tls.html)"
        )


def is_local(scheduler: str) -> bool:
    """Return whether the cluster is made of processes on this machine, for this run only."""
    return scheduler.partition(":")[0] == LOCAL


def _processes(scheduler: str) -> int:
    number = scheduler.partition(":")[2]
    if not number:
        return os.cpu_count() or 1
    if not number.isdecimal() or int(number) < 1:
        raise ConfigurationError(f"--dask {scheduler}: must be local or local:NUMBER, for example local:4")
    return int(number)


@asynccontextmanager
async def _local(processes: int, environ: Mapping[str, str]) -> AsyncGenerator[tuple[str, Security]]:
    make: Any = LocalCluster
    # Otherwise any user of this machine could take the credentials, forge results, and run code in this process.
    security: Security = Security.temporary()  # type: ignore[no-untyped-call]
    # Otherwise the scheduler and each worker would show the run over HTTP, without authentication.
    with _config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}):
        cluster = make(
            n_workers=processes,
            threads_per_worker=1,
            host="127.0.0.1",
            security=security,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else it takes Dask's well-known port
            asynchronous=True,
            silence_logs=logging.CRITICAL,
            env=dict(environ) | {"DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]"},
        )
        try:
            await cluster
            yield cluster.scheduler_address, security
        finally:
            with anyio.move_on_after(_CLOSE_WITHIN, shield=True):
                await cluster.close()


@asynccontextmanager
async def _client(address: str, security: Security | None) -> AsyncGenerator[Client]:
    make: Any = _PlainClient
    args = {"asynchronous": True, "set_as_default": False, "timeout": _CONNECT_WITHIN, "deserializers": _READ}
    client: Any = None
    try:
        try:
            client = make(address, security=security, **args)
            with anyio.fail_after(2 * _CONNECT_WITHIN):  # Dask waits forever for the first word of a silent program
                await client
        except (MemoryError, OverflowError) as e:  # it takes the first bytes of HTTP for a length
            raise ConfigurationError(f"--dask {address}: another program answers there, not a Dask scheduler") from e
        except (OSError, ValueError, TypeError) as e:
            reason = str(e) or "what is there says nothing"
            raise ConfigurationError(f"--dask {address}: no Dask scheduler answers there: {reason}") from e
        yield client
    finally:
        if client is not None:
            with anyio.move_on_after(_CLOSE_WITHIN, shield=True):
                await client.close()
