"""Checkers of rows: the protocol, and a client in this process."""

from __future__ import annotations

import math
from typing import Final, Protocol

import anyio

from ...client import LicenseSpring
from ...errors import LicenseSpringError, RateLimited
from ...transport import Event, Patience, RequestEvent
from ...transport.policies.windows import seconds_asked
from ..results.result import Result
from ..rows.row import Row
from .one_row import answer_of
from .outage import OnOutage, Outage
from .pace import Aimd, Concurrency, is_congestion

_LONG_PAUSE: Final = 10.0


class Checker(Protocol):
    """Checks single rows, many at a time."""

    @property
    def limit(self) -> int:
        """Rows that may be under way now, at least 1."""
        ...

    @property
    def most(self) -> int:
        """What the limit may grow to."""
        ...

    @property
    def throttled(self) -> int:
        """Requests so far that the service has answered with HTTP 429."""
        ...

    async def check(self, row: Row, *, is_full: bool) -> Result:
        """Check a row and return its result.

        Args:
            row: The row to check.
            is_full: Whether the limit is used up.

        Raises:
            LicenseSpringError: The check failed.
        """
        ...

    def end(self) -> None:
        """Send no more rows: a row that still waits for its turn fails with a `TransportError` with 0 attempts."""
        ...


class LocalChecker:
    """Checks rows with a client, and tunes how many are under way.

    Args:
        client: Client that sends them.
        bounds: Bounds of the rows under way.
        release: Whether to give floating slots back.
        on_outage: Called with the error when the service stops answering, and with None when it answers again; also
            with the `RateLimited` error that asks for a pause of ten seconds or more.
    """

    def __init__(
        self,
        client: LicenseSpring,
        bounds: Concurrency,
        *,
        release: bool = False,
        on_outage: OnOutage = lambda _: None,
    ) -> None:
        # A row's time-out is for the service to answer; the rate limits may delay a row for minutes.
        self._patience = Patience()
        self._client = client.with_options(patience=self._patience, hooks=[self._watch])
        self._aimd = Aimd(bounds)
        self._release = release
        self._tell = on_outage
        self._outage = Outage(on_outage)
        self._probing = anyio.Lock()
        self._under_way = 0
        self._paused_until = -math.inf
        self.most = bounds.most
        self.throttled = 0

    @property
    def limit(self) -> int:
        """Rows that may be under way now."""
        return self._aimd.limit

    async def check(self, row: Row, *, is_full: bool) -> Result:
        """Check a row and return its result, or raise why the check failed."""
        if self._outage.is_on:
            async with self._probing:
                if self._outage.is_on:
                    await self._outage.pause(self._patience)
                    return await self._ask(row, is_full=False)
        return await self._ask(row, is_full=is_full)

    async def _ask(self, row: Row, *, is_full: bool) -> Result:
        self._under_way += 1
        try:
            result = await answer_of(self._client, row, release=self._release)
        except LicenseSpringError as error:
            if not error.may_pass:
                self._answered(is_full=is_full, waited=error.waited)
            elif error.attempts and not isinstance(error, RateLimited) and not self._patience.is_over:
                self._outage.failed(error, self._under_way)
            raise
        finally:
            self._under_way -= 1
        self._answered(is_full=is_full, waited=result.waited)
        return result

    def _answered(self, *, is_full: bool, waited: float) -> None:
        self._outage.answered()
        self._aimd.answered(is_full=is_full, waited=waited)

    def end(self) -> None:
        """Stop the rows that wait for the rate limits."""
        self._patience.end()

    def _watch(self, event: Event) -> None:
        if isinstance(event, RequestEvent) and is_congestion(event.error):
            now = anyio.current_time()
            self._aimd.congested(now - event.seconds, now)
            if isinstance(event.error, RateLimited):
                self.throttled += 1
                self._note_pause(event.error, now)

    def _note_pause(self, error: RateLimited, now: float) -> None:
        pause = seconds_asked(error)
        # Once for all requests that were under way together.
        if pause >= _LONG_PAUSE and now >= self._paused_until and not self._patience.is_over:
            self._tell(error)
        self._paused_until = max(self._paused_until, now + pause)
