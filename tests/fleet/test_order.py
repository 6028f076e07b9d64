"""Results in the order of the rows."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensespring_async.fleet import Row, check_many

from ..transport import virtual
from ..transport.virtual import run
from .fakes import Service, one_by_one, rows
from .test_unattended import Recovering

pytestmark = pytest.mark.anyio


async def test_results_come_in_the_order_of_the_rows() -> None:
    """A slow row holds the results of those behind it back, and they follow at once."""
    service = Service(gate=anyio.Event(), gated={"d1"})
    async with check_many(service.client(), one_by_one(rows(9)), concurrency=3, ordered=True) as results:
        await anyio.wait_all_tasks_blocked()
        assert len(service.devices) == 9
        service.open()
        assert [each.row async for each in results] == list(range(1, 10))


async def test_results_are_held_back_within_bounds() -> None:
    """Behind a row that hangs only so many others are read: memory does not grow with the input."""
    service, taken = Service(gate=anyio.Event(), gated={"d3"}), list[int]()

    def counted() -> Iterator[Row]:
        for each in rows(200):
            taken.append(each.row)
            yield each

    async with check_many(service.client(), counted(), concurrency=2, ordered=True) as results:
        assert [(await anext(results)).row for _ in range(2)] == [1, 2]
        await anyio.wait_all_tasks_blocked()
        assert len(taken) <= 2 + 8 * 2 + 2
        service.open()
        assert [each.row async for each in results] == list(range(3, 201))


async def test_a_row_that_is_tried_again_keeps_its_place() -> None:
    """It is tried again before there is no more room behind it."""
    service = Recovering(failures={"d2": 2})
    async with check_many(service.client(), rows(100), concurrency=2, retries=2, ordered=True) as results:
        assert [each.row async for each in results] == list(range(1, 101))
    assert service.devices.count("d2") == 3
    assert service.devices.index("d4") < len(service.devices) - 1 - service.devices[::-1].index("d2")


async def test_a_stopped_run_gives_what_it_held_back() -> None:
    """Rows that will have no result keep no other's back."""
    service = Recovering(failures={"d1": 1}, gate=anyio.Event(), gated={"d1", "d2"})
    checks = check_many(service.client(), rows(100), concurrency=2, retries=1, ordered=True)
    async with checks as results:
        await anyio.wait_all_tasks_blocked()
        checks.stop()
        service.open()
        assert [each.row async for each in results] == [2]


async def test_the_plain_loop_keeps_the_order_too() -> None:
    """Wave after wave."""
    service = Recovering(failures={"d2": 1, "d40": 1})
    checks = check_many(service.client(), rows(70), concurrency=2, retries=1, ordered=True)
    assert [each.row async for each in checks] == list(range(1, 71))


@settings(max_examples=40)
@given(
    st.sampled_from(virtual.BACKENDS),
    st.dictionaries(st.integers(1, 60), st.integers(1, 3)),
    st.integers(1, 7),
    st.integers(0, 2),
    st.booleans(),
)
def test_the_order_holds_whatever_fails(
    backend: str, failing: dict[int, int], concurrency: int, retries: int, is_plain: bool
) -> None:
    """Every row has one result, in its place, and the run ends."""
    service = Recovering(failures={f"d{number}": times for number, times in failing.items()})

    async def main() -> list[int]:
        checks = check_many(service.client(), rows(60), concurrency=concurrency, retries=retries, ordered=True)
        if is_plain:
            return [each.row async for each in checks]
        async with checks as results:
            return [each.row async for each in results]

    assert run(backend, main) == list(range(1, 61))
