"""Code that runs on the workers: one client each, and chunks of rows as async tasks.

Credentials come from each worker's own environment; nothing that is sent to a worker contains any.
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress

import anyio
import attrs
from distributed import Worker, WorkerPlugin, get_worker

from ...client import LicenseSpring
from ...configuration import Options
from ...errors import LicenseSpringError
from ...redaction import Unpickled
from ...transport import HttptoolsEngine, RateLimits
from ..checking.local import LocalChecker
from ..checking.pace import Concurrency
from ..rows.row import Row
from .plain import Checked, Outcome, read_rows, written_checked, written_error


@attrs.frozen(kw_only=True)
class Settings:
    """Settings of the workers' clients; they contain no secret.

    Attributes:
        base_url: Address of the service.
        public_key: PEM of the key that signs answers, or None for the vendor's.
        verify: Whether to verify signatures.
        timeout: Time-out of a row in seconds.
        concurrency: Rows under way on one worker.
        release: Whether to give floating slots back.
        is_local: Whether the workers are processes that the run started.
    """

    base_url: str
    public_key: bytes | None = None
    verify: bool = True
    timeout: float = 30.0
    concurrency: Concurrency = attrs.field(factory=Concurrency)
    release: bool = False
    is_local: bool = False

    def client(self) -> LicenseSpring:
        """Return a client with the credentials in this process's environment."""
        environ = dict(os.environ) | {"LICENSESPRING_BASE_URL": self.base_url}
        options: Options = {
            "timeout": self.timeout,
            "verify_signatures": self.verify,
            "max_concurrency": self.concurrency.most,
            "engine": HttptoolsEngine(),
        }
        if self.public_key is not None:
            options["public_key"] = self.public_key
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said where the run was started
            return LicenseSpring.from_env(environ, **options)


@attrs.frozen(repr=False)
class Chunk(Unpickled):
    """Rows to check together; its text shows none of them."""

    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        return f"Chunk({len(self.rows)} rows)"


class NotReady(LicenseSpringError):
    """The worker has not joined this run, or has no share of the rate windows yet; it may have been restarted."""


class Checking(WorkerPlugin):
    """The client of a worker, and its checker.

    Args:
        run: Name of the run; a cluster may serve several.
        settings: Settings of the client.
    """

    def __init__(self, run: str, settings: Settings) -> None:
        self.name = run
        self._settings = settings
        self._client: LicenseSpring | None = None
        self._checker: LocalChecker | None = None
        self._under_way = 0
        self._is_over = False

    def setup(self, worker: Worker) -> None:
        """Ignore Ctrl-C in a local worker. Make no client yet: a worker without credentials must report it, not die."""
        if self._settings.is_local and threading.current_thread() is threading.main_thread():
            # The terminal sends Ctrl-C to all processes of a run; the main process handles it.
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def teardown(self, worker: Worker) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.aclose()

    def share(self, limits: RateLimits | None) -> None:
        """Set the share of the rate windows; before the first share, nothing is checked.

        Raises:
            ConfigurationError: This worker's environment has no credentials.
        """
        if self._client is None:
            self._client = self._settings.client()
            self._checker = LocalChecker(self._client, self._settings.concurrency, release=self._settings.release)
        self._client.change_rate_limits(limits)

    def end(self) -> None:
        """Send no more rows."""
        self._is_over = True
        if self._checker is not None:
            self._checker.end()

    async def check(self, rows: Sequence[Row]) -> Checked:
        """Check rows, as many at once as the worker's tuned limit allows."""
        checker = self._checker
        if checker is None:
            raise NotReady("the worker has no share of the rate windows yet")
        outcomes: list[Outcome] = [None] * len(rows)
        turns = iter(enumerate(rows))
        async with anyio.create_task_group() as group:
            for _ in range(min(len(rows), max(1, checker.limit - self._under_way))):
                group.start_soon(self._check_rows, checker, turns, outcomes)
        return Checked(tuple(outcomes), checker.throttled)

    async def _check_rows(
        self,
        checker: LocalChecker,
        turns: Iterator[tuple[int, Row]],
        outcomes: list[Outcome],
    ) -> None:
        for place, row in turns:
            if self._is_over:
                return
            self._under_way += 1
            try:
                outcomes[place] = await checker.check(row, is_full=self._under_way >= checker.limit)
            except LicenseSpringError as error:
                outcomes[place] = error if error.attempts or not self._is_over else None
                if error.is_about_everything:
                    self.end()  # every row would fail with it
            finally:
                self._under_way -= 1


async def check_chunk(run: str, rows: str) -> str:
    """Check rows in a task on their worker; rows and answer are text as in `plain`."""
    try:
        return written_checked(await _plugin(run, get_worker()).check(read_rows(rows)))
    except LicenseSpringError as error:
        return written_error(error)


def share(run: str, limits: RateLimits | None, dask_worker: Worker) -> str:
    """Give a worker its share of the rate windows; return why it cannot work, as text."""
    try:
        _plugin(run, dask_worker).share(limits)
    except LicenseSpringError as error:
        return written_error(error)
    return written_error(None)


def end(run: str, dask_worker: Worker) -> None:
    """Stop a worker from sending."""
    with suppress(NotReady):
        _plugin(run, dask_worker).end()


def _plugin(run: str, worker: Worker) -> Checking:
    plugin = worker.plugins.get(run)
    if not isinstance(plugin, Checking):
        raise NotReady("the worker is not prepared yet")
    return plugin
