"""A question that was not awaited is neither yes nor no."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import pytest
import trio

from licensespring_async.services import Decision, LicenseGate
from licensespring_async.services.web import Denial, Licensee, Licensing, Requirement
from licensespring_async.services.web.requirement import REFUSED
from licensespring_async.transport import HttpResponse

from ...fakes import ScriptedEngine, client
from .scenes import CHECK, NO, OK

LICENSEE = Licensee(hardware_id=CHECK.hardware_id, license_key=CHECK.license_key)
CONDITIONS: list[Callable[[Any], object]] = [
    bool,
    lambda asked: not asked,
    lambda asked: asked and "in",
    lambda asked: "in" if asked else "out",
    lambda asked: all([asked]),
    lambda asked: any([asked]),
]


def licensing(answer: HttpResponse) -> Licensing[None]:
    return Licensing(
        partial(client, ScriptedEngine([answer])), product="APP", licensee=lambda _: LICENSEE, refusal_seconds=0
    )


@pytest.mark.anyio
@pytest.mark.parametrize("condition", CONDITIONS)
async def test_a_question_is_no_condition(condition: Callable[[Any], object]) -> None:
    """Refuses to be true or false, says what to write instead, and sends nothing."""
    async with (opened := licensing(NO)) as gate:
        requirement = Requirement("render", opened)
        for asked, written in (
            (gate.allows(CHECK), "gate.allows(check)"),
            (requirement.decide(None), "requirement.decide(connection)"),
            (requirement.decide_for(LICENSEE), "requirement.decide_for(licensee)"),
        ):
            with pytest.raises(TypeError) as caught:
                condition(asked)
            assert str(caught.value) == f"{written} has no answer yet: await it, as in `if await {written}:`"


@pytest.mark.anyio
async def test_a_denial_is_no_yes() -> None:
    """Is false as a condition, as a decision of no is."""
    async with (opened := licensing(NO)):
        assert not await Requirement("render", opened).decide(None)
    assert not REFUSED
    assert not Denial(status=503, detail="later", headers={})


@pytest.mark.anyio
async def test_a_question_is_awaited_as_any_coroutine() -> None:
    """May be awaited at once, with a time-out, or in a task group, on both loops."""
    async with client(ScriptedEngine([OK])) as service, LicenseGate(service) as gate:
        assert await gate.allows(CHECK)
        with anyio.fail_after(1):
            assert await gate.allows(CHECK)
        async with anyio.create_task_group() as group:
            group.start_soon(gate.allows, CHECK)


def test_asyncio_takes_a_question() -> None:
    """Whatever asyncio waits for a coroutine with, it waits for a question with."""

    async def main() -> None:
        async with client(ScriptedEngine([OK])) as service, LicenseGate(service) as gate:

            def ask() -> Coroutine[Any, Any, Decision]:
                return gate.allows(CHECK)

            assert await asyncio.wait_for(ask(), 1)
            assert all(await asyncio.gather(ask(), ask()))
            assert await asyncio.create_task(ask())
            assert await asyncio.shield(ask())
            assert await asyncio.ensure_future(ask())
            async with asyncio.TaskGroup() as group:
                task = group.create_task(ask())
            assert task.result()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(slow(), 0.01)

    async def slow() -> Decision:
        async with client(ScriptedEngine([OK], seconds=10)) as service, LicenseGate(service) as gate:
            return await gate.allows(CHECK)

    asyncio.run(main())


def test_trio_takes_a_question() -> None:
    """A nursery starts it, and a cancelled one ends it."""

    async def main() -> None:
        async with (
            client(ScriptedEngine([OK], seconds=10)) as service,
            LicenseGate(service) as gate,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(gate.allows, CHECK)
            await trio.sleep(0.01)
            nursery.cancel_scope.cancel()

    trio.run(main)


@pytest.mark.anyio
async def test_a_question_that_nobody_asks_is_told() -> None:
    """Warns as a coroutine does that is thrown away."""
    async with client(ScriptedEngine([OK])) as service, LicenseGate(service) as gate:
        thrown_away = [gate.allows(CHECK)]
        with pytest.warns(RuntimeWarning, match="never awaited"):
            thrown_away.clear()
