"""Requests with keys that nobody has: the service is asked a bounded number of times."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import partial

import anyio
import attrs
import pytest

from licensespring_async import ConfigurationError
from licensespring_async.services import Decision, FeatureCheck, GateOverloaded, Grace, LicenseGate
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import refusal
from .scenes import CHECK, NO, OK, SECRET, Drawer, Player, Scene, keys


def test_an_enumeration_is_bounded(play: Player) -> None:
    """A thousand wrong keys cost as many calls as the burst allows, then end undecided; good answers stay."""

    async def scenario(scene: Scene) -> None:
        overloaded: list[float] = []

        async def ask(check: FeatureCheck) -> None:
            try:
                await gate.allows(check)
            except GateOverloaded as error:
                overloaded.append(error.retry_after)

        async with scene.gate(miss_burst=50, max_size=40) as gate:
            await gate.allows(CHECK)
            scene.service.answers = [NO]
            async with anyio.create_task_group() as callers:
                for check in keys(1000):
                    callers.start_soon(ask, check)
            assert (await gate.allows(CHECK)).source == "memory"
        assert len(scene.service.requests) == 51
        assert len(overloaded) == 950
        assert min(overloaded) > 0

    play(scenario)


def test_an_enumeration_is_bounded_the_second_time_too(play: Player) -> None:
    """Asking for refused keys again when their refusals have ended costs no more calls than new ones."""

    async def scenario(scene: Scene) -> None:
        async def ask(gate: LicenseGate, check: FeatureCheck) -> None:
            with suppress(GateOverloaded):
                await gate.allows(check)

        scene.service.answers = [NO]
        async with scene.gate(miss_burst=50, miss_rate=1, refused_ttl=10) as gate:
            for _ in range(10):
                async with anyio.create_task_group() as callers:
                    for check in keys(45):
                        callers.start_soon(ask, gate, check)
                await anyio.sleep(10)
        assert len(scene.service.requests) <= 50 + scene.clock.monotonic() + 1

    play(scenario)


def test_what_is_not_asked_costs_no_chance(play: Player) -> None:
    """A check that settings keep from being sent takes nothing from the unknown checks that may be refused."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(miss_burst=1, miss_rate=0.001) as gate:
            scene.service.answers = [ConfigurationError("no certificates are installed")]
            for check in keys(3):
                with pytest.raises(ConfigurationError):
                    await gate.allows(check)

    play(scenario)


async def wrong_keys(gate: LicenseGate, source: str | None, *, start: int, seconds: int, rate: int = 25) -> None:
    """Try so many new keys a second, each on its way before the last one is answered."""
    async with anyio.create_task_group() as callers:

        async def ask(check: FeatureCheck) -> None:
            with suppress(GateOverloaded):
                await gate.allows(check, source=source)

        for number in range(start, start + seconds * rate):
            callers.start_soon(ask, attrs.evolve(CHECK, license_key=f"wrong-{source}-{number}"))
            await anyio.sleep(1 / rate)


def by_key(request: HttpRequest) -> HttpResponse:
    return NO if "wrong" in request.url else OK


@pytest.mark.parametrize("sources", [["10.0.0.1"], [f"10.0.0.{n}" for n in range(8)]], ids=["one", "eight"])
def test_visitors_who_try_keys_out_keep_no_other_out(play: Player, sources: list[str]) -> None:
    """While they go on, a hundred customers who are in no memory are answered, each at once."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [by_key]
        decisions: list[Decision] = []

        async def customer(number: int) -> None:
            check = attrs.evolve(CHECK, license_key=f"good-{number}")
            decisions.append(await gate.allows(check, source=f"192.0.2.{number}"))

        async with scene.gate() as gate, anyio.create_task_group() as visitors:
            for source in sources:
                visitors.start_soon(partial(wrong_keys, gate, source, start=0, seconds=40))
            await anyio.sleep(25)
            async with anyio.create_task_group() as customers:
                for number in range(100):
                    customers.start_soon(customer, number)
        assert len(decisions) == 100
        assert all(decisions)
        # However many they are.
        assert len(scene.service.requests) <= 2 * 200 + 10 * 41 + 100

    play(scenario)


def test_a_source_of_its_own_is_bounded_as_all_are(play: Player) -> None:
    """One visitor costs what the burst and the rate allow, whatever the others do."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [NO]
        async with scene.gate(miss_burst=50, miss_rate=1) as gate:
            await wrong_keys(gate, "10.0.0.1", start=0, seconds=60)
        assert 50 <= len(scene.service.requests) <= 50 + 61

    play(scenario)


@pytest.mark.parametrize("store", [True, False], ids=["stored", "in memory"])
def test_there_is_room_for_the_known(play: Player, store: bool) -> None:
    """Who was allowed before is asked for from the flooded source itself, also when another process was told."""

    async def scenario(scene: Scene) -> None:
        drawer = Drawer()
        grace = Grace(hours=1, store=drawer, secret=SECRET) if store else None
        scene.service.answers = [by_key]
        async with scene.gate(grace=grace, ttl=60) as gate:
            assert await gate.allows(CHECK)
            await anyio.sleep(61)
            if not store:
                await wrong_keys(gate, "10.0.0.1", start=0, seconds=30)
                assert (await gate.allows(CHECK, source="10.0.0.1")).source == "service"
        if store:
            async with scene.gate(grace=grace, miss_rate=0.01) as gate:
                await wrong_keys(gate, "10.0.0.1", start=0, seconds=30)
                assert (await gate.allows(CHECK, source="10.0.0.1")).source == "service"
                with pytest.raises(GateOverloaded):
                    await gate.allows(attrs.evolve(CHECK, license_key="good-new"), source="10.0.0.1")

    play(scenario)


def test_a_store_that_hangs_keeps_a_flood_waiting_a_second_at_most(play: Player) -> None:
    """Looking for room ends, and the check is undecided."""

    class Hanging(Drawer):
        async def get(self, key: str) -> bytes | None:
            await anyio.sleep(1_000)
            return None

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [NO]
        async with scene.gate(
            miss_burst=1, miss_rate=0.01, grace=Grace(hours=1, store=Hanging(), secret=SECRET)
        ) as gate:
            first, second = keys(2)
            await gate.allows(first)
            began = anyio.current_time()
            with pytest.raises(GateOverloaded):
                await gate.allows(second)
            assert anyio.current_time() - began <= 1

    play(scenario)


def test_spellings_of_a_key_are_one_question(play: Player) -> None:
    """A thousand spellings of a good key cost one call and take one place: other answers stay in memory."""

    async def scenario(scene: Scene) -> None:
        spelled = random.Random(7)
        async with scene.gate(max_size=10) as gate:
            other = attrs.evolve(CHECK, license_key="another-key")
            await gate.allows(other)
            for _ in range(1_000):
                device, key = (
                    "".join(spelled.choice((c.upper(), c.lower())) for c in text) for text in ("Device-1", "Key-abcdef")
                )
                assert await gate.allows(attrs.evolve(CHECK, hardware_id=device, license_key=key))
            assert (await gate.allows(other)).source == "memory"
        assert len(scene.service.requests) == 2

    play(scenario)


@pytest.mark.parametrize(
    ("one", "other"),
    [("stra\N{LATIN SMALL LETTER SHARP S}e", "strasse"), ("key-k", "key-\N{KELVIN SIGN}"), ("key-é", "key-É")],
    ids=["sharp s", "Kelvin", "accent"],
)
def test_other_letters_are_other_keys(play: Player, one: str, other: str) -> None:
    """Only ASCII letters have two spellings: what the service tells apart is asked for apart."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate() as gate:
            for key in (one, other, one):
                await gate.allows(attrs.evolve(CHECK, license_key=key))
        assert len(scene.service.requests) == 2

    play(scenario)


REFUSALS = [
    *("license_not_found", "license_not_active", "license_expired", "device_not_found", "blacklisted"),
    *("floating_not_available", "unknown_product"),
]


def test_a_no_is_kept_as_long_whatever_its_reason(play: Player) -> None:
    """From memory, counted, and asked for again at the same times: none of it shows whether a key exists."""

    async def story(scene: Scene, code: str) -> list[object]:
        scene.service.answers = [refusal(code)]
        seen: list[object] = []
        async with scene.gate(miss_burst=3, miss_rate=0.001, refused_ttl=60) as gate:
            for _ in range(40):
                began = anyio.current_time()
                try:
                    decision = await gate.allows(CHECK, source="10.0.0.1")
                    seen.append((decision.source, decision.expires_at - decision.checked_at > 0))
                except GateOverloaded:
                    seen.append("overloaded")
                seen.append(round(anyio.current_time() - began, 3))
                await anyio.sleep(7)
        return seen

    async def scenario(scene: Scene) -> None:
        stories = [await story(scene, code) for code in REFUSALS]
        assert all(each == stories[0] for each in stories)
        assert "overloaded" in stories[0]

    play(scenario)


def test_a_known_license_that_is_refused_counts_as_any_other(play: Player) -> None:
    """A no takes a chance from its source, also after a yes."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(miss_burst=2, miss_rate=0.001, ttl=10) as gate:
            await gate.allows(CHECK, source="10.0.0.1")
            await anyio.sleep(11)
            scene.service.answers = [NO]
            for check in (CHECK, *keys(1)):
                assert not await gate.allows(check, source="10.0.0.1")
            with pytest.raises(GateOverloaded):
                await gate.allows(attrs.evolve(CHECK, license_key="third"), source="10.0.0.1")

    play(scenario)


def test_a_seat_that_comes_free_is_found(play: Player) -> None:
    """Where all seats were taken, asking after five seconds has the service asked beside the answer from memory."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [refusal("floating_not_available")]
        async with scene.gate() as gate:
            assert not await gate.allows(CHECK)
            scene.service.answers = [OK]
            await anyio.sleep(6)
            began = anyio.current_time()
            assert not await gate.allows(CHECK)
            assert anyio.current_time() == began
            await anyio.sleep(2)
            assert await gate.allows(CHECK)

    play(scenario)


@pytest.mark.parametrize("source", [1, b"10.0.0.1", ("10.0.0.1", 80)])
def test_a_source_is_text(play: Player, source: object) -> None:
    """Refuses to count by what is no text, and says so."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate() as gate:
            with pytest.raises(ConfigurationError, match="source: must be a string or None"):
                await gate.allows(CHECK, source=source)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    play(scenario)
