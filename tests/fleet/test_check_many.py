"""Checking many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import anyio
import pytest

from licensespring_async import (
    AuthorizationError,
    BlockingLicenseSpring,
    ConfigurationError,
    InvalidApiKey,
    SignatureError,
)
from licensespring_async.fleet import InvalidRow, Outcome, Row, check_many

from ..fakes import Play, answer, refusal
from ..unit import bodies
from .fakes import Service, drained, one_by_one, results_of, row, rows

pytestmark = pytest.mark.anyio


async def test_every_row_has_one_result() -> None:
    """No row is lost and none is checked twice."""
    service = Service()
    assert [result.row for result in await results_of(service, rows(50))] == list(range(1, 51))
    assert len(service.devices) == 50


async def test_no_rows_have_no_results() -> None:
    """An empty input is no error."""
    assert await results_of(Service(), []) == []


async def test_a_failing_row_is_a_result() -> None:
    """The rows around a failure are checked."""
    service = Service(plays={"d2": refusal("internal_error", 500)})
    outcomes = [result.outcome for result in await results_of(service, rows(3))]
    assert outcomes == [Outcome.LICENSED, Outcome.ERROR, Outcome.LICENSED]


async def test_an_invalid_row_is_a_result_and_not_sent() -> None:
    """A row that could not be read has its place among the results."""
    service = Service()
    async with check_many(service.client(), [InvalidRow(row=1, line=2, reason="no device")]) as results:
        (result,) = [each async for each in results]
    assert (result.row, result.line, result.outcome, result.code) == (1, 2, Outcome.ERROR, "invalid_row")
    assert (result.message, service.devices) == ("no device", [])


async def test_rows_may_be_an_async_iterable() -> None:
    """Workers share an async generator without asking it twice at once."""
    async with check_many(Service().client(), one_by_one(rows(20)), concurrency=5) as results:
        assert {result.row async for result in results} == set(range(1, 21))


DEVICE = {"product": "APP", "hardware_id": "d1", "license_key": "KEY", "feature": "render"}


@pytest.mark.parametrize("given", [list[object], one_by_one])
async def test_rows_may_be_mappings(given: Callable[[list[object]], Any]) -> None:
    """A dict is a row with the next number; one that cannot be checked is a result that says why."""
    service = Service()
    async with check_many(service.client(), given([DEVICE, {"product": "APP"}, row(3)]), ordered=True) as results:
        seen = [(result.row, result.outcome, result.message) async for result in results]
    assert seen == [
        (1, Outcome.LICENSED, ""),
        (2, Outcome.ERROR, "hardware_id is missing"),
        (3, Outcome.LICENSED, ""),
    ]
    assert sorted(service.devices) == ["d1", "d3"]


@pytest.mark.parametrize("given", [list[object], one_by_one])
async def test_what_is_no_row_is_refused(given: Callable[[list[object]], Any]) -> None:
    """The error says what a row is, shows nothing of what was given, and comes after the rows before it."""
    async with check_many(Service().client(), given([DEVICE, "APP,d2,SECRET"])) as results:
        seen, raised = await drained(results)
    assert [result.row for result in seen] == [1]
    assert isinstance(raised, ConfigurationError)
    assert str(raised).startswith("rows: number 2 is a str; a row is a Row, an InvalidRow or a mapping")
    assert "SECRET" not in str(raised)


@pytest.mark.parametrize("error", [None, ZeroDivisionError()])
async def test_an_async_iterable_is_not_asked_again_once_it_has_ended(error: Exception | None) -> None:
    """An iterator that waits for ever after its end, as a queue does, does not hang the run."""

    class Queue:
        given = 0

        def __aiter__(self) -> Self:
            return self

        async def __anext__(self) -> Row:
            await anyio.lowlevel.checkpoint()
            self.given += 1
            if self.given > 4:
                await anyio.sleep_forever()
            if self.given == 4:
                raise error or StopAsyncIteration
            return rows(3)[self.given - 1]

    with anyio.fail_after(5):
        async with check_many(Service().client(), Queue(), concurrency=8) as results:
            seen, raised = await drained(results)
    assert ([result.row for result in seen], raised) == ([1, 2, 3], error)


async def test_as_many_rows_as_allowed_are_under_way() -> None:
    """Concurrency is used, and is a limit."""
    service = Service()
    await results_of(service, rows(40), concurrency=7)
    assert service.most_in_flight == 7


async def test_a_slow_reader_holds_the_workers_back() -> None:
    """Rows are not read ahead of a reader that takes no results: memory does not grow with the input."""
    taken: list[int] = []

    def counting() -> Iterator[Row]:
        for each in rows(100):
            taken.append(each.row)
            yield each

    async with check_many(Service().client(), counting(), concurrency=3) as results:
        await anext(results)
        await anyio.wait_all_tasks_blocked()
        assert len(taken) <= 1 + 2 * 3


async def test_results_come_while_others_are_under_way() -> None:
    """A row that hangs does not keep the results of the others back."""
    service = Service(gate=anyio.Event(), gated={"d1"})
    async with check_many(service.client(), rows(5), concurrency=2) as results:
        early = [(await anext(results)).row for _ in range(4)]
        service.open()
        late = [result.row async for result in results]
    assert (early, late) == ([2, 3, 4, 5], [1])


async def test_leaving_the_block_stops_the_workers() -> None:
    """What is under way is cancelled, and nothing new is sent."""
    service = Service(gate=anyio.Event())
    async with check_many(service.client(), rows(100), concurrency=5):
        await anyio.wait_all_tasks_blocked()
    assert (len(service.devices), service.in_flight, service.cancelled) == (5, 0, 5)


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    """The caller's own exception is not wrapped into a group."""

    async def fail() -> None:
        async with check_many(Service().client(), rows(100)) as results:
            async for _ in results:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_a_time_out_around_the_block_is_sound() -> None:
    """Cancelling from outside stops the workers and leaves nothing running."""
    service = Service(gate=anyio.Event())
    with anyio.move_on_after(0) as scope:
        async with check_many(service.client(), rows(100), concurrency=5) as results:
            async for _ in results:
                pass
    assert scope.cancelled_caught
    assert service.in_flight == 0


@pytest.mark.parametrize(
    ("play", "error"), [(refusal("invalid_api_key", 401), InvalidApiKey), (SignatureError("forged"), SignatureError)]
)
async def test_refused_credentials_end_the_run(play: Play, error: type[Exception]) -> None:
    """No further row is sent, the rest is skipped, and the error is raised once every row has its result."""
    service = Service(plays={"d2": play})
    async with check_many(service.client(), rows(4), concurrency=1) as results:
        seen, raised = await drained(results)
    assert service.devices == ["d1", "d2"]
    assert [result.outcome for result in seen] == [Outcome.LICENSED, Outcome.ERROR, Outcome.SKIPPED, Outcome.SKIPPED]
    assert isinstance(raised, error)


async def test_an_answer_to_another_question_is_the_result_of_its_row() -> None:
    """A proxy that mixes up one device says nothing about the others, which are checked."""
    service = Service(plays={"d2": answer(body=bodies.feature(code="export"))})
    first, second, third = await results_of(service, rows(3))
    assert (second.outcome, second.code) == (Outcome.ERROR, "answer_mismatch")
    assert (first.outcome, third.outcome) == (Outcome.LICENSED, Outcome.LICENSED)


async def test_rows_under_way_are_finished_when_the_run_ends() -> None:
    """What was already sent keeps its true result."""
    service = Service(plays={"d1": refusal("invalid_api_key", 401)}, gate=anyio.Event(), gated={"d2"})
    async with check_many(service.client(), rows(4), concurrency=2) as results:
        early = [(await anext(results)).outcome for _ in range(3)]
        service.open()
        (last,), _ = await drained(results)
    assert early == [Outcome.ERROR, Outcome.SKIPPED, Outcome.SKIPPED]
    assert (last.row, last.outcome) == (2, Outcome.LICENSED)


async def test_a_skipped_row_says_why() -> None:
    """A skipped row names the row that ended the run."""
    service = Service(plays={"d1": refusal("invalid_api_key", 401)})
    async with check_many(service.client(), rows(2), concurrency=1) as results:
        (_, skipped), _ = await drained(results)
    assert (skipped.code, skipped.message) == ("aborted", "not checked: row 1 failed as every row would")


async def test_an_unreadable_row_is_an_error_even_when_the_run_has_ended() -> None:
    """A row that could never have been checked is not called skipped."""
    service = Service(plays={"d1": refusal("invalid_api_key", 401)})
    async with check_many(service.client(), [*rows(1), InvalidRow(row=2, reason="no")], concurrency=1) as results:
        (_, unreadable), _ = await drained(results)
    assert (unreadable.outcome, unreadable.code) == (Outcome.ERROR, "invalid_row")


async def test_an_error_of_the_input_is_raised_at_the_end() -> None:
    """What the rows themselves raise comes out as it is, after the results of the rows before it."""

    def broken() -> Iterator[Row]:
        yield from rows(3)
        raise ZeroDivisionError

    async with check_many(Service().client(), broken(), concurrency=2) as results:
        seen, raised = await drained(results)
    assert [result.row for result in seen] == [1, 2, 3]
    assert isinstance(raised, ZeroDivisionError)


async def test_iterating_without_the_block_gives_every_result() -> None:
    """The plain loop works as well, wave after wave."""
    service = Service()
    seen = [result.row async for result in check_many(service.client(), rows(50), concurrency=2)]
    assert sorted(seen) == list(range(1, 51))


async def test_nothing_runs_between_the_steps_of_the_plain_loop() -> None:
    """A plain loop can be left at any result, because no task outlives a step."""
    service = Service()
    async for _ in check_many(service.client(), rows(1000), concurrency=2):
        break
    assert service.in_flight == 0
    assert len(service.devices) == 16


async def test_the_plain_loop_raises_what_ended_the_run() -> None:
    """Refused credentials come out of a plain loop too, after every result."""
    service = Service(plays={"d1": refusal("invalid_api_key", 401)})
    seen, raised = await drained(check_many(service.client(), rows(30), concurrency=1))
    assert ([result.row for result in seen], service.devices) == (list(range(1, 31)), ["d1"])
    assert isinstance(raised, AuthorizationError)


async def test_what_is_no_client_or_no_rows_is_named() -> None:
    """An argument that cannot be used is an error of ours that names it, and not one of Python's."""
    wrong: Any
    for wrong in (None, BlockingLicenseSpring(api_key="a", shared_key="s")):
        with pytest.raises(ConfigurationError, match="client: must be a LicenseSpring object"):
            check_many(wrong, rows(1))
    for wrong in (None, 5):
        with pytest.raises(ConfigurationError, match="rows: must be an iterable or async iterable of rows, not"):
            check_many(Service().client(), wrong)


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5])
async def test_concurrency_is_a_positive_whole_number(concurrency: int) -> None:
    """Anything else is refused before a row is read."""
    with pytest.raises(ConfigurationError, match=r"^concurrency: "):
        check_many(Service().client(), rows(1), concurrency=concurrency)


async def test_a_run_is_entered_once() -> None:
    """A second `async with` over the same run is refused."""
    checks = check_many(Service().client(), rows(1))
    async with checks as results:
        assert len([result async for result in results]) == 1
    with pytest.raises(ConfigurationError, match="was entered before"):
        await checks.__aenter__()


async def test_results_end_with_their_block() -> None:
    """Asking for more after the block says what is wrong, instead of looking like the end."""
    async with check_many(Service().client(), rows(10)) as results:
        await anext(results)
    with pytest.raises(ConfigurationError, match="iterate inside it"):
        await anext(results)


async def test_two_readers_share_the_results() -> None:
    """Each result goes to one of the tasks that iterate, and both come to an end."""
    seen: list[int] = []
    async with check_many(Service().client(), rows(20), concurrency=2) as results:

        async def read() -> None:
            seen.extend([result.row async for result in results])

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            group.start_soon(read)
    assert sorted(seen) == list(range(1, 21))
