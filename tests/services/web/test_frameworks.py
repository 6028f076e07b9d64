"""What every framework's adapter does, in a real application of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest

from licensespring_async import ConfigurationError, ConnectionFailed
from licensespring_async.transport import HttpResponse

from ...fakes import answer, refusal
from ...transport import virtual
from .apps import APPS, Service, Story, a_litestar_app
from .asgi import Answer, Running, running

GOOD = {"x-device": "device-1", "x-key": "good"}
REFUSALS = [
    "license_not_found",
    "license_not_active",
    "license_expired",
    "device_not_found",
    "blacklisted",
    "floating_not_available",
]


def down() -> HttpResponse:
    raise ConnectionFailed("nobody is there")


TROUBLE: dict[str, Callable[[], HttpResponse]] = {
    "down": down,
    "limited": lambda: refusal("too_many", 429, retry_after="7"),
    "failing": lambda: refusal("internal_error", 500),
    "senseless": lambda: answer(body="not JSON"),
    "strange": lambda: refusal("a_code_of_tomorrow", 400),
}

# The gate decides, and its own tests flood it on both loops; here it is told by each framework who asks.
one_loop = pytest.mark.parametrize("backend", ["asyncio"])

Scenario = Callable[[Running, Service], Awaitable[None]]
Play = Callable[[Scenario], Story]


@pytest.fixture(params=APPS, ids=[each.__name__ for each in APPS])
def play(request: pytest.FixtureRequest, backend: str) -> Play:
    def run(scenario: Scenario) -> Story:
        story = Story()

        async def main() -> None:
            service = Service(plays=dict(TROUBLE))
            async with running(request.param(service, story)) as app:
                assert service.closed == 0
                await scenario(app, service)
            assert service.closed == 1

        virtual.run(backend, main)
        return story

    return run


def key(value: str) -> dict[str, str]:
    return {"x-device": "device-1", "x-key": value}


def test_a_licensed_device_is_let_through(play: Play) -> None:
    """Answers a licensed device, asks the service once, and opens the client around the app's own lifespan."""

    async def scenario(app: Running, service: Service) -> None:
        for source in (b"service", b"memory", b"memory"):
            reply = await app.get(headers=GOOD)
            assert reply.status == 200
            assert source in reply.body
        assert service.keys == ["good"]

    assert play(scenario).lines == ["started", "stopped"]


def test_every_refusal_is_the_same_answer(play: Play) -> None:
    """Whatever the reason, new or known, whatever the request lacks: one status, body, set of headers and time."""

    async def scenario(app: Running, service: Service) -> None:
        replies: list[Answer] = []
        for _ in range(2):  # from the service, then from memory
            replies += [await app.get(headers=key(each)) for each in REFUSALS]
        replies.append(await app.get())
        replies.append(await app.get(headers={"x-device": "device-1"}))
        replies.append(await app.get(headers={"x-device": "", "x-key": "good"}))
        assert len(service.keys) == len(REFUSALS)
        assert {(each.status, each.body, tuple(each.headers.items())) for each in replies} == {
            (403, replies[0].body, tuple(replies[0].headers.items()))
        }
        assert replies[0].body == b'{"detail":"not licensed"}'
        assert replies[0].headers["content-type"] == "application/json"
        assert replies[0].headers["cache-control"] == "no-store"
        assert [each.seconds for each in replies] == pytest.approx([0.5] * len(replies))

    play(scenario)


def test_undecided_is_another_answer(play: Play) -> None:
    """When nobody can say, it is 503 and says when to try again, and nothing of it is kept."""

    async def scenario(app: Running, service: Service) -> None:
        for trouble in ("down", "failing", "senseless", "strange", "limited"):
            reply = await app.get(headers=key(trouble))
            assert (reply.status, trouble) == (503, trouble)
            assert int(reply.headers["retry-after"]) == {"limited": 7}.get(trouble, 5)
            assert reply.body == b'{"detail":"The license could not be checked right now."}'
            assert reply.headers["content-type"] == "application/json"
        await anyio.sleep(7)
        assert (await app.get(headers=GOOD)).status == 200

    play(scenario)


@one_loop
def test_trying_keys_out_is_bounded(play: Play) -> None:
    """Many wrong keys at once cost the service as many calls as the gate allows; the others are 503."""

    async def scenario(app: Running, service: Service) -> None:
        replies: list[int] = []

        async def attempt(number: int) -> None:
            reply = await app.get(headers=key(f"wrong-{number}"))
            replies.append(reply.status)

        async with anyio.create_task_group() as callers:
            for number in range(250):
                callers.start_soon(attempt, number)
        assert len(service.keys) == 200
        assert sorted(set(replies)) == [403, 503]
        await anyio.sleep(1)
        assert (await app.get(headers=GOOD)).status == 200

    play(scenario)


@one_loop
def test_one_visitor_keeps_no_customer_out(play: Play) -> None:
    """While one address tries keys out, customers at others are answered."""

    async def scenario(app: Running, service: Service) -> None:
        statuses: list[int] = []

        async def customer(number: int, address: str) -> None:
            statuses.append((await app.get(headers=key(f"good-{number}"), client=address)).status)

        async with anyio.create_task_group() as callers:
            for number in range(25 * 16):  # 13 seconds of it use up what unknown keys may cost
                callers.start_soon(partial(app.get, headers=key(f"wrong-{number}"), client="10.0.0.1"))
                await anyio.sleep(1 / 25)
            async with anyio.create_task_group() as customers:
                for number in range(20):
                    customers.start_soon(customer, number, f"10.0.1.{number}")
        assert statuses == [200] * 20

    play(scenario)


@one_loop
def test_malformed_requests_cost_nobody_a_chance(play: Play) -> None:
    """Requests that could not even be asked for are the uniform 403, however many, and others are answered."""

    async def scenario(app: Running, service: Service) -> None:
        refused: list[int] = []

        async def attempt(number: int) -> None:
            refused.append((await app.get(headers={"x-device": "", "x-key": f"good-{number}"})).status)

        async with anyio.create_task_group() as callers:
            for number in range(250):  # more than unknown keys may cost
                callers.start_soon(attempt, number)
        assert set(refused) == {403}
        assert (await app.get(headers=GOOD)).status == 200
        assert service.keys == ["good"]

    play(scenario)


@pytest.mark.parametrize("make", APPS, ids=[each.__name__ for each in APPS])
def test_an_application_that_never_started_is_told(make: Any, backend: str) -> None:
    """An application without the lifespan fails loudly; nobody is let through."""

    async def main() -> None:
        app = Running(make(Service(), Story()))
        if make is a_litestar_app:  # it answers every error itself
            assert (await app.get(headers=GOOD)).status == 500
        else:
            with pytest.raises(ConfigurationError, match="lifespan"):
                await app.get(headers=GOOD)

    virtual.run(backend, main)
