"""Decisions from memory: how long an answer is kept, renewed ahead, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import attrs
import pytest

from licensespring_async import ApiError, ConnectionFailed, LicenseSpringError
from licensespring_async.services import Decision, LicenseGate
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import FEATURE, answer, client, http_date, parameter
from ...unit import bodies
from ...unit.keys import Signer
from .scenes import CHECK, DOWN, NO, OK, Player, Scene, keys


def test_answers_from_memory(play: Player) -> None:
    """Asks the service once, then answers from memory until the time to live is over."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100, refresh_ahead=1) as gate:
            assert [(await gate.allows(CHECK)).source for _ in range(3)] == ["service", "memory", "memory"]
            await anyio.sleep(100)
            assert (await gate.allows(CHECK)).source == "service"
        assert len(scene.service.requests) == 2

    play(scenario)


def test_one_question_for_all(play: Player) -> None:
    """Asks once for a hundred who want to know, and goes on when the first of them is cancelled."""

    async def scenario(scene: Scene) -> None:
        decisions: list[Decision] = []

        async def ask() -> None:
            decisions.append(await gate.allows(CHECK))

        async with scene.gate() as gate, anyio.create_task_group() as callers:
            with anyio.move_on_after(0.5):
                callers.start_soon(anyio.sleep, 0)
                await gate.allows(CHECK)
            for _ in range(100):
                callers.start_soon(ask)
        assert len(decisions) == 100
        assert all(decisions)
        assert len(scene.service.requests) == 1

    play(scenario)


def test_refreshes_ahead(play: Player) -> None:
    """Answers at once from memory near the end of an answer's life, and renews it in the background."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100) as gate:
            await gate.allows(CHECK)
            await anyio.sleep(85)
            before = anyio.current_time()
            assert (await gate.allows(CHECK)).source == "memory"
            assert anyio.current_time() == before
            await anyio.sleep(50)
            assert (await gate.allows(CHECK)).source == "memory"
        assert len(scene.service.requests) == 2

    play(scenario)


def test_a_failed_renewal_is_left_alone(play: Player) -> None:
    """Asks a failing service once in a while, not for each request near the end of an answer's life."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100) as gate:
            await gate.allows(CHECK)
            scene.service.answers = [DOWN]
            await anyio.sleep(80)
            for _ in range(40):
                assert (await gate.allows(CHECK)).source == "memory"
                await anyio.sleep(0.25)
        assert len(scene.service.requests) <= 1 + 3

    play(scenario)


def test_jitter_shortens_a_life(play: Player) -> None:
    """Takes a random part off the time to live."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100, jitter=0.5, random=lambda: 1.0) as gate:
            decision = await gate.allows(CHECK)
            assert decision.expires_at - decision.checked_at == pytest.approx(50)

    play(scenario)


def test_remembers_a_no(play: Player) -> None:
    """Keeps a refusal for its own time, falsy and with its code."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [NO]
        async with scene.gate(refused_ttl=10) as gate:
            first, second = await gate.allows(CHECK), await gate.allows(CHECK)
            assert (bool(first), first.code, second.source) == (False, "license_not_found", "memory")
            await anyio.sleep(10)
            assert (await gate.allows(CHECK)).source == "service"

    play(scenario)


@pytest.mark.parametrize("failure", [DOWN, answer(500, "")], ids=["unreachable", "http_500"])
def test_errors_are_not_kept(play: Player, failure: HttpResponse | LicenseSpringError) -> None:
    """Raises an error without grace, and asks again for the next caller."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [failure]
        async with scene.gate() as gate:
            with pytest.raises((ConnectionFailed, ApiError)):
                await gate.allows(CHECK)
            scene.service.answers = [OK]
            assert await gate.allows(CHECK)

    play(scenario)


def test_a_features_end_is_honoured(play: Player) -> None:
    """Keeps no answer past the expiry of the feature."""

    async def scenario(scene: Scene) -> None:
        end = datetime.fromtimestamp(scene.clock.time() + 31, UTC).isoformat()
        scene.service.answers = [answer(body={**FEATURE, "expiry_date": end})]
        async with scene.gate(ttl=1000) as gate:
            decision = await gate.allows(CHECK)
            assert decision.expires_at - decision.checked_at == pytest.approx(30, abs=1)
            await anyio.sleep(31)
            later = await gate.allows(CHECK)
            assert (bool(later), later.code) == (False, "feature_expired")

    play(scenario)


def test_a_feature_ends_by_the_later_clock(play: Player) -> None:
    """Believes the service's proved time over a local clock that is behind it."""

    async def scenario(scene: Scene) -> None:
        ahead = scene.clock.time() + 600
        body = {**FEATURE, "expiry_date": datetime.fromtimestamp(ahead - 300, UTC).isoformat()}
        raw = bodies.encoded(body)
        signer = Signer()
        scene.service.answers = [answer(200, raw, date=http_date(ahead), **signer.headers(raw))]
        trusting = client(scene.service, scene.clock, public_key=signer.public_key, verify_signatures=True)
        async with LicenseGate(trusting, clock=scene.clock) as gate:
            decision = await gate.allows(CHECK)
            assert (bool(decision), decision.code) == (False, "feature_expired")

    play(scenario)


def test_an_answer_sets_a_clock_that_was_ahead_right(play: Player) -> None:
    """Allows again after a clock that was ahead for a while, once the service has said the time."""

    async def scenario(scene: Scene) -> None:
        start = scene.clock.time()
        raw = bodies.encoded({**FEATURE, "expiry_date": datetime.fromtimestamp(start + 86400, UTC).isoformat()})
        signer = Signer()
        scene.service.answers = [answer(200, raw, date=http_date(start), **signer.headers(raw))]
        trusting = client(scene.service, scene.clock, public_key=signer.public_key, verify_signatures=True)
        ahead = 10 * 365 * 86400.0
        clock = attrs.evolve(scene.clock, time=lambda: scene.clock.time() + ahead)
        async with LicenseGate(trusting, clock=clock) as gate:
            assert (await gate.allows(CHECK)).code == "feature_expired"
            ahead = 0.0
            await anyio.sleep(61)
            assert (await gate.allows(CHECK)).code == "ok"

    play(scenario)


def floating(minutes: int) -> HttpResponse:
    return answer(body={**FEATURE, "is_floating_cloud": True, "floating_timeout": minutes})


def test_a_floating_slot_is_renewed(play: Player) -> None:
    """Keeps a floating answer for a part of the floating time-out, and says that it floats."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [floating(minutes=2)]
        async with scene.gate(ttl=1000, floating_part=0.5) as gate:
            decision = await gate.allows(CHECK)
            assert decision.floating
            assert decision.expires_at - decision.checked_at == pytest.approx(60)

    play(scenario)


def test_a_slot_without_a_time_out_is_kept_briefly(play: Player) -> None:
    """Keeps a floating answer that names no time-out as if it were the shortest, one minute."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [answer(body={**FEATURE, "is_floating_cloud": True})]
        async with scene.gate(ttl=1000) as gate:
            decision = await gate.allows(CHECK)
            assert decision.expires_at - decision.checked_at == pytest.approx(30)

    play(scenario)


def test_an_unexpected_error_is_told_to_those_who_wait(play: Player) -> None:
    """Raises it to everybody who waits for that answer, and goes on answering others."""

    def respond(request: HttpRequest) -> HttpResponse | KeyError:
        return KeyError("bug") if parameter(request, "license_key") == "bug" else OK

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [respond]
        told: list[KeyError] = []

        async def ask(gate: LicenseGate) -> None:
            try:
                await gate.allows(attrs.evolve(CHECK, license_key="bug"))
            except KeyError as error:
                told.append(error)

        async with scene.gate() as gate:
            async with anyio.create_task_group() as callers:
                callers.start_soon(ask, gate)
                callers.start_soon(ask, gate)
                assert await gate.allows(CHECK)
            assert await gate.allows(attrs.evolve(CHECK, license_key="another"))
        assert len(told) == 2

    play(scenario)


def test_size_is_bounded(play: Player) -> None:
    """Forgets the least recently used answer first."""

    async def scenario(scene: Scene) -> None:
        a, b, c = keys(3)
        async with scene.gate(max_size=2) as gate:
            for check in (a, b, a, c):
                await gate.allows(check)
            assert (await gate.allows(a)).source == "memory"
            assert (await gate.allows(b)).source == "service"

    play(scenario)
