"""The process that leads a run, and workers that are replaced at their address; the cluster is a fake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import anyio
import pytest

from licensespring_async import LicenseSpringError, RateLimits
from licensespring_async.checks import FeatureCheck
from licensespring_async.fleet import Result, Row
from licensespring_async.fleet.checking.shares import Limits
from licensespring_async.fleet.distributed import DaskChecker
from licensespring_async.fleet.distributed.cluster import Cluster
from licensespring_async.fleet.distributed.plain import Checked
from licensespring_async.fleet.distributed.worker import Chunk, NotReady
from licensespring_async.fleet.results.result import Outcome

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]


class Restarted:
    """A cluster whose one worker is replaced while it has two chunks: both are refused in the same moment."""

    def __init__(self) -> None:
        self._chunks = 0
        self._refused = anyio.Event()

    async def workers(self) -> Mapping[str, str]:
        if self._chunks == 2:
            self._refused.set()
        return {"tcp://worker:1": "worker"}

    async def share(self, worker: str, limits: RateLimits | None) -> LicenseSpringError | None:
        return None

    async def check(self, worker: str, chunk: Chunk) -> Checked:
        self._chunks += 1
        if self._chunks <= 2:
            await self._refused.wait()
            raise NotReady("replaced")
        return Checked(tuple(result(row) for row in chunk.rows), throttled=0)

    async def end(self) -> None:
        """Do nothing."""


def result(row: Row) -> Result:
    return Result(row=row.row, line=row.line, outcome=Outcome.LICENSED, code="ok")


async def test_a_worker_that_refuses_two_chunks_at_once_is_lost_once() -> None:
    """Rows of both chunks are checked by the worker that came instead."""
    checker = DaskChecker(cast("Cluster", Restarted()), Limits(), timeout=1)
    rows = [
        Row(row=n, line=n, check=FeatureCheck(product="TP", hardware_id=f"d{n}", license_key="k", feature="f"))
        for n in range(1, 151)
    ]
    outcomes: list[Result] = []

    async def check(row: Row) -> None:
        outcomes.append(await checker.check(row, is_full=False))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as serving:
            serving.start_soon(checker.serve)
            async with anyio.create_task_group() as group:
                for row in rows:
                    group.start_soon(check, row)
            serving.cancel_scope.cancel()
    assert sorted(each.row for each in outcomes) == [each.row for each in rows]
