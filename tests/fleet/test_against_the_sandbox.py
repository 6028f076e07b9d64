"""Checking a fleet over a real socket."""

from __future__ import annotations

from collections import Counter

import pytest

from licensespring_async.fleet import Outcome, check_many, rows_from
from licensespring_async.sandbox import Sandbox, demo_fleet

pytestmark = pytest.mark.anyio


async def test_a_fleet_is_checked_over_a_socket() -> None:
    """Every device has its answer, verified when there is one to verify, and none ends in an error."""
    devices = demo_fleet()[:120]
    async with (
        Sandbox() as sandbox,
        sandbox.client() as client,
        check_many(client, rows_from(devices), concurrency=16) as running,
    ):
        results = [result async for result in running]
    assert sorted(result.row for result in results) == list(range(1, 121))
    outcomes = Counter(result.outcome for result in results)
    assert set(outcomes) == {Outcome.LICENSED, Outcome.NOT_LICENSED}
    assert all(result.verified for result in results if result.outcome is Outcome.LICENSED)
